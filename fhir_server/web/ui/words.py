"""Scopes in plain words, grouped as people think of a record. Pure.

https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html : who decides must understand what
is asked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fhir_server.search.labels import Purpose
from fhir_server.smart.granting import (
    FHIR_USER,
    OFFLINE,
    ONLINE,
    OPENID,
    OPTIONAL,
    PROFILE,
    Offer,
)
from fhir_server.smart.purposes import codes
from fhir_server.smart.scopes import Level, Scope, format_scope

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "About the person": ("Patient", "RelatedPerson", "Person"),
    "Crises and visits": (
        "Encounter",
        "EpisodeOfCare",
        "Appointment",
        "Flag",
        "Location",
        "Task",
        "ServiceRequest",
        "Communication",
    ),
    "Health and findings": (
        "AllergyIntolerance",
        "Condition",
        "DiagnosticReport",
        "DocumentReference",
        "Immunization",
        "Observation",
        "Procedure",
        "QuestionnaireResponse",
        "RiskAssessment",
    ),
    "Medicines and plans": (
        "CarePlan",
        "CareTeam",
        "Goal",
        "Medication",
        "MedicationAdministration",
        "MedicationDispense",
        "MedicationRequest",
        "MedicationStatement",
    ),
    "Privacy": ("AuditEvent", "Consent", "Provenance"),
    "Agencies and staff": (
        "Endpoint",
        "HealthcareService",
        "Organization",
        "Practitioner",
        "PractitionerRole",
    ),
    "Reports": ("Measure", "MeasureReport"),
}
_NAMES: Mapping[str, str] = {
    "*": "everything in the record",
    "Patient": "name, birth date, address and contact",
    "RelatedPerson": "family and contacts",
    "Encounter": "crises and visits",
    "EpisodeOfCare": "episodes of care",
    "Flag": "warnings",
    "Task": "tasks and hand-offs",
    "ServiceRequest": "referrals and orders",
    "Communication": "messages",
    "AllergyIntolerance": "allergies",
    "Condition": "diagnoses and problems",
    "Observation": "measurements, screenings and findings",
    "QuestionnaireResponse": "questionnaires",
    "RiskAssessment": "risk assessments",
    "DocumentReference": "documents",
    "DiagnosticReport": "reports of tests",
    "CarePlan": "care and safety plans",
    "CareTeam": "care teams",
    "MedicationRequest": "prescriptions",
    "Consent": "consents",
    "AuditEvent": "who has looked at what",
    "Organization": "agencies",
    "Practitioner": "staff",
    "PractitionerRole": "roles of staff",
    "HealthcareService": "services",
    "Location": "places",
    "MeasureReport": "published counts",
}
_CONTEXT: Mapping[str, tuple[str, str]] = {
    OPENID: ("Know that it is you", "The app learns an identifier of your account."),
    FHIR_USER: ("Know who you are here", "The app learns which staff or patient entry is yours."),
    PROFILE: ("Know your name", "The app learns your name as it is kept here."),
    ONLINE: (
        "Stay connected while you are logged in",
        "Ends when you log out here, or after a working day.",
    ),
    OFFLINE: (
        "Stay connected when you are away",
        "The app can go on without you for as long as you choose below.",
    ),
}
_PURPOSES: Mapping[str, str] = {
    "TREAT": "Treatment",
    "COC": "Coordination of care",
    "ETREAT": "Emergency treatment",
    "HOPERAT": "Operations of the agency",
    "CAREMGT": "Care management",
    "PUBHLTH": "Public health",
    "PATRQT": "My own use",
    "LEFIELD": "Law enforcement in the field",
    "LEINVEST": "Investigation",
    "DIVERSION": "Diversion from jail",
    "DISPATCH": "Dispatch",
    "HPAYMT": "Payment",
    "HRESCH": "Research",
    "BTG": "Breaking the glass",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One box: `value` is the scope, `detail` says more; `required`: it cannot be unticked."""

    value: str
    text: str
    detail: str = ""
    writes: bool = False
    required: bool = False
    ticked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Boxes that belong together."""

    title: str
    lines: tuple[Line, ...]


def groups(offered: Offer, launch_patient: str) -> tuple[Group, ...]:
    """Return an offer as boxes; `launch_patient` is how the patient is called, "" for nobody."""
    found: dict[str, list[Line]] = {}
    for scope in offered.clinical:
        found.setdefault(_title(scope.type), []).append(_line(scope, launch_patient))
    identity = [_context(word) for word in offered.context if word in _CONTEXT]
    if identity:
        found["About you and the connection"] = identity
    order = [*_GROUPS, "The record", "Other parts of the record", "About you and the connection"]
    return tuple(
        Group(title=title, lines=tuple(found[title])) for title in sorted(found, key=order.index)
    )


def purposes(offered: Iterable[Purpose]) -> tuple[tuple[str, str], ...]:
    """Return code and name of each purpose."""
    return tuple((code, _PURPOSES[code]) for one in offered for code in codes(one))


def scope_words(scopes: Iterable[Scope]) -> tuple[str, ...]:
    """Return scopes as short sentences."""
    return tuple(dict.fromkeys(_text(scope) for scope in scopes))


def _title(type_: str) -> str:
    if type_ == "*":
        return "The record"
    known = (title for title, types in _GROUPS.items() if type_ in types)
    return next(known, "Other parts of the record")


def _line(scope: Scope, launch_patient: str) -> Line:
    whose = launch_patient or "the chosen patient"
    reach = (
        f"Of {whose} only."
        if scope.level is Level.PATIENT
        else "Of every patient whom you may see here."
    )
    if scope.query:
        wanted = " and ".join(f"{name} is {value}" for name, value in scope.query)
        reach = f"{reach} Only where {wanted}."
    return Line(
        value=format_scope(scope),
        text=_text(scope),
        detail=reach,
        writes=bool(set(scope.interactions) & set("cud")),
    )


def _text(scope: Scope) -> str:
    letters = set(scope.interactions)
    verbs = [
        verb
        for verb, needs in (("see", "rs"), ("add", "c"), ("change", "u"), ("delete", "d"))
        if letters & set(needs)
    ]
    said = verbs[0] if len(verbs) == 1 else f"{', '.join(verbs[:-1])} and {verbs[-1]}"
    name = _NAMES.get(scope.type, f"entries of the kind {scope.type}")
    return f"{said.capitalize()} {name}"


def _context(word: str) -> Line:
    text, detail = _CONTEXT[word]
    # To go on without its user is never granted by not looking.
    ticked = word != OFFLINE
    return Line(value=word, text=text, detail=detail, required=word not in OPTIONAL, ticked=ticked)
