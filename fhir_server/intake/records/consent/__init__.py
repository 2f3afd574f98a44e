"""Consent: what a person wants shared, with whom, for what, until when."""

from fhir_server.intake.record import Kind, Record
from fhir_server.intake.records.consent.check import check, review
from fhir_server.intake.records.consent.from_fhir import from_fhir
from fhir_server.intake.records.consent.schema import CONSENT, normal
from fhir_server.intake.records.consent.to_fhir import to_fhir

RECORD = Record(
    path="consents",
    kinds=(
        Kind(
            name="consent",
            plural="consents",
            schema=CONSENT,
            normal=normal,
            check=check,
            review=review,
            to_fhir=to_fhir,
            from_fhir=from_fhir,
        ),
    ),
)
