"""The Encounter of a crisis encounter.

https://hl7.org/fhir/R4/encounter.html
"""

from fhir_server.fhir import dates
from fhir_server.fhir.crisis import (
    CALL_TYPE,
    ENCOUNTER_TYPE_SYSTEM,
    IDENTIFIER_TYPE_SYSTEM,
    TIMELINE,
    code_system,
    profile,
)
from fhir_server.fhir.crisis_codes import RESPONDER_ROLES_OPEN
from fhir_server.fhir.resource import Element, Resource
from fhir_server.intake import extension
from fhir_server.intake.build import (
    ACT_CODE,
    concept,
    extended,
    identifier,
    meta,
    ref,
    set_if,
)
from fhir_server.intake.records.crisis_encounter import codes, extensions
from fhir_server.intake.records.crisis_encounter.check import responded
from fhir_server.intake.records.crisis_encounter.context import KIND, Contact
from fhir_server.intake.records.crisis_encounter.schema import TIMELINE_EVENTS
from fhir_server.intake.source import Source, agency_system

PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
PRIORITY = "http://terminology.hl7.org/CodeSystem/v3-ActPriority"
ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
PLACE_TYPE = code_system("crisis-place-type")
NATURE_CODES = code_system("agency-nature") + "/"
RESPONDER_ROLE = code_system("crisis-responder-role")
UNIT = profile("crisis-dispatched-unit")
RESPONDER_UNIT = profile("crisis-responder-unit")
REASON_SOURCE = profile("crisis-reason-source")
_PLACE = "place"


def encounter(contact: Contact) -> Resource:
    """Return the Encounter with all that stands in it."""
    record, source = contact.record, contact.source
    distant = codes.at_distance(record, responded=responded(record))
    kind, snomed = codes.encounter_types(record, distant=distant)
    called = codes.profile_of(kind, subject=contact.subject is not None)
    found: Resource = {
        "resourceType": "Encounter",
        "id": source.id(KIND, record["id"]),
        "meta": meta(called, security=contact.labels),
    }
    set_if(found, contained=_place(record, source))
    extended(found, _extensions(record, source))
    found["identifier"] = _identifiers(record, source)
    found["status"] = codes.STATUS[record["status"]]
    found["class"] = {
        "system": ACT_CODE,
        "code": codes.encounter_class(record, distant=distant),
    }
    found["type"] = [concept(ENCOUNTER_TYPE_SYSTEM, kind)]
    if snomed is not None:
        found["type"].append(concept(codes.SNOMED, snomed))
    found["priority"] = concept(PRIORITY, codes.priority(kind))
    return _related(found, contact)


def _related(found: Resource, contact: Contact) -> Resource:
    record, source = contact.record, contact.source
    episode = ref("episode", record.get("episodeId"), source)
    set_if(
        found,
        subject=contact.subject,
        episodeOfCare=[episode] if episode else None,
        participant=_participants(record, source),
        period=_period(contact),
        reasonCode=_reasons(record, source),
        hospitalization=_hospitalization(record, source),
        location=[{"location": {"reference": f"#{_PLACE}"}}] if "location" in record else None,
    )
    found["serviceProvider"] = source.self_reference()
    return set_if(found, partOf=ref(KIND, record.get("partOf"), source))


def _extensions(record: Element, source: Source) -> list[Element]:
    social = record.get("social", {})
    presenting = record.get("presenting", {})
    flat = {
        **record,
        "channel": record["contact"]["channel"],
        "social": {k: v for k, v in social.items() if k not in extensions.INTERPRETER} or None,
        "presentation": {k: v for k, v in presenting.items() if k != "problem"} or None,
        **{name: social[name] for name in extensions.INTERPRETER if name in social},
    }
    found = extension.written(flat, extensions.CONTACT, source)
    found.extend(extension.written(record.get("person", {}), (extensions.ANONYMOUS,), source))
    if "callType" in record:
        value = call_type(record["callType"], source)
        found.append({"url": CALL_TYPE, "valueCodeableConcept": value})
    found.extend(_units(record, source))
    found.extend(_times(record["timeline"], None))
    rest = (*extensions.RESPONSE, *extensions.CARE, *extensions.SOCIAL, *extensions.RELATED)
    return [*found, *extension.written(flat, rest, source)]


def call_type(native: Element, source: Source) -> Element:
    """Return dispatch's belief: the agency's own nature code and the normalised one."""
    codings = []
    if "normalized" in native:
        codings.append(extension.coding("crisis-call-type", native["normalized"], source))
    if "agencyCode" in native:
        own = {"system": f"{NATURE_CODES}{source.organization}", **native["agencyCode"]}
        codings.append(own)
    return {"coding": codings}


