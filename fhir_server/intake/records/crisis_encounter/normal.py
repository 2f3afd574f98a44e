"""What can be said in two ways in a crisis encounter, brought to one."""

from fhir_server.fhir.resource import Element
from fhir_server.intake.records.crisis_encounter.ending import held
from fhir_server.intake.records.person.schema import normal as normal_person


def normal(record: Element) -> Element:
    """Return the record's normal form, with what it implies said.

    `anonymous: false` says no more than absence does. A contact that was resolved by phone ended
    so, and whoever is held did not go by their own will.
    """
    return _with_ending(_with_person(record))


def _with_ending(record: Element) -> Element:
    ended = record.get("disposition")
    if ended is None and record["status"] == "resolved-by-phone":
        ended = {"code": "resolved-by-phone"}
    if ended is None:
        return record
    if "voluntary" not in ended and held(record):
        ended = {**ended, "voluntary": False}
    return {**record, "disposition": ended}


def _with_person(record: Element) -> Element:
    person = record.get("person")
    if person is None:
        return record
    if person.get("anonymous") is False:
        person = {name: value for name, value in person.items() if name != "anonymous"}
    rest = {name: value for name, value in record.items() if name != "person"}
    return {**rest, **({"person": normal_person(person)} if person else {})}
