"""What a crisis encounter tells that FHIR's Encounter has no element for.

https://hl7.org/fhir/R4/encounter.html and https://hl7.org/fhir/R4/extensibility.html . Each native
field and its extension are declared once, for both directions.
"""

from fhir_server.fhir.crisis_codes import DESTINATION_TYPES
from fhir_server.fhir.resource import Element, Json
from fhir_server.intake.build import RECORD_VERSION
from fhir_server.intake.extension import (
    CODE,
    FLAG,
    FLAG_OR_COUNT,
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    YES_NO_FLAG,
    Part,
    Value,
    coding,
    compound,
    concept,
    group,
    native_code,
    part,
    reference,
    simple,
)
from fhir_server.intake.records.crisis_encounter.schema import ANSWERS
from fhir_server.intake.source import Source

_AGENCY = reference("agency")
_RESPONDER = reference("responder")


def _transfer(field: str) -> Part:
    return group(
        field, part("agency", _AGENCY), part("at", TIME), part("warm", FLAG), part("accepted", FLAG)
    )


def _destination_type(value: Json, source: Source) -> tuple[str, Json]:
    own = isinstance(value, str) and value in DESTINATION_TYPES
    system = "crisis-destination-type" if own else "crisis-agency-type"
    return "valueCodeableConcept", {"coding": [coding(system, value, source)]}


def _native_type(value: Element) -> Json:
    return native_code(value["coding"][0])


CONTACT = (
    RECORD_VERSION,
    simple("status", "crisis-response-status", CODE),
    simple("channel", "crisis-dispatch-source", concept("crisis-dispatch-source")),
    compound(
        "contact",
        "crisis-contact",
        part("mode", CODE),
        part("receivedAt", TIME),
        _transfer("transferredFrom"),
        _transfer("transferredTo"),
    ),
    compound(
        "caller",
        "crisis-caller",
        part("relationship", CODE),
        part("anonymous", FLAG),
        part("wantsCallback", FLAG),
    ),
    compound(
        "diversionScreen",
        "crisis-diversion-screen",
        part("eligible", FLAG),
        part("performedBy", _RESPONDER),
        group("answers", *(part(question, CODE) for question in ANSWERS)),
        part("reasonsNotEligible", TEXT, url="reasonNotEligible", many=True),
        part("suicideQuestions", CODE, url="suicideQuestion", many=True),
    ),
    compound(
        "dispatchDecision",
        "crisis-dispatch-decision",
        part("code", CODE, url="decision"),
        part("at", TIME),
        part("by", _RESPONDER),
        part("reason", TEXT, many=True),
    ),
    simple("responderModel", "crisis-responder-model", concept("crisis-responder-model")),
)

RESPONSE = (
    compound(
        "lawEnforcement",
        "crisis-law-enforcement",
        part("involvement", CODE),
        part("role", TEXT),
        part("citTrained", FLAG),
        part("agency", _AGENCY),
        part("requestedBy", TEXT),
        part("requestedAt", TIME),
        part("arrivedAt", TIME),
        part("departedAt", TIME),
        part("incidentNumber", TEXT),
    ),
    compound(
        "weapon",
        "crisis-weapon",
        part("reported", CODE),
        part("found", CODE),
        part("type", CODE, many=True),
    ),
    compound(
        "force",
        "crisis-use-of-force",
        part("kind", CODE),
        part("byAgency", _AGENCY),
        part("at", TIME),
        part("injury", CODE),
        many=True,
    ),
    compound(
        "injuries",
        "crisis-injury",
        part("person", CODE),
        part("responder", CODE),
        part("other", CODE),
    ),
    compound(
        "diversion",
        "crisis-jail-diversion",
        part("arrestableOffense", CODE),
        part("offenseLevel", CODE),
        part("arrested", YES_NO_FLAG),
        part("cited", YES_NO_FLAG),
        part("decidedBy", TEXT),
        part("program", TEXT, url="divertedTo"),
        part("courtRef", TEXT),
    ),
    compound(
        "hold",
        "crisis-involuntary-hold",
        part("type", CODE),
        part("statute", TEXT),
        part("initiatorRole", TEXT),
        part("initiatedAt", TIME, url="start"),
        part("expiresAt", TIME, url="expires"),
        part("outcome", CODE),
        part("outcomeAt", TIME),
        part("paperworkRef", TEXT),
    ),
    compound(
        "transport",
        "crisis-transport",
        part("mode", CODE),
        part("by", _AGENCY),
        part("restrained", FLAG),
        part("startedAt", TIME, url="start"),
        part("arrivedAt", TIME, url="end"),
        part("miles", NUMBER),
    ),
)

