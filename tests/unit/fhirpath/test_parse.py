"""https://hl7.org/fhirpath/N1/grammar.html ."""

from decimal import Decimal

import pytest

from fhir_server.fhirpath.ast import (
    Call,
    Empty,
    Index,
    Literal,
    Member,
    Operation,
    Polarity,
    Special,
    TypeTest,
    Variable,
)
from fhir_server.fhirpath.errors import FhirPathLimitError, FhirPathSyntaxError
from fhir_server.fhirpath.parse import parse
from fhir_server.fhirpath.quantity import Quantity
from fhir_server.fhirpath.temporal import Temporal


def name(text: str) -> Member:
    return Member(of=None, name=text)


def test_path_is_read_from_the_left() -> None:
    inner = Member(of=name("Encounter"), name="period")

    assert parse("Encounter.period.start") == Member(of=inner, name="start")


def test_dot_binds_tighter_than_as_and_as_tighter_than_union() -> None:
    a = TypeTest(operator="as", of=Member(of=name("a"), name="b"), type="Quantity")

    assert parse("a.b as Quantity | c") == Operation(operator="|", left=a, right=name("c"))


def test_equality_binds_tighter_than_and() -> None:
    found = parse("a != false and b = 'x'")

    assert found == Operation(
        operator="and",
        left=Operation(operator="!=", left=name("a"), right=Literal(value=False)),
        right=Operation(operator="=", left=name("b"), right=Literal(value="x")),
    )


def test_parentheses_index_and_calls() -> None:
    found = parse("(a | b)[1].where(`c` = 'it\\'s').first()")

    union = Operation(operator="|", left=name("a"), right=name("b"))
    condition = Operation(operator="=", left=name("c"), right=Literal(value="it's"))
    element = Index(of=union, position=Literal(value=1))
    where = Call(of=element, function="where", arguments=(condition,))
    assert found == Call(of=where, function="first", arguments=())


def test_type_name_keeps_its_namespace() -> None:
    assert parse("a is System.String") == TypeTest(
        operator="is", of=name("a"), type="System.String"
    )


def test_minus_binds_looser_than_an_invocation() -> None:
    call = Call(of=Literal(value=1), function="abs", arguments=())

    assert parse("-1.abs()") == Polarity(operator="-", of=call)


def test_operators_of_one_level_are_taken_from_the_left() -> None:
    first = Operation(operator="-", left=name("a"), right=name("b"))

    assert parse("a - b - c") == Operation(operator="-", left=first, right=name("c"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a\\n\\u0041\\'\\\\'", "a\nA'\\"),
        ("true", True),
        ("42", 42),
        ("1.50", Decimal("1.50")),
        ("4 days", Quantity(value=Decimal(4), unit="days")),
        ("1.5 'mg/dL'", Quantity(value=Decimal("1.5"), unit="mg/dL")),
        ("@2026", Temporal(kind="Date", parts=(2026,))),
        ("@2026T", Temporal(kind="DateTime", parts=(2026,))),
        ("@2026-03-04", Temporal(kind="Date", parts=(2026, 3, 4))),
        (
            "@2026-03-04T05:06-07:30",
            Temporal(kind="DateTime", parts=(2026, 3, 4, 5, 6), offset=-450),
        ),
        ("@T05:06:07.80", Temporal(kind="Time", parts=(5, 6, Decimal("7.80")))),
    ],
)
def test_literals(text: str, value: str | bool | Decimal | Temporal | Quantity) -> None:  # noqa: FBT001 - a parameter of the test
    assert parse(text) == Literal(value=value)


def test_special_names_and_variables() -> None:
    assert parse("$this") == Special(name="$this")
    assert parse("%resource") == Variable(name="resource")
    assert parse("%`vs-x`") == Variable(name="vs-x")
    assert parse("{}") == Empty()


def test_operators_are_names_where_a_name_belongs() -> None:
    assert parse("contains.as") == Member(of=name("contains"), name="as")


def test_comments_are_passed_over() -> None:
    assert parse("a // one\n /* two\n */ . b") == Member(of=name("a"), name="b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.",
        "a b",
        "a..b",
        "(a",
        "a[b",
        "'open",
        "a.f(",
        "a.f(b c)",
        "a.f(,)",
        "1.",
        "%",
        "a.$this",
        "{a}",
        "a /* open",
        "@2026-13-01",
        "@2026-02-30",
        "@2026T10:00",
        "@T24",
        "3000000000",
        "a ! b",
        "a as 'x'",
    ],
)
def test_what_is_not_in_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(FhirPathSyntaxError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "a" + ")" * 5000,
        "-" * 5000 + "1",
        "a" + ".a" * 5000,
        "a" + "[0]" * 5000,
        " or ".join(["a"] * 5000),
        "f(" * 5000 + "a" + ")" * 5000,
        "a" * 40_000,
    ],
)
def test_what_is_too_long_or_too_deep_is_refused(text: str) -> None:
    with pytest.raises(FhirPathLimitError):
        parse(text)
