"""The Consents of a patient, compiled anew whenever one of them changes.

In the transaction of the change, under a lock on the patient: the next statement of anybody sees
the new rules, and nothing is cached outside the database. Where a Consent speaks of some of the
patient's resources only (by code, date, profile or reference), which these are is worked out here,
so that any change in the patient's file has the rules compiled anew.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from fhir_server.consent.compile import compile_rules
from fhir_server.consent.contents import Reading, contents
from fhir_server.consent.model import Content, Directive
from fhir_server.consent.parse import parse
from fhir_server.consent.provisions import Source
from fhir_server.fhir import reference
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.json import decode
from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.storage.rows import Address, FiledConsent
from fhir_server.storage.transaction import WriteTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """Makes the rules of patients; `base` is the server's FHIR base URL."""

    transaction: WriteTransaction
    definitions: Definitions
    base: str

    def recompile(self, owners: Iterable[int]) -> None:
        """Make the rules of each of `owners` those of the Consents that are on file now."""
        for owner in sorted(owners):
            directives = self._directives(self.transaction.consents_of(owner))
            narrowed = any(found.active and found.is_narrowed for found in directives)
            rules = compile_rules(
                directives,
                owner=owner,
                at=self.transaction.stamp,
                contents=self._contents(owner) if narrowed else (),
            )
            self.transaction.replace_rules(owner, rules)

    def _directives(self, filed: Iterable[FiledConsent]) -> list[Directive]:
        read = [(found, decode(found.body)) for found in filed]
        named = {
            address for _, consent in read for address in _named_organizations(consent, self.base)
        }
        keys = self.transaction.find_keys(named) if named else {}
        parsed = (
            parse(consent, self._source(found, keys), deleted=found.deleted)
            for found, consent in read
        )
        return [directive for directive in parsed if directive is not None]

    def _source(self, found: FiledConsent, keys: Mapping[Address, int]) -> Source:
        return Source(
            key=found.key,
            custodian=found.custodian,
            organization=partial(organization_key, keys=keys, base=self.base),
            address=partial(local_address, base=self.base),
            type_ids=self._type_ids,
        )

    def _contents(self, owner: int) -> tuple[Content, ...]:
        reading = Reading(address=partial(local_address, base=self.base), type_ids=self._type_ids)
        records = ((key, decode(body)) for key, body in self.transaction.records_of(owner))
        return contents(records, reading)

    @property
    def _type_ids(self) -> Mapping[str, int]:
        return {name: self.definitions.type_id(name) for name in self.definitions.resource_types}


def local_address(element: Element, base: str) -> Address | None:
    """Return the resource of this server to which a Reference points, if it does."""
    text = element.get("reference")
    if not isinstance(text, str):
        return None
    found = reference.parse(text, base)
    if found.type is None or found.id is None:
        return None
    return found.type, found.id


def organization_address(element: Element, base: str) -> Address | None:
    """Return the Organization of this server to which a Reference points, if it does."""
    found = local_address(element, base)
    return found if found is not None and found[0] == "Organization" else None


def organization_key(element: Element, keys: Mapping[Address, int], base: str) -> int | None:
    """Return the key of the Organization to which a Reference points, None for anything else."""
    address = organization_address(element, base)
    return None if address is None else keys.get(address)


def _named_organizations(consent: Resource, base: str) -> Iterator[Address]:
    waiting: list[Element] = items(consent, "provision")
    while waiting:
        provision = waiting.pop()
        waiting.extend(items(provision, "provision"))
        for actor in items(provision, "actor"):
            address = organization_address(actor.get("reference") or {}, base)
            if address is not None:
                yield address
