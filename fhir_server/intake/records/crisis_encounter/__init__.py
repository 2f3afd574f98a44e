"""CrisisEncounter: one contact with a person in crisis, from the call to the clearing."""

from fhir_server.intake.record import Kind, Record
from fhir_server.intake.records.crisis_encounter.check import check, review
from fhir_server.intake.records.crisis_encounter.from_fhir import from_fhir
from fhir_server.intake.records.crisis_encounter.normal import normal
from fhir_server.intake.records.crisis_encounter.schema import CRISIS_ENCOUNTER
from fhir_server.intake.records.crisis_encounter.to_fhir import to_fhir

RECORD = Record(
    path="crisis-encounters",
    kinds=(
        Kind(
            name="crisisEncounter",
            plural="crisisEncounters",
            schema=CRISIS_ENCOUNTER,
            normal=normal,
            check=check,
            review=review,
            to_fhir=to_fhir,
            from_fhir=from_fhir,
        ),
    ),
)
