"""The resources of one crisis encounter as the native record that they were made from.

https://hl7.org/fhir/R4/encounter.html
"""

from collections.abc import Sequence

from fhir_server.fhir.crisis import CALL_TYPE, IDENTIFIER_TYPE_SYSTEM, TIMELINE
from fhir_server.fhir.resource import Element, Json, Resource, extensions, items
from fhir_server.intake import extension
from fhir_server.intake.build import agent, code_in, identifier_of, of_type, recorded_by
from fhir_server.intake.extension import CODE, TEXT, TIME, part
from fhir_server.intake.records.crisis_encounter import extensions as declared
from fhir_server.intake.records.crisis_encounter.encounter import (
    NATURE_CODES,
    PLACE_TYPE,
    REASON_SOURCE,
    RESPONDER_UNIT,
    UNIT,
)
from fhir_server.intake.records.crisis_encounter.found import findings
from fhir_server.intake.records.crisis_encounter.schema import TIMELINE_EVENTS
from fhir_server.intake.records.person.from_fhir import demographics
from fhir_server.intake.schema import ADDRESS, GEO
from fhir_server.intake.source import external_id

_ENCOUNTER = (
    *declared.CONTACT,
    *declared.RESPONSE,
    *declared.CARE,
    *declared.SOCIAL,
    *declared.RELATED,
)
_FIELDS = {event: field for field, event in TIMELINE_EVENTS.items()}
_IDENTITY = extension.Value(write=lambda _value, _source: ("", ""), read=lambda value: value)
_EVENT = (part("event", CODE), part("time", TIME), part("unit", _IDENTITY))
_UNIT = (part("unit", _IDENTITY), part("agency", extension.reference("agency")), part("type", TEXT))
_MEMBER = (part("unit", _IDENTITY), part("certifications", TEXT, url="certification", many=True))


def from_fhir(resources: Sequence[Resource]) -> Element:
    """Return the record that `resources` were made from."""
    (encounter,) = of_type(resources, "Encounter")
    found: Element = {
        **_extended(encounter),
        **findings(resources),
        "id": identifier_of(encounter, "encounter"),
        "person": _person(encounter, of_type(resources, "Patient")),
        "incidentNumbers": _incident_numbers(encounter),
        "units": _units(encounter),
        "timeline": _times(encounter, None),
        "location": _place(encounter),
        "recordedBy": recorded_by(resources),
        "partOf": external_id(encounter.get("partOf")),
        "episodeId": next(map(external_id, items(encounter, "episodeOfCare")), None),
    }
    for provenance in of_type(resources, "Provenance"):
        found["attestedBy"] = agent(provenance, "attester")
    return {name: value for name, value in found.items() if value not in (None, {}, [])}


def _extended(encounter: Resource) -> Element:
    found = extension.read(encounter, _ENCOUNTER)
    found["contact"] = {"channel": found.pop("channel"), **found["contact"]}
    social = found.pop("social", {})
    social |= {name: found.pop(name) for name in declared.INTERPRETER if name in found}
    presenting = found.pop("presentation", {})
    problems = [
        extension.native_code(reason["coding"][0])
        for reason in items(encounter, "reasonCode")
        if not extensions(reason, REASON_SOURCE)
    ]
    if problems:
        presenting["problem"] = problems
    for call_type in extensions(encounter, CALL_TYPE):
        found["callType"] = _call_type(call_type["valueCodeableConcept"])
    return {**found, "social": social, "presenting": presenting}


def _call_type(concept: Element) -> Element:
    found: Element = {}
    for coding in concept["coding"]:
        if coding["system"].startswith(NATURE_CODES):
            found["agencyCode"] = {name: coding[name] for name in coding if name != "system"}
        else:
            found["normalized"] = extension.native_code(coding)
    return found


def _person(encounter: Resource, patients: list[Resource]) -> Element:
    subject = encounter.get("subject")
    if subject is None:
        return {"anonymous": True} if _declared_anonymous(encounter) else {}
    found = demographics(patients[0]) if patients else {}
    # What the placeholder has of the encounter's own findings stands in `social`.
    found.pop("housing", None)
    by_id = external_id(subject)
    return {**found, **({"id": by_id} if by_id is not None else {})}


def _declared_anonymous(encounter: Resource) -> bool:
    return bool(extension.read(encounter, (declared.ANONYMOUS,)))


def _incident_numbers(encounter: Resource) -> list[Element]:
    found = []
    for identifier in items(encounter, "identifier")[1:]:
        number = {
            "system": code_in(identifier["type"], IDENTIFIER_TYPE_SYSTEM),
            "value": identifier["value"],
        }
        if "assigner" in identifier:
            number["agency"] = external_id(identifier["assigner"])
        found.append(number)
    return found


def _units(encounter: Resource) -> list[Element]:
    found = []
    for declared_unit in extensions(encounter, UNIT):
        unit = extension.read(declared_unit, _UNIT)
        reference = unit.pop("unit")
        unit["unitId"] = external_id(reference)
        unit |= _times(encounter, reference)
        members = [
            _member(participant)
            for participant in items(encounter, "participant")
            if _unit_of(participant)["unit"] == reference
        ]
        found.append(unit | ({"members": members} if members else {}))
    return found


def _unit_of(participant: Element) -> Element:
    (unit,) = extensions(participant, RESPONDER_UNIT)
    return extension.read(unit, _MEMBER)


def _member(participant: Element) -> Element:
    found = {"practitionerId": external_id(participant["individual"]), **_unit_of(participant)}
    del found["unit"]
    for kind in participant["type"]:
        if "text" in kind:
            found["role"] = kind["text"]
    return found


def _times(encounter: Resource, unit: Element | None) -> dict[str, Json]:
    found = {}
    for timed in extensions(encounter, TIMELINE):
        event = extension.read(timed, _EVENT)
        if event.get("unit") == unit:
            found[_FIELDS[event["event"]]] = event["time"]
    return found


def _place(encounter: Resource) -> Element:
    found: Element = {}
    for place in items(encounter, "contained"):
        found = extension.read(place, declared.PLACE)
        for kind in items(place, "type"):
            found["type"] = code_in(kind, PLACE_TYPE)
        for name, fields in (("address", ADDRESS), ("position", GEO)):
            value = {field: place[name][field] for field in fields if field in place.get(name, {})}
            if value:
                found["geo" if name == "position" else name] = value
    return found
