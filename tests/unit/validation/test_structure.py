"""https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/datatypes.html: right structure."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_server.fhir.definitions import Definitions, load
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Resource
from fhir_server.validation.structure import MOST_ISSUES, check
from tests.probes import RIGHT, WRONG, a_patient

SYNTHEA = Path(__file__).parents[4] / "shared" / "data" / "synthea-r4-48-patients.tar.xz"


@pytest.fixture(scope="module")
def r4() -> Definitions:
    return load()


def faults(resource: Resource) -> list[tuple[str, str | None]]:
    """Check the resource as it would come over the wire."""
    return [(issue.code, issue.expression) for issue in check(decode(encode(resource)), load())]


@pytest.mark.parametrize("resource", RIGHT.values(), ids=RIGHT.keys())
def test_right_structure_has_no_faults(resource: Resource) -> None:
    assert faults(resource) == []


@pytest.mark.parametrize(("resource", "code", "expression"), WRONG.values(), ids=WRONG.keys())
def test_a_fault_is_found_and_named(resource: Resource, code: str, expression: str) -> None:
    found = faults(resource)

    assert len(found) == 1, found
    assert found[0][0] == code
    assert found[0][1] is not None
    assert found[0][1].startswith(expression)


def test_every_fault_is_reported_in_one_answer() -> None:
    found = faults(
        a_patient(active="yes", banana=1, name=[{"given": ["", "B"], "use": "never"}], link=[{}])
    )

    assert {expression for _, expression in found} == {
        "Patient.active",
        "Patient.banana",
        "Patient.name[0].given[0]",
        "Patient.name[0].use",
        "Patient.link[0]",
        "Patient.link[0].other",
        "Patient.link[0].type",
    }


def test_a_message_does_not_repeat_the_value(r4: Definitions) -> None:
    resource = a_patient(
        birthDate="canary",
        gender="canary",
        name=[{"given": [{"canary": 1}]}],
        photo=[{"data": "canary"}],
    )
    issues = check(resource, r4)

    assert len(issues) == 4
    assert "canary" not in "".join(issue.diagnostics for issue in issues)


def test_a_long_key_is_cut_in_the_answer(r4: Definitions) -> None:
    (issue,) = check(a_patient(**{"x" * 10_000: 1}), r4)

    assert len(issue.diagnostics) < 200
    assert issue.expression is not None
    assert len(issue.expression) < 200


def test_more_faults_than_can_be_told_are_counted(r4: Definitions) -> None:
    issues = check(a_patient(name=[{}] * (MOST_ISSUES + 5)), r4)

    assert len(issues) == MOST_ISSUES + 1
    assert issues[-1] == Issue(
        severity="information", code="informational", diagnostics="There are 5 more faults."
    )


def test_a_checked_resource_is_not_changed(r4: Definitions) -> None:
    resource = a_patient(name=[{"given": [None]}], banana=[])
    before = encode(resource)

    check(resource, r4)

    assert encode(resource) == before


def entries_of(archive: Path) -> Iterator[Resource]:
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.name.endswith(".json") else None
            for entry in decode(file.read())["entry"] if file else ():
                yield entry["resource"]


def test_all_resources_of_a_real_generator_are_right(r4: Definitions) -> None:
    if not SYNTHEA.exists():
        pytest.skip("the Synthea archive is not beside the checkout (../shared/data)")

    count = 0
    for resource in entries_of(SYNTHEA):
        assert check(resource, r4) == ()
        count += 1

    assert count == 15_423


@pytest.mark.spec("narrative.html", "SHALL")
@pytest.mark.parametrize(
    ("content", "code"),
    [("x<script>y</script>", "invariant"), (" ", "invariant"), ("&nbsp;", "structure")],
)
def test_a_narrative_that_breaks_its_rules_is_found(content: str, code: str) -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{content}</div>'
    contained = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}

    (issue,) = check({"resourceType": "Patient", "contained": [contained]}, load())

    assert (issue.code, issue.expression) == (code, "Patient.contained[0].text.div")
