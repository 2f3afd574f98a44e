"""$lastn: the latest observations of each code.

https://hl7.org/fhir/R4/observation-operation-lastn.html

`max` (default 1) of each code, of one patient or group; the other parameters are those of a search
for Observation. Codes are one where a coding of one is a coding of the other.
"""

from fhir_server.access.repository import Repository
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import InvalidRequestError, InvalidSearchError
from fhir_server.fhir.resource import Json
from fhir_server.interactions.cursor import Cursor
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.interactions.paging import Paging
from fhir_server.interactions.prefer import lenient
from fhir_server.interactions.search import Reading
from fhir_server.interactions.searchset import Answered, response
from fhir_server.storage.rows import Stored

_MAX = "max"
_MOST = 1000
_ABOUT = frozenset({"patient", "subject"})
_OURS = frozenset({"_sort", "_count", "_cursor", "_total"})
_LATEST_FIRST = ("_sort", "-date")
_PAGE = ("_count", str(_MOST))


def lastn(request: FhirRequest, repository: Repository, paging: Paging) -> FhirResponse:
    """Return the latest observations of each code, the latest of all first.

    Raises:
        InvalidRequestError: Nobody is named whose observations are wanted, or `max` is no number.
        InvalidSearchError: A parameter is unknown or malformed.
        ForbiddenError: The caller may not search Observation.
    """
    pairs = [pair for pair in request.parameters if pair[0] != _MAX]
    if not any(name.partition(":")[0] in _ABOUT for name, _ in pairs):
        raise InvalidRequestError("`patient` or `subject` must be given.", expression="subject")
    if ours := [name for name, _ in pairs if name in _OURS]:
        raise InvalidSearchError(f"`{ours[0]}` is no parameter of `$lastn`.", expression=ours[0])
    at = repository.context.at
    reading = Reading(request, repository, paging, at)
    leniently = lenient(request.headers)
    query = reading("Observation", [*pairs, _LATEST_FIRST, _PAGE], leniently)
    rows = repository.latest(query, _Groups(_most(request)))
    said = tuple(pair for pair in request.parameters if pair[0] == _MAX)
    applied = (*(pair for pair in query.applied if pair not in (_LATEST_FIRST, _PAGE)), *said)
    page = Cursor(parameters=(), after=(), at=at)
    found = Answered(query=query, rows=rows, applied=applied, page=page)
    return response(request, repository, paging, found)


class _Groups:
    """Counts the observations of each code; says of each whether it is still wanted."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._group_of: dict[str, int] = {}
        self._counts: list[int] = []

    def __call__(self, observation: Stored) -> bool:
        """Say whether there are fewer than wanted of its code so far, and count it."""
        codes = _codes(decode(observation.body or b"{}").get("code", {}))
        known = [self._group_of[code] for code in codes if code in self._group_of]
        group = known[0] if known else len(self._counts)
        if not known:
            self._counts.append(0)
        for code in codes:
            self._group_of.setdefault(code, group)
        self._counts[group] += 1
        return self._counts[group] <= self._most


def _codes(concept: Json) -> list[str]:
    codings = [f"{c.get('system', '')}|{c.get('code')}" for c in concept.get("coding", ())]
    return codings or [f"text {concept.get('text', '')}"]


def _most(request: FhirRequest) -> int:
    texts = [text for name, text in request.parameters if name == _MAX]
    text = texts[0] if texts else "1"
    if len(texts) > 1 or not (text.isascii() and text.isdigit()) or not 0 < int(text[:9]) <= _MOST:
        raise InvalidRequestError(
            f"`max` must be one whole number from 1 to {_MOST}.", expression=_MAX
        )
    return int(text)


OPERATION = Operation(
    code="lastn",
    definition="http://hl7.org/fhir/OperationDefinition/Observation-lastn",
    types=("Observation",),
    instance=False,
    affects_state=False,
    paged=lastn,
)
