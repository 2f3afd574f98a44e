"""What a crisis encounter's fields must be taken together, and what is worth a warning.

A fault refuses the record; order of times and the like are warnings, and so is what is missing of
an encounter that goes on, since a record that is late or incomplete is still what happened.
"""

from collections.abc import Iterator

from fhir_server.fhir import dates
from fhir_server.fhir.resource import Element
from fhir_server.intake.fault import Fault
from fhir_server.intake.records.crisis_encounter import ending
from fhir_server.intake.records.person.schema import check as check_person

_RESPONDED = frozenset({"dispatched", "en-route", "on-scene", "transporting", "at-destination"})
_VOID = frozenset({"cancelled", "duplicate", "entered-in-error"})
# Parallel events (a transport may begin before or after the disposition) are not ordered.
_ORDERED = (
    "receivedAt",
    "dispatchedAt",
    "enRouteAt",
    "onSceneAt",
    "atPatientAt",
    "clearedAt",
)


def check(record: Element) -> Iterator[Fault]:
    """Yield the faults of a record whose fields are right each for itself."""
    yield from _check_completeness(record)
    yield from _check_risk(record.get("risk"))
    yield from _check_units(record.get("units", ()))
    yield from _check_person(record)
    yield from ending.contradictions(record)
    if record["status"] in ending.OVER:
        yield from ending.missing(record)


def review(record: Element) -> Iterator[Fault]:
    """Yield what is worth a warning about the data's quality."""
    yield from _review_times(record["timeline"], "timeline")
    for index, unit in enumerate(record.get("units", ())):
        yield from _review_times(unit, f"units[{index}]")
    if "onSceneAt" in record["timeline"] and "incidentNumbers" not in record:
        message = "A response in person has an incident number of some system."
        yield Fault(path="incidentNumbers", message=message)
    yield from ending.doubts(record)
    if record["status"] not in ending.OVER:
        yield from ending.missing(record)


def responded(record: Element) -> bool:
    """Return whether somebody was sent."""
    timed = any(event in record["timeline"] for event in ("dispatchedAt", "onSceneAt"))
    return timed or "units" in record or record["status"] in _RESPONDED


def _check_completeness(record: Element) -> Iterator[Fault]:
    if responded(record) and record["status"] not in _VOID and "responderModel" not in record:
        message = "This field is required where somebody was sent."
        yield Fault(path="responderModel", message=message)
    if record["status"] == "cleared" and "disposition" not in record:
        yield Fault(path="disposition", message="This field is required when `status` is cleared.")


def _check_risk(risk: Element | None) -> Iterator[Fault]:
    if risk is None:
        return
    if not risk.keys() & {"suicide", "homicide", "selfCare"}:
        yield Fault(path="risk", message="Give `suicide`, `homicide` or `selfCare`.")
    elif "method" in risk and "suicide" not in risk:
        yield Fault(path="risk.method", message="This needs `suicide` beside it.")


def _check_units(units: list[Element]) -> Iterator[Fault]:
    seen = set()
    for index, unit in enumerate(units):
        key = (unit["unitId"], unit.get("agency"))
        if key in seen:
            yield Fault(path=f"units[{index}].unitId", message="This unit stands here twice.")
        seen.add(key)


def _check_person(record: Element) -> Iterator[Fault]:
    person = record.get("person")
    if person is None:
        return
    for fault in check_person(person):
        yield fault.under("person")
    if person.get("anonymous") and len(person) > 1:
        message = "An anonymous person has no id and no demographics."
        yield Fault(path="person.anonymous", message=message)
    elif _anonymous_caller(record) and not person.get("anonymous"):
        # Anonymity of a 988 contact is a promise: not even the agency's own id links it.
        message = "An anonymous contact with 988 about oneself is not linked to a person."
        yield Fault(path="person", message=message)


def _anonymous_caller(record: Element) -> bool:
    caller = record.get("caller", {})
    by_988 = record["contact"]["channel"] == "988"
    return bool(by_988 and caller.get("anonymous") and caller.get("relationship") == "self")


def _review_times(times: Element, path: str) -> Iterator[Fault]:
    previous: tuple[str, int] | None = None
    for event in _ORDERED:
        if event not in times:
            continue
        at = dates.parse(times[event]).lo
        if previous is not None and at < previous[1]:
            message = f"This is before `{previous[0]}`."
            yield Fault(path=f"{path}.{event}", message=message)
        previous = (event, at)