CARE = (
    compound(
        "presentation",
        "crisis-presentation",
        part("nature", CODE),
        part("behaviors", TEXT, url="behavior", many=True),
        part("narrative", TEXT),
    ),
    compound(
        "substance",
        "crisis-substance",
        part("suspected", CODE),
        part("kind", TEXT, many=True),
        part("naloxoneGiven", WHOLE),
    ),
    compound(
        "disposition",
        "crisis-disposition",
        part("code", concept("crisis-disposition"), url="disposition"),
        part("at", TIME),
        part("voluntary", FLAG),
        part("reason", TEXT, many=True),
        part("wouldHaveGoneTo", CODE),
    ),
    compound(
        "destination",
        "crisis-destination",
        part("type", Value(write=_destination_type, read=_native_type)),
        part("organization", _AGENCY),
        part("name", TEXT),
        part("acceptedAt", TIME),
        part("acceptedBy", TEXT),
        part("refused", FLAG),
        part("refusalReason", TEXT),
        part("boardingMinutes", WHOLE),
    ),
    compound(
        "engagementAtContact",
        "crisis-engagement-at-contact",
        part("engaged", CODE),
        part("provider", _AGENCY),
        part("program", TEXT),
        part("notifiedAt", TIME),
        part("caseManager", TEXT),
    ),
    compound(
        "sensitivity",
        "crisis-sensitivity",
        part("tags", CODE, url="tag", many=True),
        part("programPart2", FLAG),
    ),
)

YES_NO = "http://snomed.info/sct"
_YES, _NO = "373066001", "373067005"


def _needed(value: Json, _source: Source) -> tuple[str, Json]:
    return "valueCoding", {"system": YES_NO, "code": _YES if value else _NO}


def _is_needed(value: Element) -> bool:
    return bool(value["code"] == _YES)


SOCIAL = (
    compound(
        "social",
        "crisis-social",
        part("housing", concept("crisis-housing-status")),
        part("veteran", CODE),
        part("serviceEra", TEXT),
        part("employment", TEXT),
        part("language", CODE),
        part("disability", TEXT, many=True),
        part("insurance", TEXT, many=True),
        part("dependentsOnScene", FLAG_OR_COUNT),
        part("pets", FLAG_OR_COUNT),
    ),
    Part(
        field="interpreterNeeded",
        url="http://hl7.org/fhir/us/core/StructureDefinition/us-core-interpreter-needed",
        shape=Value(write=_needed, read=_is_needed),
    ),
    simple("interpreterUsed", "crisis-interpreter-used", FLAG),
)
INTERPRETER = ("interpreterNeeded", "interpreterUsed")

RELATED = (
    simple("consentIds", "crisis-related-consent", reference("consent"), many=True),
    simple("safetyPlanId", "crisis-safety-plan-reference", reference("safetyPlan")),
    simple("referralIds", "crisis-related-referral", reference("referral"), many=True),
    simple("assessmentIds", "crisis-related-assessment", reference("assessment"), many=True),
)

PLACE = (
    simple("premiseHazards", "crisis-premise-hazard", TEXT, many=True),
    simple("atResidence", "crisis-at-residence", FLAG),
)
# The sender said that the person wants to stay unnamed, rather than nothing about a person.
ANONYMOUS = simple("anonymous", "crisis-anonymous", FLAG)
