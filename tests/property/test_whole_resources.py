"""A resource is judged the same wherever it stands, and references lead where their text says."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fhir_server.fhir.outcome import Issue
from fhir_server.validation.profile.report import Options
from fhir_server.validation.resolution import Entries, FullUrl
from tests.property.test_fuzz_validator import validator
from tests.strategies.faults import Faulty, faulty

if TYPE_CHECKING:
    from fhir_server.fhir.resource import Resource

QUIET = Options(best_practice=None)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
Told = set[tuple[str, str | None, str | None]]


def told(issues: tuple[Issue, ...], prefix: str) -> Told:
    """Return severity, rule and place of the issues below `prefix`, as seen from there."""
    return {
        (
            issue.severity,
            issue.rule,
            (issue.expression or "").removeprefix(prefix).partition(".")[2],
        )
        for issue in issues
        if (issue.expression or "").startswith(prefix)
    }


@few
@given(faulty())
def test_a_resource_has_the_same_issues_alone_and_as_a_parameter(found: Faulty) -> None:
    resource = found.resource
    assume(validator().engine.model.is_a(str(resource.get("resourceType")), "Resource"))
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "x", "resource": resource}],
    }

    alone = validator().validate(resource, options=QUIET)
    inside = validator().validate(parameters, options=QUIET)

    prefix = "Parameters.parameter[0].resource"
    assert told(inside, prefix) == told(alone, "")


ROOTS = st.sampled_from(["http://a.org/fhir/", "http://a.org/other/", "https://b.org/"])
NAMES = st.sampled_from(["Patient/1", "Patient/2", "Group/1"])
VERSIONS = st.sampled_from(["", "1", "2"])
PLACES = st.lists(st.tuples(ROOTS, NAMES, VERSIONS), min_size=1, max_size=6)


@given(PLACES, NAMES, VERSIONS, st.booleans())
def test_a_relative_reference_leads_to_what_has_its_url(
    places: list[tuple[str, str, str]], name: str, version: str, absolute: object
) -> None:
    entries: list[Resource] = [
        {
            "fullUrl": root + place,
            "resource": {
                "resourceType": place.partition("/")[0],
                "id": place.partition("/")[2],
                "meta": {"versionId": found},
            },
        }
        for root, place, found in places
    ]
    bundle = {"resourceType": "Bundle", "type": "history", "entry": entries}
    (source_root, _, _), *_ = places
    text = (source_root if absolute else "") + name + (f"/_history/{version}" if version else "")

    found = Entries(validator().engine.tree.root(bundle)).find(text, FullUrl.of(entries[0]))

    assert [node.value for node in found] == [
        entry["resource"]
        for entry, (root, place, its_version) in zip(entries, places, strict=True)
        if root + place == source_root + name and version in {"", its_version}
    ]


@pytest.mark.parametrize(
    "url", ["urn:uuid:3e2b1c62-5c6e-4d66-9b3b-0d4b8c9a1e2f", "http://a.org/x", ""]
)
def test_what_is_no_restful_url_has_no_root(url: str) -> None:
    assert FullUrl.of({"fullUrl": url}).root == ""
