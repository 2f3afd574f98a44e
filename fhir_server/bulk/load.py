"""Load transaction Bundles: each is one transaction, and none is taken twice.

https://hl7.org/fhir/R4/http.html#transaction . The journal is a receipt under the Bundle's hash,
written in the transaction of what it caused: whatever stops a load, each Bundle is in as a whole
or not at all, and the next load goes on where the last one ended.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from fhir_server.access.repository import Repository
from fhir_server.bulk.source import Found
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import (
    FhirError,
    InvalidResourceError,
    Issue,
    ReplayedError,
    UnavailableError,
)
from fhir_server.fhir.resource import Resource, type_of
from fhir_server.interactions.entry import elements
from fhir_server.interactions.transaction import transaction
from fhir_server.storage.rows import Receipt

_WRITES = frozenset({"POST", "PUT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of one Bundle: resources by type, or the `issues` for which it was refused.

    `replayed`: it was in already, with these resources.
    """

    name: str
    resources: Mapping[str, int] = field(default_factory=dict)
    replayed: bool = False
    issues: tuple[Issue, ...] = ()


def load(found: Found, repository: Repository) -> Loaded:
    """Write one Bundle for the organisation of the repository's context.

    Raises:
        UnavailableError: The database is busy or away; nothing of this Bundle was written.
    """
    try:
        bundle = decode(found.data)
        _require_transaction(bundle)
        resources = Counter(_written_types(bundle))
        transaction(bundle, repository, _receipt(found, repository, resources))
    except ReplayedError as replayed:
        return Loaded(name=found.name, resources=json.loads(replayed.result), replayed=True)
    except UnavailableError:
        raise
    except FhirError as refusal:
        return Loaded(name=found.name, issues=refusal.issues)
    return Loaded(name=found.name, resources=resources)


def _receipt(found: Found, repository: Repository, resources: Mapping[str, int]) -> Receipt:
    # The organisation belongs to the key: another one's load of the same Bundle is another load.
    digest = sha256(found.data).hexdigest()
    return Receipt(
        key=f"load|{repository.context.organization_id}|{digest}",
        result=json.dumps(resources).encode(),
    )


def _require_transaction(bundle: Resource) -> None:
    if type_of(bundle) != "Bundle":
        raise InvalidResourceError("This is not a Bundle.", expression="resourceType")
    if bundle.get("type") != "transaction":
        raise InvalidResourceError(
            "Only Bundles of type `transaction` are loaded.", expression="Bundle.type"
        )


def _written_types(bundle: Resource) -> list[str]:
    return [
        type_of(element["resource"])
        for element in elements(bundle)
        if element.get("request", {}).get("method") in _WRITES and "resource" in element
    ]
