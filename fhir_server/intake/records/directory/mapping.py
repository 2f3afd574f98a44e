"""What directory records have that FHIR has no element for.

https://hl7.org/fhir/R4/organization.html and https://hl7.org/fhir/R4/healthcareservice.html
"""

from fhir_server.fhir.resource import Json
from fhir_server.intake.build import RECORD_VERSION
from fhir_server.intake.extension import (
    CODE,
    DATE,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    Part,
    Value,
    compound,
    concept,
    group,
    part,
    reference,
    simple,
)
from fhir_server.intake.source import Source

TIME_ZONE = "http://hl7.org/fhir/StructureDefinition/timezone"


def _zone(value: Json, _source: Source) -> tuple[str, Json]:
    return "valueCode", value


AGENCY = (
    RECORD_VERSION,
    simple("type", "crisis-agency-type", concept("crisis-agency-type")),
    compound(
        "part2Program",
        "crisis-part2-program",
        part("is", FLAG),
        part("unit", TEXT),
        part("from", DATE),
        part("to", DATE),
    ),
    simple("hipaaCoveredEntity", "crisis-hipaa-covered-entity", FLAG),
    Part(field="timeZone", url=TIME_ZONE, shape=Value(write=_zone, read=lambda value: value)),
    simple("policyPack", "crisis-policy-pack", TEXT),
    simple("services", "crisis-agency-service", reference("service"), many=True),
)
TEAM = (
    RECORD_VERSION,
    simple("model", "crisis-responder-model", concept("crisis-responder-model")),
    simple("hours", "crisis-hours", TEXT, many=True),
    simple("area", "crisis-area", TEXT, many=True),
    simple("capabilities", "crisis-capability", TEXT, many=True),
    simple("status", "crisis-unit-status", TEXT),
    compound(
        "location",
        "crisis-unit-location",
        group("geo", part("latitude", NUMBER), part("longitude", NUMBER)),
        part("at", TIME),
    ),
)
RESPONDER = (
    RECORD_VERSION,
    simple("certifications", "crisis-certification", TEXT, many=True),
)
SERVICE = (
    RECORD_VERSION,
    compound(
        "accepts",
        "crisis-accepts",
        part("voluntary", FLAG),
        part("involuntary", FLAG),
        part("walkIn", FLAG),
        part("policeDropOff", FLAG),
        part("minors", FLAG),
        part("ageMin", WHOLE),
        part("ageMax", WHOLE),
        part("genders", CODE, many=True),
        part("detox", FLAG),
        part("medicalLimits", TEXT, many=True),
    ),
    compound(
        "capacity",
        "crisis-capacity",
        part("state", CODE),
        part("available", WHOLE),
        part("total", WHOLE),
        part("at", TIME, url="asOf"),
    ),
    simple("hours", "crisis-hours", TEXT),
    simple("area", "crisis-area", TEXT),
    simple("insurance", "crisis-insurance", TEXT, many=True),
)
