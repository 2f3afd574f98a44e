"""What the gate stands on: the store, the audit log, the definitions, clock and ids.

Made once by `bootstrap`; a Repository is these and the context of one request.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from fhir_server.fhir.definitions import Definitions
from fhir_server.storage.audit_log import AuditLog
from fhir_server.storage.facts import FactStore
from fhir_server.storage.resources import ResourceStore
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.conformance import Conformance
from fhir_server.validation.validator import Validator


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """`base` is the FHIR base URL without a trailing slash.

    `clock` gives microseconds since 1970 UTC, `new_id` a logical id that nobody can guess. Counts
    from 1 to below `suppression_threshold` are hidden in what is published. `durable` False: the
    last changes may be lost at a power failure, for work that can be done again from its start.
    `conformance` says what may be stored; without it, whatever has the right structure.
    `terminology` knows the codes of the packages, and none of what is stored here.
    """

    store: ResourceStore
    audit: AuditLog
    facts: FactStore
    definitions: Definitions
    base: str
    clock: Callable[[], int]
    new_id: Callable[[], str]
    suppression_threshold: int = 11
    durable: bool = True
    conformance: Conformance | None = None
    validator: Validator | None = None
    terminology: Terminology = field(default_factory=lambda: Terminology(()))
