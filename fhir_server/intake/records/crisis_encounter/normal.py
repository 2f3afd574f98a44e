"""What can be said in two ways in a crisis encounter, brought to one."""

from fhir_server.fhir.resource import Element
from fhir_server.intake.records.person.schema import normal as normal_person


def normal(record: Element) -> Element:
    """Return the record's normal form; `anonymous: false` says no more than absence does."""
    person = record.get("person")
    if person is None:
        return record
    if person.get("anonymous") is False:
        person = {name: value for name, value in person.items() if name != "anonymous"}
    rest = {name: value for name, value in record.items() if name != "person"}
    return {**rest, **({"person": normal_person(person)} if person else {})}
