"""Person: who somebody is, as one agency knows them.

One Patient per agency and person; Patients of several agencies are linked, never merged.
"""

from fhir_server.intake.record import Kind, Record
from fhir_server.intake.records.person.from_fhir import from_fhir
from fhir_server.intake.records.person.schema import PERSON, check, normal
from fhir_server.intake.records.person.to_fhir import to_fhir

RECORD = Record(
    path="persons",
    kinds=(
        Kind(
            name="person",
            plural="persons",
            schema=PERSON,
            normal=normal,
            check=check,
            to_fhir=to_fhir,
            from_fhir=from_fhir,
        ),
    ),
)
