"""A native consent as a Consent resource.

https://hl7.org/fhir/R4/consent.html . R4 says that the root has no type, its readers expect one:
it is written, and `policyRule` beside it says the same.
"""

from fhir_server.fhir.resource import Element, Resource
from fhir_server.intake import extension
from fhir_server.intake.build import (
    ACT_CODE,
    RESTRICTED,
    concept,
    extended,
    identifier,
    meta,
    provenance,
    reference_to,
    set_if,
)
from fhir_server.intake.record import Mapped
from fhir_server.intake.records.consent.mapping import (
    CONSENT_KIND,
    EXTENSIONS,
    PROFILES,
    SCOPE,
    policy_rule,
)
from fhir_server.intake.records.consent.provision import form_uri, provision
from fhir_server.intake.source import Source


def to_fhir(record: Element, source: Source) -> Mapped:
    """Return the Consent of a consent record, and its Provenance."""
    kind = record["kind"]
    patient = source.reference("person", record["person"])
    found: Resource = {
        "resourceType": "Consent",
        "id": source.id("consent", record["id"]),
        "meta": meta(PROFILES.get(kind, "crisis-disclosure-consent"), security=(RESTRICTED,)),
    }
    extended(found, _extensions(record, source))
    found["identifier"] = [identifier("consent", record, source)]
    # R4 has no status for revoked.
    found["status"] = "inactive" if "revokedAt" in record else "active"
    found["scope"] = concept(SCOPE, "patient-privacy")
    found["category"] = [concept(ACT_CODE, "IDSCL"), concept(CONSENT_KIND, kind)]
    found["patient"] = patient
    found["dateTime"] = _made(record, source)
    set_if(found, performer=_performer(record.get("grantor"), source))
    found["organization"] = [
        source.reference("agency", discloser) for discloser in record.get("discloser", ())
    ] or [source.self_reference()]
    _frame(found, record, source)
    targets = [reference_to(found), patient]
    return Mapped(resources=(found, provenance("consent", record, targets, source)))


def _frame(found: Resource, record: Element, source: Source) -> None:
    form = record.get("form")
    set_if(
        found,
        sourceAttachment=record.get("attachment"),
        policy=[{"uri": form_uri(form["id"], source)}] if form else None,
    )
    found["policyRule"] = concept(ACT_CODE, policy_rule(record["kind"], record["decision"]))
    set_if(found, verification=_verification(record.get("capture", {})))
    root = provision(record, source)
    period = set_if({}, start=record.get("effectiveAt"), end=record.get("expires", {}).get("at"))
    found["provision"] = {"type": root.pop("type"), **set_if({}, period=period), **root}


def _extensions(record: Element, source: Source) -> list[Element]:
    expires = {k: v for k, v in record.get("expires", {}).items() if k != "at"}
    revocation = set_if({}, at=record.get("revokedAt"), method=record.get("revokedHow"))
    flat = {**record, "expires": expires or None, "revocation": revocation or None}
    return extension.written(flat, EXTENSIONS, source)


def _made(record: Element, source: Source) -> str:
    capture = record.get("capture", {})
    return str(capture.get("at") or record.get("effectiveAt") or source.sent_at)


def _performer(grantor: Element | None, source: Source) -> list[Element]:
    if grantor is None:
        return []
    if "person" in grantor:
        return [source.reference("person", grantor["person"])]
    return [{"display": grantor["representative"]}] if "representative" in grantor else []


def _verification(capture: Element) -> list[Element]:
    if capture.get("method") != "verbal-witnessed":
        return []
    return [set_if({"verified": True}, verificationDate=capture.get("at"))]
