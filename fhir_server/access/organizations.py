"""The Organization that a person means who writes an id or a name on the command line.

https://hl7.org/fhir/R4/organization.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fhir_server.access.changes import Create
from fhir_server.access.identity import Identify
from fhir_server.access.repository import Repository
from fhir_server.fhir.crisis import identifier_system
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import ConflictError, GoneError, NotFoundError
from fhir_server.search.expression import StringStarts
from fhir_server.search.parameters import parameters
from fhir_server.search.params.bounded import beginning
from fhir_server.search.params.string import normalise
from fhir_server.search.query import Query
from fhir_server.storage.rows import Stored

TYPE = "Organization"
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
# What nobody would call an organisation: a mistyped id of this form is not taken for a name.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """`created`: there was none of this name, so that one was made."""

    key: int
    id: str
    created: bool


def organization(repository: Repository, id_or_name: str, identify: Identify) -> Meant:
    """Return the Organization with this id, native id or, failing these, with exactly this name.

    Where there is none, one of this name is created: as the agency of which native records speak
    by this name (access/identity.py), so that it is the same whichever of the two comes first.

    Raises:
        NotFoundError: No Organization has this id, and it cannot be meant as a name.
        ConflictError: Several have this name.
    """
    native = identify("agency", "", id_or_name)
    found = (
        _by_id(repository, id_or_name)
        or _by_id(repository, native)
        or _by_name(repository, id_or_name)
    )
    if found is not None:
        return Meant(key=found.key, id=found.id, created=False)
    if _UUID.fullmatch(id_or_name) or not id_or_name.strip():
        raise NotFoundError(f"There is no Organization with the id or name `{id_or_name}`.")
    resource = {
        "resourceType": TYPE,
        "identifier": [{"system": identifier_system("agency"), "value": id_or_name}],
        "active": True,
        "name": id_or_name,
    }
    (committed,) = repository.commit((Create(type=TYPE, id=native, resource=resource),))
    made = repository.read(TYPE, committed.id)
    return Meant(key=made.key, id=made.id, created=True)


def _by_id(repository: Repository, id_: str) -> Stored | None:
    if not _ID.fullmatch(id_):
        return None
    try:
        return repository.read(TYPE, id_)
    except (NotFoundError, GoneError):
        return None


def _by_name(repository: Repository, name: str) -> Stored | None:
    prefix = beginning(normalise(name))
    named = list(_named(repository, name, prefix)) if prefix else []
    if len(named) > 1:
        raise ConflictError(f"Several organizations are called `{name}`; give the id of one.")
    return named[0] if named else None


def _named(repository: Repository, name: str, prefix: str) -> Iterator[Stored]:
    """Yield the organisations of exactly this name; a search by name finds beginnings too."""
    parameter = parameters(repository.ports.definitions, TYPE)["name"]
    where = StringStarts(parameter=parameter, prefix=prefix)
    query = Query(type=TYPE, where=where, count=_PAGE)
    while True:
        page = repository.search(query)
        for stored in page.matches:
            if stored.body is not None and decode(stored.body).get("name") == name:
                yield stored
        if page.after is None:
            return
        query = replace(query, after=page.after)
