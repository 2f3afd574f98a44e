"""Who asks, for what, with which scopes: everything that a decision may turn on.

A token is resolved to this value once per request; background work persists it and rebuilds its
Repository from it.
"""

from dataclasses import dataclass, field

from fhir_server.search.labels import Purpose
from fhir_server.smart.scopes import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessContext:
    """The requester of one request.

    `organization` is the key of the client's Organization and `organization_id` its logical id;
    `actors` are the keys of that organisation and of those it is part of. `submits_for` are the ids
    of agencies whose native records it may hand in. `at` is the time of the request in
    microseconds. `system` marks migrations, loads and the demo: scopes and consent do not bind it,
    and `organization` becomes the custodian.

    `user_id` is the account of the person behind an app, "" behind a backend service; then
    `organization` is the agency for which that person acts. `launch_patient` is the id of the
    Patient to whom `patient/` scopes are bound, "" where there is none.
    """

    client_id: str
    organization: int
    organization_id: str
    actors: frozenset[int]
    purpose: Purpose
    scopes: tuple[Scope, ...]
    at: int
    request_id: str
    submits_for: frozenset[str] = field(default_factory=frozenset)
    medical_personnel: bool = False
    privacy_officer: bool = False
    assign_ids: bool = False
    system: bool = False
    user_id: str = ""
    launch_patient: str = ""
