"""Pages: how many entries, and the link to the next ones.

https://hl7.org/fhir/R4/http.html#paging
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.interactions.cursor import Cursor, CursorSeal
from fhir_server.interactions.message import FhirRequest

CURSOR = "_cursor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """The settings of pages, and the seal of the deployment's cursors."""

    seal: CursorSeal
    default_count: int
    max_count: int


def start(request: FhirRequest, repository: Repository, paging: Paging) -> Cursor:
    """Return what is searched for and from where; `after` is empty for the first page.

    Raises:
        InvalidRequestError: The cursor was not given to this client for this path.
        InvalidSearchError: Parameters stand beside the cursor, which holds them already.
    """
    texts = [value for name, value in request.parameters if name == CURSOR]
    if not texts:
        at = repository.context.at
        return Cursor(parameters=request.parameters, after=(), at=at)
    if len(request.parameters) > 1:
        raise InvalidSearchError(
            "A `_cursor` stands alone: it holds the parameters of its search.", expression=CURSOR
        )
    return paging.seal.unseal(texts[0], _bound_to(request, repository))


def next_link(
    request: FhirRequest, repository: Repository, paging: Paging, page: Cursor
) -> tuple[str, str]:
    """Return the link to the page that starts at `page`; its URL tells nothing of the search."""
    sealed = paging.seal.seal(page, _bound_to(request, repository))
    pairs = ((CURSOR, sealed), *request.form)
    return "next", f"{request.base}/{'/'.join(_path(request))}?{urlencode(pairs)}"


def _bound_to(request: FhirRequest, repository: Repository) -> tuple[str, ...]:
    context = repository.context
    return (context.client_id, context.user_id, *_path(request))


def _path(request: FhirRequest) -> tuple[str, ...]:
    """Return the path of the search by GET, which is where the pages of one by POST are."""
    return tuple(part for part in request.path if part != "_search")
