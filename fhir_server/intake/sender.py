"""Which agency a client may hand in records of."""

from collections.abc import Iterable

from fhir_server.access.context import AccessContext
from fhir_server.access.repository import Repository
from fhir_server.fhir.crisis import identifier_system
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import ForbiddenError, GoneError, NotFoundError
from fhir_server.fhir.resource import items
from fhir_server.intake.source import Identify


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
