"""FHIRPath: parse ∘ unparse, the logic tables, boundaries, and limits that hold.

https://hl7.org/fhirpath/N1/
"""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.definitions import load
from fhir_server.fhirpath import quantity, temporal
from fhir_server.fhirpath.ast import (
    Call,
    Empty,
    Index,
    Literal,
    Member,
    Node,
    Operation,
    Polarity,
    Special,
    TypeTest,
    Variable,
)
from fhir_server.fhirpath.equality import equal, key
from fhir_server.fhirpath.errors import FhirPathError, FhirPathLimitError
from fhir_server.fhirpath.evaluation import NO_PORTS, Frame, Run
from fhir_server.fhirpath.expression import FUNCTIONS, expression
from fhir_server.fhirpath.functions.boundaries import decimal_boundary, temporal_boundary
from fhir_server.fhirpath.item import system_item, value_of
from fhir_server.fhirpath.model import model_of
from fhir_server.fhirpath.parse import PRECEDENCE, parse
from fhir_server.fhirpath.quantity import Quantity
from fhir_server.fhirpath.regex import matches
from fhir_server.fhirpath.temporal import Temporal
from fhir_server.fhirpath.unparse import unparse

MODEL = model_of(load())
PATIENT = {
    "resourceType": "Patient",
    "name": [{"given": ["Ada", "B"], "family": "L"}, {"given": ["C"]}],
    "birthDate": "1974-12-25",
    "telecom": [{"rank": 1}, {"rank": 2}],
}

Truth = bool | None
TRUTHS: list[Truth] = [True, False, None]
texts = st.text(max_size=8)
names = st.sampled_from(
    ["name", "given", "contains", "day", "true", "a b", "$", "é", "`", "Patient"]
)
decimals = st.decimals(
    min_value=0, max_value=10**12, allow_nan=False, allow_infinity=False, places=4
) | st.sampled_from([Decimal(text) for text in ("0", "0.0", "1", "1.50", "0.0034", "120")])
signed = st.builds(lambda value, minus: -value if minus else value, decimals, st.booleans())
units = st.sampled_from(["1", "mg", "g", "kg", "day", "days", "d", "year", "a", "{x}", "no'unit"])


def free(_: int) -> None:
    """Count no steps."""


@st.composite
def temporals(draw: st.DrawFn) -> Temporal:
    kind = draw(st.sampled_from(["Date", "DateTime", "Time"]))
    parts: list[int | Decimal] = [
        draw(st.integers(1, 9999)),
        draw(st.integers(1, 12)),
        draw(st.integers(1, 28)),
        draw(st.integers(0, 23)),
        draw(st.integers(0, 59)),
        draw(st.decimals(0, 59, places=draw(st.sampled_from([0, 1, 3])))),
    ]
    longest = {"Date": 3, "DateTime": 6, "Time": 3}[kind]
    length = draw(st.integers(1, longest))
    if kind == "Time":
        return Temporal(kind=kind, parts=tuple(parts[3:])[:length])
    timed = kind == "DateTime" and length > temporal.HOUR
    offset = draw(st.none() | st.integers(-12 * 60, 14 * 60)) if timed else None
    return Temporal(kind=kind, parts=tuple(parts[:length]), offset=offset)


quantities = st.builds(lambda value, unit: Quantity(value=value, unit=unit), decimals, units)
literals: st.SearchStrategy[Node] = st.builds(
    lambda value: Literal(value=value),
    st.booleans()
    | st.integers(0, 2**31 - 1)
    | texts
    | decimals.filter(lambda value: isinstance(value.as_tuple().exponent, int)).map(
        lambda value: value if "." in str(value) else value.quantize(Decimal("0.0"))
    )
    | temporals()
    | quantities,
)
leaves: st.SearchStrategy[Node] = (
    literals
    | st.just(Empty())
    | st.sampled_from([Special(name=name) for name in ("$this", "$index", "$total")])
    | st.builds(lambda name: Variable(name=name), names)
    | st.builds(lambda name: Member(of=None, name=name), names)
)


