"""A repository that writes down what it is asked to do, and keeps nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

from typing_extensions import override

from fhir_server.access.changes import Change, Committed, Create, Delete
from fhir_server.access.conditions import Guard
from fhir_server.access.context import AccessContext
from fhir_server.access.ports import Ports
from fhir_server.access.repository import Receipting, Repository
from fhir_server.fhir.definitions import load
from fhir_server.fhir.json import encode
from fhir_server.fhir.outcome import FhirError
from fhir_server.search.labels import Purpose
from fhir_server.smart.scopes import parse_scopes
from fhir_server.storage.rows import Receipt

NOW = 1_772_625_600_000_000
BASE = "http://fhir.example/fhir"


@dataclass(frozen=True, slots=True)
class Recording(Repository):
    """`changes` are those of every commit; `refusal` is raised instead where it is given."""

    changes: list[Change] = field(default_factory=list)
    receipts: list[Receipt | None] = field(default_factory=list)
    refusal: FhirError | None = None

    @override
    def commit(
        self,
        changes: Sequence[Change],
        receipt: Receipt | Receipting | None = None,
        guards: Sequence[Guard] = (),
    ) -> tuple[Committed, ...]:
        if self.refusal is not None:
            raise self.refusal
        self.changes.extend(changes)
        done = tuple(_committed(change) for change in changes)
        self.receipts.append(receipt(done) if callable(receipt) else receipt)
        return done


def recording(refusal: FhirError | None = None) -> Recording:
    numbers = count(1)
    nothing = cast("Any", None)
    ports = Ports(
        store=nothing,
        audit=nothing,
        facts=nothing,
        definitions=load(),
        base=BASE,
        clock=lambda: NOW,
        new_id=lambda: f"new-{next(numbers)}",
    )
    context = AccessContext(
        client_id="client",
        organization=1,
        organization_id="agency",
        actors=frozenset({1}),
        purpose=Purpose.TREAT,
        scopes=parse_scopes("system/*.cruds"),
        at=NOW,
        request_id="request",
    )
    return Recording(context, ports, refusal=refusal)


def _committed(change: Change) -> Committed:
    method = {"Create": "POST", "Update": "PUT", "Delete": "DELETE"}[type(change).__name__]
    return Committed(
        type=change.type,
        id=change.id or "new",
        version=1,
        last_updated=NOW,
        method=method,
        created=isinstance(change, Create),
        body=None if isinstance(change, Delete) else encode(change.resource),
    )
