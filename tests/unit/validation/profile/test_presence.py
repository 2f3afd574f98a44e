"""What need not be looked at is not, and what must be is: presence, types, what was asked for."""

import pytest

from fhir_server.fhir.resource import Resource
from fhir_server.terminology.coding import Coding
from fhir_server.validation.profile.known import Known
from fhir_server.validation.profile.report import Options
from tests.unit.validation.profile.making import (
    URL,
    element,
    found,
    profile,
    rules,
    validator,
)

OBSERVED = profile(
    "observed",
    "Observation",
    [
        element("Observation.value[x]", min=1, type=[{"code": "Quantity"}, {"code": "string"}]),
        element("Observation.language", fixedCode="en"),
    ],
)


def observation(**more: object) -> Resource:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "A"}, **more}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"valueString": "a"}, []),
        ({"_valueString": {"id": "a"}}, []),
        ({}, [("cardinality", "Observation.value")]),
        ({"valueBoolean": True}, [("type", "Observation.value.ofType(boolean)")]),
        ({"valueString": "a", "language": "en"}, []),
        ({"valueString": "a", "language": "de"}, [("fixed", "Observation.language")]),
    ],
)
def test_only_what_is_absent_or_of_a_wrong_type_is_told(
    more: Resource, told: list[tuple[str, str]]
) -> None:
    issues = [
        each for each in found(observation(**more), OBSERVED) if each.profile == OBSERVED["url"]
    ]

    assert rules(issues) == told


def test_who_asks_for_errors_alone_hears_no_warning_and_the_next_does() -> None:
    asked = validator(OBSERVED)
    resource = observation(valueString="a", meta={"profile": [URL + "observed"]})

    def severities(options: Options) -> set[str]:
        return {each.severity for each in asked.beyond_structure(resource, options=options)}

    assert severities(Options(warnings=False)) == set()
    # dom-6: there should be a narrative.
    assert severities(Options()) == {"warning"}
    assert severities(Options(warnings=False)) == set()


def test_a_code_is_known_by_all_that_is_stated_of_it() -> None:
    known = Known()
    known.add(Coding(code="a", system="http://a.org", display="A"))

    assert known.has({"code": "a", "system": "http://a.org", "display": "A"})
    assert not known.has({"code": "a", "system": "http://a.org", "display": "B"})
    assert not known.has({"code": "a", "system": "http://a.org"})
    assert not known.has({"code": "a"})
