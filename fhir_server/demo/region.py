"""The demo's region: who answers, who goes out, where people are taken, who follows up.

Every name is invented, phone numbers are of the 555-01xx block that is kept for fiction.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_server.demo.clock import ZONE_NAME
from fhir_server.fhir.resource import Element

STATE = "T"  # one of the two fictitious states of the policy packs
PSAP = "larkspur-911"
LINE_988 = "prairie-988"
MOBILE_CRISIS = "larkspur-mct"
CO_RESPONSE = "larkspur-co-response"
POLICE = "larkspur-pd"
EMS = "larkspur-ems"
STABILIZATION = "harbor-stabilization"
PART2_PROGRAM = "bridgeway-recovery"
HOSPITAL = "larkspur-general"
SECOND_HOSPITAL = "saint-exemplar"
CLINIC = "riverside-clinic"
SECOND_CLINIC = "northfield-ccbhc"
THIRD_CLINIC = "oakwood-clinic"
PUBLIC_HEALTH = "state-behavioral-health"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An agency of the region; `team` are the roles of one crew, `crews` how many there are."""

    id: str
    name: str
    type: str
    model: str = ""
    team: tuple[str, ...] = ()
    crews: int = 0
    part2: bool = False
    services: tuple[tuple[str, str], ...] = ()

    def unit(self, crew: int) -> str:
        """Return the id of a crew's unit."""
        return f"{self.id.upper()}-{crew + 1}"

    def responder(self, crew: int, seat: int) -> str:
        """Return the id of the responder in a crew's seat."""
        return f"{self.id}-r{crew * len(self.team) + seat + 1:02}"


AGENCIES: tuple[Agency, ...] = (
    Agency(
        id=PSAP, name="Larkspur County 911 (demo)", type="psap-911", team=("call-taker",), crews=3
    ),
    Agency(
        id=LINE_988,
        name="Prairie 988 Center (demo)",
        type="crisis-line-988",
        model="telephonic",
        team=("counselor",),
        crews=6,
    ),
    Agency(
        id=MOBILE_CRISIS,
        name="Larkspur Mobile Crisis Team (demo)",
        type="mobile-crisis",
        model="mobile-crisis-team",
        team=("clinician", "peer"),
        crews=5,
    ),
    Agency(
        id=CO_RESPONSE,
        name="Larkspur Co-Responder Program (demo)",
        type="co-responder-program",
        model="co-responder",
        team=("clinician", "officer"),
        crews=3,
    ),
    Agency(
        id=POLICE,
        name="Larkspur Police Department (demo)",
        type="law-enforcement",
        model="police-only",
        team=("officer",),
        crews=6,
    ),
    Agency(
        id=EMS,
        name="Larkspur County EMS (demo)",
        type="ems",
        model="ems-behavioral",
        team=("paramedic", "emt"),
        crews=4,
    ),
    Agency(
        id=STABILIZATION,
        name="Harbor Stabilization Unit (demo)",
        type="crisis-stabilization",
        model="crisis-facility",
        team=("nurse", "clinician"),
        crews=2,
        services=(("stabilization", "23-hour observation"),),
    ),
    Agency(
        id=PART2_PROGRAM,
        name="Bridgeway Recovery (demo)",
        type="sud-program",
        part2=True,
        model="crisis-facility",
        team=("counselor",),
        crews=3,
        services=(("outpatient-sud", "Outpatient substance use treatment"),),
    ),
    Agency(
        id=HOSPITAL,
        name="Larkspur General Hospital (demo)",
        type="hospital-ed",
        services=(("bridge", "Crisis bridge clinic"),),
    ),
    Agency(
        id=SECOND_HOSPITAL,
        name="Saint Exemplar Hospital (demo)",
        type="hospital-ed",
        services=(("partial", "Partial hospitalization"),),
    ),
    Agency(
        id=CLINIC,
        name="Riverside Clinic (demo)",
        type="bh-clinic",
        services=(("therapy", "Outpatient therapy"), ("med-management", "Medication management")),
    ),
    Agency(
        id=SECOND_CLINIC,
        name="Northfield CCBHC (demo)",
        type="ccbhc",
        services=(("case-management", "Case management"), ("therapy", "Outpatient therapy")),
    ),
    Agency(
        id=THIRD_CLINIC,
        name="Oakwood Clinic (demo)",
        type="bh-clinic",
        services=(("peer-support", "Peer support"),),
    ),
    Agency(
        id=PUBLIC_HEALTH, name="State Behavioral Health Authority (demo)", type="state-bh-authority"
    ),
)
BY_ID = {agency.id: agency for agency in AGENCIES}
# Where people are referred to: (agency, service).
SERVICES = tuple(
    (agency.id, service)
    for agency in AGENCIES
    for service, _ in agency.services
    if agency.id != STABILIZATION
)
_GIVEN = (
    "Pixel",
    "Quill",
    "Sample",
    "Juniper",
    "Mock",
    "Pilot",
    "Static",
    "Draft",
    "Proto",
    "Beta",
)
_FAMILY = ("Placeholder", "Fixture", "Testerman", "Specimen", "Mockwell", "Exampleton")
_CERTIFICATIONS = {
    "clinician": "lcsw",
    "peer": "peer",
    "officer": "cit",
    "paramedic": "emt-p",
    "emt": "emt",
    "nurse": "rn",
    "counselor": "lpc",
    "call-taker": "emd",
}


def service_id(agency: str, service: str) -> str:
    """Return the id of an agency's service, which is unique in the region."""
    return f"{agency}-{service}"


def directory(agency: Agency) -> Iterator[tuple[str, Element]]:
    """Yield the directory records of one agency as (kind, record)."""
    yield "agency", _agency(agency)
    for crew in range(agency.crews):
        yield "unit", _unit(agency, crew)
        for seat, role in enumerate(agency.team):
            yield "responder", _responder(agency, crew, seat, role)
    for service, name in agency.services:
        yield "service", _service(agency, service, name)


def _agency(agency: Agency) -> Element:
    record: Element = {
        "id": agency.id,
        "name": agency.name,
        "type": agency.type,
        "hipaaCoveredEntity": agency.type not in {"law-enforcement", "psap-911"},
        "state": STATE,
        "timeZone": ZONE_NAME,
    }
    if agency.part2:
        record["part2Program"] = {"is": True}
    return record


def _unit(agency: Agency, crew: int) -> Element:
    record: Element = {"id": agency.unit(crew), "agency": agency.id}
    if agency.model:
        record["model"] = agency.model
    return record


def _responder(agency: Agency, crew: int, seat: int, role: str) -> Element:
    number = crew * len(agency.team) + seat + sum(map(ord, agency.id))
    return {
        "id": agency.responder(crew, seat),
        "name": {
            "given": [_GIVEN[number % len(_GIVEN)]],
            "family": _FAMILY[number % len(_FAMILY)],
        },
        "roles": [role],
        "certifications": [_CERTIFICATIONS[role]],
        "languages": ["en", "es"] if number % 3 == 0 else ["en"],
    }


def _service(agency: Agency, service: str, name: str) -> Element:
    return {
        "id": service_id(agency.id, service),
        "agency": agency.id,
        "name": name,
        "accepts": {"voluntary": True, "walkIn": agency.type == "crisis-stabilization"},
        "languages": ["en", "es"],
    }
