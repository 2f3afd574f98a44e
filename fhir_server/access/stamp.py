"""What the server writes into a resource: id, meta, labels, notice; and its two forms as bytes.

https://hl7.org/fhir/R4/resource.html#Meta . A client's versionId and lastUpdated are ignored.
"""

from dataclasses import dataclass

from fhir_server.consent.labels import security
from fhir_server.consent.own_form import shared_form
from fhir_server.fhir.crisis import REDISCLOSURE_NOTICE
from fhir_server.fhir.dates import format_instant
from fhir_server.fhir.json import encode
from fhir_server.fhir.resource import Element, Resource, items, type_of
from fhir_server.search.labels import Family

# 42 CFR 2.32(a)(2), word for word.
PART2_NOTICE = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
# The only resources that cannot have extensions: https://hl7.org/fhir/R4/resource.html
_WITHOUT_EXTENSIONS = frozenset({"Binary", "Bundle", "Parameters"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """The agency's own form of a resource, and the one for others; often they are one."""

    own: Resource
    shared: Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """The two forms as stored; `own` None where they are one."""

    shared: bytes
    own: bytes | None

    @property
    def full(self) -> bytes:
        """The agency's own form."""
        return self.shared if self.own is None else self.own


def forms(resource: Resource, families: Family, body: bytes | None = None) -> Forms:
    """Return both forms with the labels (none for directory data) and the Part 2 notice.

    `body` is the resource as compact JSON, where there is one.
    """
    own = _labelled(resource, families) if families else resource
    if type_of(resource) not in _WITHOUT_EXTENSIONS:
        own = _with_notice(own, wanted=Family.PART2 in families)
    return Forms(own=own, shared=shared_form(own, body))


def bodies(found: Forms, *, version: int, last_updated: int) -> Bodies:
    """Return both forms, stamped as `version`; `last_updated` is microseconds."""
    own = None
    if found.own is not found.shared:
        own = encode(_stamped(found.own, version, last_updated))
    return Bodies(shared=encode(_stamped(found.shared, version, last_updated)), own=own)


def _stamped(resource: Resource, version: int, last_updated: int) -> Resource:
    meta = dict(resource.get("meta", {}))
    for name in ("versionId", "_versionId", "lastUpdated", "_lastUpdated"):
        meta.pop(name, None)
    stamp = {"versionId": str(version), "lastUpdated": format_instant(last_updated)}
    head = {"resourceType": resource["resourceType"], "id": resource["id"], "meta": stamp | meta}
    return head | {name: value for name, value in resource.items() if name not in head}


def _labelled(resource: Resource, families: Family) -> Resource:
    meta = {**resource.get("meta", {}), "security": security(resource, families)}
    return {**resource, "meta": meta}


def _with_notice(resource: Resource, *, wanted: bool) -> Resource:
    """Return `resource` with the notice or without, whatever its author sent along."""
    present = items(resource, "extension")
    kept = [found for found in present if found.get("url") != REDISCLOSURE_NOTICE]
    if wanted:
        kept.append(_notice())
    if kept == present:
        return resource
    rest = {name: value for name, value in resource.items() if name != "extension"}
    return {**rest, "extension": kept} if kept else rest


def _notice() -> Element:
    return {
        "url": REDISCLOSURE_NOTICE,
        "extension": [{"url": "text", "valueString": PART2_NOTICE}],
    }
