"""Which agency a client may hand in records of."""

import re
from collections.abc import Iterable
from functools import cache

from fhir_server.access.context import AccessContext
from fhir_server.access.repository import Repository
from fhir_server.fhir.crisis import identifier_system
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import ForbiddenError, GoneError, NotFoundError
from fhir_server.fhir.resource import items
from fhir_server.intake.source import Identify
from fhir_server.search.expression import IdIs
from fhir_server.search.query import Query

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def organization_of(agency: str, repository: Repository, identify: Identify) -> str:
    """Return the id of the Organization that a message's `source.agency` is.

    The agency is named by its Organization's id, or by the native id that its Organization has as
    identifier or name.

    Raises:
        ForbiddenError: The client may not hand in records of this agency.
    """
    context = repository.context
    found = permitted(agency, context, identify)
    if found is not None:
        return found
    if context.organization_id and _is_called(agency, repository):
        return context.organization_id
    raise ForbiddenError(
        f"`source.agency` is `{agency}`, which is neither this client's organization nor one that"
        " it is registered to submit for."
    )


def naming(repository: Repository, identify: Identify) -> Identify:
    """Return `identify`, but for agencies that are named by their Organization's own id."""

    @cache
    def exists(id_: str) -> bool:
        try:
            query = Query(type="Organization", where=IdIs(ids=(id_,)), count=1)
            return bool(repository.search(query).matches)
        except ForbiddenError:
            return False

    def name(kind: str, agency: str, external_id: str) -> str:
        if kind == "agency" and _ID.fullmatch(external_id) and exists(external_id):
            return external_id
        return identify(kind, agency, external_id)

    return name


def permitted(agency: str, context: AccessContext, identify: Identify) -> str | None:
    """Return the Organization's id of an agency that the client is, or submits for, else None."""
    by_name = identify("agency", "", agency)
    own = {context.organization_id, *context.submits_for}
    for candidate in (agency, by_name):
        if candidate in own:
            return candidate
    # Migrations and the demo write for every agency.
    return by_name if context.system else None


def may_write(
    agencies: Iterable[str], own: str, context: AccessContext, identify: Identify
) -> bool:
    """Return whether one of `agencies` is the message's `own`, or one the client submits for."""
    named = tuple(agencies)
    return not named or any(
        agency == own or permitted(agency, context, identify) is not None for agency in named
    )


def _is_called(agency: str, repository: Repository) -> bool:
    try:
        stored = repository.read("Organization", repository.context.organization_id)
    except (NotFoundError, GoneError, ForbiddenError):
        return False
    organization = decode(stored.body or b"{}")
    names = [
        found.get("value")
        for found in items(organization, "identifier")
        if found.get("system") == identifier_system("agency")
    ]
    return agency in (*names, organization.get("name"))
