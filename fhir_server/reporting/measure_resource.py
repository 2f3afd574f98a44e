"""The Measure resources, written from the declarations so that the two cannot differ.

https://hl7.org/fhir/R4/measure.html . Criteria are named and told as tests on the facts of a crisis
encounter; no expression language of FHIR could be run where they are counted, in SQL.
"""

from collections.abc import Iterable

from fhir_server.access.changes import Update
from fhir_server.access.repository import Repository
from fhir_server.facts.query import FactTest
from fhir_server.fhir.crisis import CANONICAL
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import GoneError, NotFoundError
from fhir_server.fhir.resource import Element, Resource
from fhir_server.reporting.measure import Group, Measure
from fhir_server.reporting.measure_report import (
    group_code,
    improvement_notation,
    population_code,
    stratifier_code,
)

_LANGUAGE = "text/x-crisis-facts"
_SCORING = "http://terminology.hl7.org/CodeSystem/measure-scoring"
_WORDS: dict[object, str] = {None: "unknown", True: "true", False: "false"}
_TYPE = "http://terminology.hl7.org/CodeSystem/measure-type"


def measure_resource(measure: Measure) -> Resource:
    """Return the Measure that reports name in `MeasureReport.measure`."""
    return {
        "resourceType": "Measure",
        "id": measure.id,
        "url": f"{CANONICAL}/Measure/{measure.id}",
        "version": measure.version,
        "name": "".join(word.capitalize() for word in measure.id.split("-")),
        "title": measure.title,
        "status": "active",
        "experimental": False,
        "publisher": "Handoff",
        "description": measure.description,
        "rationale": measure.rationale,
        "scoring": {"coding": [{"system": _SCORING, "code": "proportion"}]},
        "type": [{"coding": [{"system": _TYPE, "code": "outcome"}]}],
        "improvementNotation": improvement_notation(),
        "group": [_group(group) for group in measure.groups],
    }


def install(measures: Iterable[Measure], repository: Repository) -> int:
    """Write the Measures that are absent or differ; return how many. `repository`: the system's.

    Raises:
        UnavailableError: The database is busy.
    """
    changed = [
        resource
        for resource in map(measure_resource, measures)
        if _stored(resource["id"], repository) != resource
    ]
    if changed:
        repository.assigning_ids().commit(
            [Update(type="Measure", id=found["id"], resource=found) for found in changed]
        )
    return len(changed)


def _stored(measure_id: str, repository: Repository) -> Resource | None:
    try:
        stored = repository.read("Measure", measure_id)
    except (NotFoundError, GoneError):
        return None
    if stored.body is None:
        return None
    resource = decode(stored.body)
    resource.pop("meta", None)
    return resource


def _group(group: Group) -> Element:
    numerator = (*group.denominator, *group.numerator)
    found: Element = {
        "code": group_code(group),
        "description": group.text,
        "population": [
            _population("initial-population", group.denominator),
            _population("denominator", group.denominator),
            _population("numerator", numerator, group.except_for),
        ],
    }
    if group.stratifier is not None:
        found["stratifier"] = [
            {
                "code": stratifier_code(group.stratifier),
                "description": group.stratifier.text,
                "criteria": {"language": _LANGUAGE, "expression": group.stratifier.field},
            }
        ]
    return found


def _population(
    code: str, tests: tuple[FactTest, ...], except_for: tuple[FactTest, ...] = ()
) -> Element:
    expression = _told(tests)
    if except_for:
        expression += f" and not ({_told(except_for)})"
    return {
        "code": population_code(code),
        "criteria": {"language": _LANGUAGE, "expression": expression},
    }


def _told(tests: tuple[FactTest, ...]) -> str:
    return " and ".join(
        f"{test.field} in ({', '.join(_WORDS.get(value, str(value)) for value in test.values)})"
        for test in tests
    )
