"""https://hl7.org/fhirpath/N1/grammar.html ."""

import pytest

from fhir_server.fhirpath.ast import Call, Index, Literal, Member, Operation, TypeTest
from fhir_server.fhirpath.parse import FhirPathError, parse


def test_path_is_read_from_the_left() -> None:
    inner = Member(of=Member(of=None, name="Encounter"), name="period")

    assert parse("Encounter.period.start") == Member(of=inner, name="start")


def test_dot_binds_tighter_than_as_and_as_tighter_than_union() -> None:
    a = TypeTest(operator="as", of=Member(of=Member(of=None, name="a"), name="b"), type="Quantity")

    assert parse("a.b as Quantity | c") == Operation(
        operator="|", left=a, right=Member(of=None, name="c")
    )


def test_equality_binds_tighter_than_and() -> None:
    found = parse("a != false and b = 'x'")

    assert found == Operation(
        operator="and",
        left=Operation(operator="!=", left=Member(of=None, name="a"), right=Literal(value=False)),
        right=Operation(operator="=", left=Member(of=None, name="b"), right=Literal(value="x")),
    )


def test_parentheses_index_and_calls() -> None:
    found = parse("(a | b)[1].where(`c` = 'it\\'s').first()")

    union = Operation(operator="|", left=Member(of=None, name="a"), right=Member(of=None, name="b"))
    condition = Operation(operator="=", left=Member(of=None, name="c"), right=Literal(value="it's"))
    where = Call(of=Index(of=union, position=1), function="where", arguments=(condition,))
    assert found == Call(of=where, function="first", arguments=())


def test_qualified_type_name_loses_its_namespace() -> None:
    assert parse("a as FHIR.string") == parse("a as string")


@pytest.mark.parametrize(
    "text",
    ["", "a.", "a b", "a..b", "(a", "a[b]", "a ~ b", "'open", "a.f(", "a.f(b c)", "1.2", "%x"],
)
def test_what_is_not_in_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(FhirPathError):
        parse(text)
