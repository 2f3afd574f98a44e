"""What each role may do at most, whatever app its holder uses: scopes, purposes of use.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html : a `user/` scope gives
what the user may have, and no more. A role is bound to an agency and to dates (storage.accounts).
The scopes are ceilings for `user/` and `patient/` alike; consent is asked beyond them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fhir_server.search.labels import Purpose
from fhir_server.smart.scopes import Level, Scope, canonical, parse_scopes

_DIRECTORY = (
    "Organization.rs Location.rs Practitioner.rs PractitionerRole.rs HealthcareService.rs"
    " Endpoint.rs"
)
_REPORTS = f"Measure.rs MeasureReport.rs {_DIRECTORY}"
_RESPONSE = "Encounter.crus ServiceRequest.crus Task.crus Communication.crus Flag.rs Patient.rs"


class Role(StrEnum):
    """Who somebody is at an agency."""

    CLINICIAN = "clinician"
    PEER = "peer"
    DISPATCHER = "dispatcher"
    POLICE_OFFICER = "police-officer"
    ED_PHYSICIAN = "ed-physician"
    EHR_USER = "ehr-user"
    PRIVACY_OFFICER = "privacy-officer"
    PROGRAM_MANAGER = "program-manager"
    EPIDEMIOLOGIST = "epidemiologist"
    PATIENT = "patient"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """`scopes` are without their level; `purposes` in the order in which they are offered."""

    label: str
    scopes: str
    purposes: tuple[Purpose, ...]
    medical_personnel: bool = False


PERMISSIONS: Mapping[Role, Permission] = {
    Role.CLINICIAN: Permission(
        label="Clinician", scopes="*.cruds", purposes=(Purpose.TREAT, Purpose.COC)
    ),
    Role.PEER: Permission(
        label="Peer specialist",
        scopes=f"{_RESPONSE} CarePlan.rs EpisodeOfCare.rs Observation.crus {_DIRECTORY}",
        purposes=(Purpose.TREAT, Purpose.COC),
    ),
    Role.DISPATCHER: Permission(
        label="Dispatcher", scopes=f"{_RESPONSE} {_DIRECTORY}", purposes=(Purpose.DISPATCH,)
    ),
    Role.POLICE_OFFICER: Permission(
        label="Police officer", scopes=f"{_RESPONSE} {_DIRECTORY}", purposes=(Purpose.LEFIELD,)
    ),
    Role.ED_PHYSICIAN: Permission(
        label="Emergency physician",
        scopes="*.rs Encounter.crus Communication.crus ServiceRequest.crus",
        purposes=(Purpose.TREAT, Purpose.ETREAT),
        medical_personnel=True,
    ),
    Role.EHR_USER: Permission(
        label="EHR user", scopes="*.crus", purposes=(Purpose.TREAT, Purpose.COC)
    ),
    Role.PRIVACY_OFFICER: Permission(
        label="Privacy officer",
        scopes=f"AuditEvent.rs Consent.rs Patient.rs Provenance.rs {_DIRECTORY}",
        purposes=(Purpose.HOPERAT,),
    ),
    Role.PROGRAM_MANAGER: Permission(
        label="Program manager", scopes=_REPORTS, purposes=(Purpose.HOPERAT, Purpose.CAREMGT)
    ),
    Role.EPIDEMIOLOGIST: Permission(
        label="Epidemiologist", scopes=_REPORTS, purposes=(Purpose.PUBHLTH,)
    ),
    Role.PATIENT: Permission(label="Patient", scopes="*.rs", purposes=(Purpose.PATRQT,)),
    # Keeps accounts and apps; sees no health data at all.
    Role.ADMINISTRATOR: Permission(label="Administrator", scopes="", purposes=()),
}


def ceiling(role: Role) -> tuple[Scope, ...]:
    """Return all that a holder of `role` can be granted.

    A patient has no `user/` scopes: what is the patient's own is a compartment.
    """
    words = PERMISSIONS[role].scopes.split()
    levels = (Level.PATIENT,) if role is Role.PATIENT else (Level.PATIENT, Level.USER)
    return canonical(
        scope for level in levels for word in words for scope in parse_scopes(f"{level}/{word}")
    )


def purposes(role: Role) -> Purpose:
    """Return the purposes for which a holder of `role` can get tokens."""
    mask = Purpose(0)
    for purpose in PERMISSIONS[role].purposes:
        mask |= purpose
    return mask
