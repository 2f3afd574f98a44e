"""A Consent as the native consent that it was made from.

https://hl7.org/fhir/R4/consent.html
"""

from collections.abc import Sequence

from fhir_server.fhir.resource import Element, Resource
from fhir_server.intake import extension
from fhir_server.intake.build import code_in, identifier_of, of_type, recorded_by
from fhir_server.intake.records.consent.mapping import CONSENT_KIND, EXTENSIONS
from fhir_server.intake.records.consent.provision import rule_of
from fhir_server.intake.source import external_id


def from_fhir(resources: Sequence[Resource]) -> Element:
    """Return the record that `resources` were made from."""
    (consent,) = of_type(resources, "Consent")
    found: Element = extension.read(consent, EXTENSIONS)
    revocation = found.pop("revocation", {})
    period = consent["provision"].get("period", {})
    expires = {**found.pop("expires", {}), **({"at": period["end"]} if "end" in period else {})}
    root = rule_of(consent["provision"])
    disclosers = [external_id(reference) for reference in consent["organization"]]
    found |= {
        "id": identifier_of(consent, "consent"),
        "person": external_id(consent["patient"]),
        "kind": next(filter(None, (code_in(each, CONSENT_KIND) for each in consent["category"]))),
        "discloser": [discloser for discloser in disclosers if discloser is not None],
        "effectiveAt": period.get("start"),
        "expires": expires,
        "revokedAt": revocation.get("at"),
        "revokedHow": revocation.get("method"),
        "attachment": consent.get("sourceAttachment"),
        "rules": root.pop("exceptions", []),
        **root,
        "recordedBy": recorded_by(resources),
    }
    return {name: value for name, value in found.items() if value not in (None, [], {})}
