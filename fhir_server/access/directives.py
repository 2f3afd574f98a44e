"""The Consents of a patient, compiled anew whenever one of them changes.

In the transaction of the change, under a lock on the patient: the next statement of anybody sees
the new rules, and nothing is cached outside the database.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from fhir_server.consent.compile import compile_rules
from fhir_server.consent.parse import Source, parse
from fhir_server.fhir import reference
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.json import decode
from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.storage.rows import Address
from fhir_server.storage.transaction import WriteTransaction


def recompile(
    transaction: WriteTransaction, owners: Iterable[int], definitions: Definitions, *, base: str
) -> None:
    """Make the rules of each of `owners` those of the Consents that are on file now."""
    types = {name: definitions.type_id(name) for name in definitions.resource_types}
    for owner in sorted(owners):
        filed = [
            (key, custodian, decode(body))
            for key, custodian, body in transaction.consents_of(owner)
        ]
        named = {
            address for _, _, consent in filed for address in _named_organizations(consent, base)
        }
        keys = transaction.find_keys(named) if named else {}
        parsed = (
            parse(
                consent,
                Source(
                    key=key,
                    custodian=custodian,
                    organization=partial(organization_key, keys=keys, base=base),
                    type_ids=types,
                ),
            )
            for key, custodian, consent in filed
        )
        directives = [directive for directive in parsed if directive is not None]
        rules = compile_rules(directives, owner=owner, at=transaction.stamp)
        transaction.replace_rules(owner, rules)


def organization_address(element: Element, base: str) -> Address | None:
    """Return the Organization of this server to which a Reference points, if it does."""
    text = element.get("reference")
    if not isinstance(text, str):
        return None
    found = reference.parse(text, base)
    if found.type != "Organization" or found.id is None:
        return None
    return found.type, found.id


def organization_key(element: Element, keys: Mapping[Address, int], base: str) -> int | None:
    """Return the key of the Organization to which a Reference points, None for anything else."""
    address = organization_address(element, base)
    return None if address is None else keys.get(address)


def _named_organizations(consent: Resource, base: str) -> Iterator[Address]:
    provision: Element = consent.get("provision") or {}
    for actor in items(provision, "actor"):
        address = organization_address(actor.get("reference") or {}, base)
        if address is not None:
            yield address