def grown(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    arguments = st.lists(nodes, max_size=2).map(tuple)
    types = st.sampled_from(["Patient", "System.String", "FHIR.string", "Boolean"])
    return st.one_of(
        st.builds(lambda of, name: Member(of=of, name=name), nodes, names),
        st.builds(
            lambda of, name, found: Call(of=of, function=name, arguments=found),
            st.none() | nodes,
            st.sampled_from(sorted(FUNCTIONS)) | names,
            arguments,
        ),
        st.builds(lambda of, at: Index(of=of, position=at), nodes, nodes),
        st.builds(
            lambda operator, of, kind: TypeTest(operator=operator, of=of, type=kind),
            st.sampled_from(["is", "as"]),
            nodes,
            types,
        ),
        st.builds(
            lambda sign, of: Polarity(operator=sign, of=of), st.sampled_from(["+", "-"]), nodes
        ),
        st.builds(
            lambda operator, left, right: Operation(operator=operator, left=left, right=right),
            st.sampled_from(sorted(PRECEDENCE.keys() - {"is", "as"})),
            nodes,
            nodes,
        ),
    )


nodes = st.recursive(leaves, grown, max_leaves=12)


@given(nodes)
def test_parsing_a_text_gives_the_tree_that_it_was_made_of(node: Node) -> None:
    assert parse(unparse(node)) == node


@pytest.mark.parametrize("inner", sorted(PRECEDENCE.keys() - {"is", "as"}))
@pytest.mark.parametrize("outer", sorted(PRECEDENCE.keys() - {"is", "as"}))
def test_nesting_of_any_two_operators_is_kept(outer: str, inner: str) -> None:
    name = Member(of=None, name="a")
    nested = Operation(operator=inner, left=name, right=name)
    trees = [
        Operation(operator=outer, left=nested, right=name),
        Operation(operator=outer, left=name, right=nested),
        Operation(operator=outer, left=Polarity(operator="-", of=nested), right=name),
    ]

    assert [parse(unparse(tree)) for tree in trees] == trees


@given(nodes, st.integers(0, 2000))
def test_any_expression_ends_within_its_steps(node: Node, steps: int) -> None:
    try:
        found = expression(unparse(node), MODEL).evaluate(PATIENT, steps=steps)
    except FhirPathError:
        return
    assert len(found) <= steps + 10


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse(text)
    except FhirPathError as error:
        assert str(error)  # noqa: PT017 - either is right


def conjunction(one: Truth, other: Truth) -> Truth:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def negation(one: Truth) -> Truth:
    return None if one is None else not one


def disjunction(one: Truth, other: Truth) -> Truth:
    return negation(conjunction(negation(one), negation(other)))


TABLES: dict[str, Callable[[Truth, Truth], Truth]] = {
    "and": conjunction,
    "or": disjunction,
    "implies": lambda one, other: disjunction(negation(one), other),
    "xor": lambda one, other: None if one is None or other is None else one is not other,
}


@pytest.mark.parametrize("operator", TABLES)
@pytest.mark.parametrize("one", TRUTHS)
@pytest.mark.parametrize("other", TRUTHS)
def test_logic_is_that_of_kleene(operator: str, one: Truth, other: Truth) -> None:
    written = {True: "true", False: "false", None: "{}"}
    text = f"{written[one]} {operator} {written[other]}"

    found = expression(text, MODEL).evaluate(PATIENT)

    assert (value_of(found[0]) if found else None) is TABLES[operator](one, other)


@given(signed)
def test_decimal_lies_between_its_boundaries(value: Decimal) -> None:
    low = decimal_boundary(value, None, high=False)
    high = decimal_boundary(value, None, high=True)

    assert low is not None
    assert high is not None
    assert low < value < high


@given(signed, st.integers(0, 28))
def test_decimal_boundary_has_the_precision_asked_for(value: Decimal, places: int) -> None:
    low = decimal_boundary(value, places, high=False)
    high = decimal_boundary(value, places, high=True)

    assert low is not None
    assert high is not None
    assert low.as_tuple().exponent == high.as_tuple().exponent == -places
    assert low <= high


@given(temporals())
def test_date_or_time_lies_between_its_boundaries(value: Temporal) -> None:
    low = temporal_boundary(value, None, high=False)
    high = temporal_boundary(value, None, high=True)

    assert low is not None
    assert high is not None
    assert temporal.compare(low, high) in {-1, 0}
    assert temporal.compare(low, value) != 1
    assert temporal.compare(high, value) != -1


@given(temporals(), temporals())
def test_order_of_dates_turns_round(one: Temporal, other: Temporal) -> None:
    if (one.kind == "Time") is not (other.kind == "Time"):
        return
    there, back = temporal.compare(one, other), temporal.compare(other, one)

    assert there == (None if back is None else -back)


@given(temporals())
def test_written_date_is_read_as_the_same(value: Temporal) -> None:
    read = {
        "Date": temporal.parse_date,
        "DateTime": temporal.parse_datetime,
        "Time": temporal.parse_time,
    }[value.kind]

    assert read(str(value)) == value


@given(quantities, quantities)
def test_order_of_quantities_turns_round(one: Quantity, other: Quantity) -> None:
    there, back = quantity.compare(one, other), quantity.compare(other, one)

    assert there == (None if back is None else -back)
    assert quantity.equivalent(one, other) is quantity.equivalent(other, one)


values = temporals() | quantities | signed | texts | st.booleans() | st.integers(-5, 5)


@given(values, values)
def test_equal_values_have_one_key(one: Temporal | Quantity, other: Temporal | Quantity) -> None:
    left, right = system_item(one), system_item(other)

    assert (equal([left], [right], free) is True) is (key(left, free) == key(right, free))


@given(
    st.text(alphabet="ab", max_size=12), st.sampled_from(["a+b", "(a|b)*b", "a{2,3}", "^b?a$", ""])
)
def test_patterns_match_as_in_python(text: str, pattern: str) -> None:
    assert matches(pattern, text, whole=False, spend=free) is bool(re.search(pattern, text))
    assert matches(pattern, text, whole=True, spend=free) is bool(re.fullmatch(pattern, text))


def test_spending_more_than_there_is_fails() -> None:
    run = Run(MODEL, NO_PORTS, {}, 1)
    Frame(run, []).run.spend(1)

    with pytest.raises(FhirPathLimitError):
        run.spend(1)
