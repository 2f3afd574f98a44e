"""The routing table: every interaction and every operation, each at its place.

https://hl7.org/fhir/R4/http.html#summary
"""

from collections.abc import Iterable, Iterator
from functools import partial

from fhir_server.access.repository import Repository
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import NotSupportedError
from fhir_server.interactions.bundle import bundle
from fhir_server.interactions.create import create
from fhir_server.interactions.delete import conditional_delete, delete
from fhir_server.interactions.history import history, history_system
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.interactions.paging import Paging
from fhir_server.interactions.patch import conditional_patch, patch
from fhir_server.interactions.read import read
from fhir_server.interactions.route import Handler, Routes
from fhir_server.interactions.search import compartment, search, search_system
from fhir_server.interactions.update import conditional_update, update
from fhir_server.interactions.vread import vread


def routes(
    definitions: Definitions,
    operations: Iterable[Operation],
    paging: Paging,
    capabilities: Handler,
) -> Routes:
    """Return the table of this server; `capabilities` answers `metadata` in a batch."""
    searching = partial(search, paging=paging)
    everywhere = partial(search_system, paging=paging)
    inside = partial(compartment, paging=paging)
    versions = partial(history, paging=paging)
    table: dict[str, dict[str, Handler]] = {
        "metadata": {"GET": capabilities},
        "[type]": {
            "GET": searching,
            "POST": create,
            "PUT": conditional_update,
            "DELETE": conditional_delete,
            "PATCH": conditional_patch,
        },
        "[type]/_search": {"POST": searching},
        "_search": {"POST": everywhere},
        "_history": {"GET": partial(history_system, paging=paging)},
        "[type]/[id]/[place]": {"GET": inside},
        "[type]/[id]/[place]/_search": {"POST": inside},
        "[type]/_history": {"GET": versions},
        "[type]/[id]": {"GET": read, "PUT": update, "DELETE": delete, "PATCH": patch},
        "[type]/[id]/_history": {"GET": versions},
        "[type]/[id]/_history/[vid]": {"GET": vread},
    }
    for operation in operations:
        for template in _templates(operation):
            table[template] = _methods(operation, paging)
    found = Routes(types=frozenset(definitions.resource_types), table=table)
    # A batch finds its entries' handlers in the table that it stands in.
    table[""] = {"POST": partial(bundle, routes=found), "GET": everywhere}
    return found


def _templates(operation: Operation) -> Iterator[str]:
    if operation.system or not operation.types:
        yield f"${operation.code}"
    for resource_type in operation.types:
        if operation.of_type:
            yield f"{resource_type}/${operation.code}"
        if operation.instance:
            yield f"{resource_type}/[id]/${operation.code}"


def _methods(operation: Operation, paging: Paging) -> dict[str, Handler]:
    """Return the handlers: https://hl7.org/fhir/R4/operations.html#executing ."""

    def handle(request: FhirRequest, repository: Repository) -> FhirResponse:
        if operation.paged is not None:
            return operation.paged(request, repository, paging)
        if operation.handle is None:
            raise NotSupportedError(f"`${operation.code}` is not supported here.")
        return operation.handle(request, repository)

    return {"POST": handle} if operation.affects_state else {"POST": handle, "GET": handle}
