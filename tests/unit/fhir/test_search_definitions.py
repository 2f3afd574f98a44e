"""A SearchParameter becomes a definition for each of its bases."""

import pytest

from fhir_server.fhir.search_definitions import expression_of, parameter


def test_branches_of_other_bases_are_dropped() -> None:
    union = "Patient.name | (Person.name as HumanName) | Resource.id"

    assert expression_of("Person", union, ["Patient", "Person"]) == (
        "(Person.name as HumanName) | Resource.id"
    )


@pytest.mark.parametrize(
    "branch",
    ["(A.x | A.y).z", "A.where(x = 'a|b')", r"A.where(x = 'a\'|b')", "A.x.union(B.x | C.x)"],
)
def test_a_union_inside_of_parentheses_or_quotes_is_one_branch(branch: str) -> None:
    assert expression_of("A", f"{branch} | B.x", ["A", "B"]) == branch


def test_an_expression_without_a_branch_for_its_base_gives_nothing() -> None:
    source = {"code": "x", "type": "token", "url": "u", "base": ["A", "B"], "expression": "B.x"}
    assert expression_of("A", "B.x", ["A", "B"]) == ""
    assert parameter(source, "A") is None
    assert parameter(source, "B") is not None
