"""What a caller may ask the gate to change, and what the gate has done.

https://hl7.org/fhir/R4/http.html#create , `#update` and `#delete`
"""

from dataclasses import dataclass

from fhir_server.fhir.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A new resource.

    `id` is given by whoever had to refer to it before it was there (a transaction, intake), with
    an id from `Repository.new_id` or of the deployment's own making; never by a client.
    """

    type: str
    resource: Resource
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The next version of `type`/`id`; `if_match` is the version that it must follow."""

    type: str
    id: str
    resource: Resource
    if_match: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """The end of `type`/`id`; `if_match` is the version that must be the current one."""

    type: str
    id: str
    if_match: int | None = None


Change = Create | Update | Delete


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """One version that was written.

    `last_updated` is microseconds. `method` is POST, PUT or DELETE. `created`: there was no such
    resource before, or it was deleted. `body` is the caller's form of it, None for a deletion.
    `version` is 0 where a deletion found nothing that the caller may know of.
    """

    type: str
    id: str
    version: int
    last_updated: int
    method: str
    created: bool
    body: bytes | None