def _units(record: Element, source: Source) -> list[Element]:
    found = []
    for unit in record.get("units", ()):
        parts: list[Element] = [{"url": "unit", "valueReference": unit_reference(unit, source)}]
        if "agency" in unit:
            agency = source.reference("agency", unit["agency"])
            parts.append({"url": "agency", "valueReference": agency})
        if "type" in unit:
            parts.append({"url": "type", "valueString": unit["type"]})
        found.append({"url": UNIT, "extension": parts})
        found.extend(_times(unit, unit_reference(unit, source)))
    return found


def unit_reference(unit: Element, source: Source) -> Element:
    """Return a reference to a unit, which is one of its own agency."""
    return source.reference("unit", unit["unitId"], unit.get("agency"))


def _times(times: Element, unit: Element | None) -> list[Element]:
    found = []
    for field, event in TIMELINE_EVENTS.items():
        if field in times:
            parts: list[Element] = [
                {"url": "event", "valueCode": event},
                {"url": "time", "valueDateTime": times[field]},
            ]
            if unit is not None:
                parts.append({"url": "unit", "valueReference": unit})
            found.append({"url": TIMELINE, "extension": parts})
    return found


def _identifiers(record: Element, source: Source) -> list[Element]:
    found = [identifier(KIND, record, source, code="encounter")]
    for incident in record.get("incidentNumbers", ()):
        agency = incident.get("agency")
        number = {
            "use": "secondary",
            "type": concept(IDENTIFIER_TYPE_SYSTEM, incident["system"]),
            "system": agency_system("incident", agency or source.agency),
            "value": incident["value"],
        }
        found.append(set_if(number, assigner=ref("agency", agency, source)))
    return found


def _participants(record: Element, source: Source) -> list[Element]:
    found: list[Element] = []
    for unit in record.get("units", ()):
        for member in unit.get("members", ()):
            # The one who leads is named first: https://hl7.org/fhir/R4/v3/ParticipationType
            role = "SPRF" if found else "PPRF"
            found.append(_participant(member, unit, role, source))
    return found


def _participant(member: Element, unit: Element, role: str, source: Source) -> Element:
    types = [concept(PARTICIPATION, role)]
    if "role" in member:
        types.append(_role(member["role"]))
    parts = [
        {"url": "unit", "valueReference": unit_reference(unit, source)},
        *(
            {"url": "certification", "valueString": certification}
            for certification in member.get("certifications", ())
        ),
    ]
    return {
        "extension": [{"url": RESPONDER_UNIT, "extension": parts}],
        "type": types,
        "individual": source.reference("responder", member["practitionerId"], unit.get("agency")),
    }


def _role(role: str) -> Element:
    """Return the role in the agency's words, with its code where it is one of ours."""
    if role not in RESPONDER_ROLES_OPEN:
        return {"text": role}
    return concept(RESPONDER_ROLE, role) | {"text": role}


def _period(contact: Contact) -> Element:
    start, end = contact.start(), contact.record["timeline"].get("clearedAt")
    if end is not None and dates.parse(end).lo >= dates.parse(start).lo:
        return {"start": start, "end": end}
    # A period that ends before it starts is not a Period; the timeline keeps both times.
    return {"start": start}


def _reasons(record: Element, source: Source) -> list[Element]:
    """Return what responders found; before that, what dispatch believed, marked as such."""
    problems = record.get("presenting", {}).get("problem", ())
    if problems:
        return [
            {"coding": [extension.coding("crisis-call-type", problem, source)]}
            for problem in problems
        ]
    if "callType" not in record:
        return []
    believed = call_type(record["callType"], source)
    return [{"extension": [{"url": REASON_SOURCE, "valueCode": "dispatch"}], **believed}]


def _hospitalization(record: Element, source: Source) -> Element:
    found: Element = {}
    destination = record.get("destination", {})
    if "organization" in destination:
        found["destination"] = source.reference("agency", destination["organization"])
    elif "name" in destination:
        found["destination"] = {"display": destination["name"]}
    code = record.get("disposition", {}).get("code")
    if code in codes.DISCHARGE:
        discharge = concept(codes.DISCHARGE_SYSTEM, codes.DISCHARGE[code])
        found["dischargeDisposition"] = discharge
    return found


def _place(record: Element, source: Source) -> list[Element]:
    """Return the place as a contained Location: a person's address is not directory data."""
    place = record.get("location")
    if place is None:
        return []
    found: Element = {"resourceType": "Location", "id": _PLACE}
    extended(found, extension.written(place, extensions.PLACE, source))
    # Not an address, and what US Core demands of a Location.
    found["name"] = f"Place of the crisis: {place.get('type', 'not told')}"
    found["mode"] = "instance"
    if "type" in place:
        codings = [{"system": PLACE_TYPE, "code": place["type"]}]
        if place["type"] in codes.PLACE_ROLES:
            codings.insert(0, {"system": ROLE_CODE, "code": codes.PLACE_ROLES[place["type"]]})
        found["type"] = [{"coding": codings}]
    return [set_if(found, address=place.get("address"), position=place.get("geo"))]
