"""The entries of a batch or transaction as requests.

https://hl7.org/fhir/R4/http.html#transaction and https://hl7.org/fhir/R4/bundle.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from fhir_server.fhir.outcome import InvalidRequestError
from fhir_server.fhir.resource import Element, Resource

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})
# Bundle.entry.request elements that stand for HTTP headers.
_HEADERS = {
    "ifMatch": "if-match",
    "ifNoneMatch": "if-none-match",
    "ifModifiedSince": "if-modified-since",
    "ifNoneExist": "if-none-exist",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: what Bundle.entry.request says, and the resource where there is one."""

    index: int
    method: str
    path: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    full_url: str = ""
    resource: Resource | None = None

    @property
    def expression(self) -> str:
        """The FHIRPath of the entry."""
        return f"Bundle.entry[{self.index}]"


def elements(bundle: Resource) -> list[Element]:
    """Return the entries of a Bundle as they stand in it.

    Raises:
        InvalidRequestError: `entry` is not an array of objects.
    """
    found = bundle.get("entry", [])
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise InvalidRequestError("`entry` must be an array of objects.", expression="Bundle.entry")
    return found


def entry(index: int, element: Element) -> Entry:
    """Return an element of Bundle.entry as a request.

    Raises:
        InvalidRequestError: It has no proper `request`, or its resource is not an object.
    """
    where = f"Bundle.entry[{index}]"
    request = element.get("request")
    if not isinstance(request, dict):
        raise InvalidRequestError("Each entry must have a `request`.", expression=where)
    path, parameters = _url(request.get("url"), f"{where}.request.url")
    return Entry(
        index=index,
        method=_method(request.get("method"), f"{where}.request.method"),
        path=path,
        parameters=parameters,
        headers={
            header: str(request[name]) for name, header in _HEADERS.items() if name in request
        },
        full_url=_text(element.get("fullUrl", ""), f"{where}.fullUrl"),
        resource=_resource(element.get("resource"), f"{where}.resource"),
    )


def _method(value: object, where: str) -> str:
    if not isinstance(value, str) or value not in METHODS:
        raise InvalidRequestError("`request.method` must be an HTTP verb.", expression=where)
    return value


def _url(value: object, where: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    text = _text(value, where).removeprefix("/")
    if not text or "://" in text.partition("?")[0]:
        raise InvalidRequestError(
            f"`request.url` must be relative to the FHIR base, as in `Patient/1`, not `{text}`.",
            expression=where,
        )
    path, _, query = text.partition("?")
    parameters = tuple(parse_qsl(query, keep_blank_values=True))
    return tuple(map(unquote, path.split("/"))), parameters


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidRequestError("This must be a string.", expression=where)
    return value


def _resource(value: object, where: str) -> Resource | None:
    if value is not None and not isinstance(value, dict):
        raise InvalidRequestError("This must be a resource.", expression=where)
    return value
