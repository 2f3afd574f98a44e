"""Which formats are spoken: JSON and XML; whatever else is asked for or sent is refused clearly.

https://hl7.org/fhir/R4/http.html#mime-type

"If the client provides a generic mime type in the Accept header, the server SHOULD respond with
the requested mime type."
"""

from collections.abc import Iterator
from functools import lru_cache

from fhir_server.fhir.outcome import (
    InvalidRequestError,
    NotAcceptableError,
    UnsupportedMediaTypeError,
)

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"
JSON_TYPES = frozenset({FHIR_JSON, "application/json", "text/json"})
XML_TYPES = frozenset({FHIR_XML, "application/xml", "text/xml"})
_TYPES = {media_type: media_type for media_type in JSON_TYPES | XML_TYPES}
_RANGES = {
    **_TYPES,
    "application/*": FHIR_JSON,
    "text/*": "text/json",
    "*/*": FHIR_JSON,
}
# `+` in a query is a space: `_format=application/fhir+json` arrives so when it is not escaped.
_FORMATS = {
    **_TYPES,
    "json": FHIR_JSON,
    "application/fhir json": FHIR_JSON,
    "xml": FHIR_XML,
    "application/fhir xml": FHIR_XML,
}
_PATCHES = frozenset({"application/json-patch+json", "application/xml-patch+xml"})
_FHIR_VERSIONS = frozenset({"4.0", "4.0.1"})


def response_type(accept: str, formats: list[str]) -> str:
    """Return the media type to answer with; `formats` are the values of `_format`.

    Raises:
        NotAcceptableError: None of the formats asked for can be given.
    """
    return _of_format(formats[0]) if formats else _of_accept(accept)


@lru_cache(maxsize=256)
def _of_accept(accept: str) -> str:
    if not accept:
        return FHIR_JSON
    for media_type, parameters in _ranges(accept):
        if media_type in _RANGES and parameters.get("fhirversion", "4.0") in _FHIR_VERSIONS:
            return _RANGES[media_type]
    raise NotAcceptableError(
        f"`{accept}` cannot be given; this server speaks {FHIR_JSON} and {FHIR_XML} (FHIR 4.0).",
        expression="http.Accept",
    )


def require_plain(content_encoding: str) -> None:
    """Require that a body is not compressed.

    Raises:
        UnsupportedMediaTypeError: It is.
    """
    if content_encoding.lower() not in {"", "identity"}:
        raise UnsupportedMediaTypeError(
            f"`{content_encoding}` bodies are not read here; send it without an encoding.",
            expression="http.Content-Encoding",
        )


def body_is_xml(content_type: str) -> bool:
    """Return whether a body is in XML; otherwise it is in JSON.

    Raises:
        UnsupportedMediaTypeError: It is in neither, or not in UTF-8.
    """
    media_type, parameters = _parsed(content_type)
    known = not media_type or media_type in _TYPES
    if not known or parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMediaTypeError(
            f"`{content_type}` is not read here; send {FHIR_JSON} or {FHIR_XML} in UTF-8.",
            expression="http.Content-Type",
        )
    return media_type in XML_TYPES


def body_is_patch(content_type: str) -> bool:
    """Return whether a body is in a format of patches that no resource is in."""
    media_type, parameters = _parsed(content_type)
    return media_type in _PATCHES and parameters.get("charset", "utf-8").lower() == "utf-8"


def require_form(content_type: str) -> None:
    """Require that the body of a search by POST is a form.

    Raises:
        UnsupportedMediaTypeError: It is not.
    """
    media_type, _ = _parsed(content_type)
    if media_type not in {"", "application/x-www-form-urlencoded"}:
        raise UnsupportedMediaTypeError(
            "A search by POST has its parameters as application/x-www-form-urlencoded, "
            f"not `{content_type}`.",
            expression="http.Content-Type",
        )


def pretty(values: list[str]) -> bool:
    """Return whether `_pretty` asks for white space between elements.

    Raises:
        InvalidRequestError: Its value is neither true nor false.
    """
    if values and values[0] not in {"true", "false"}:
        raise InvalidRequestError("`_pretty` must be true or false.", expression="_pretty")
    return values[:1] == ["true"]


def _of_format(value: str) -> str:
    media_type, _ = _parsed(value)
    if media_type not in _FORMATS:
        raise NotAcceptableError(
            f"`_format={value}` cannot be given; this server speaks `json` and `xml`.",
            expression="_format",
        )
    return _FORMATS[media_type]


def _ranges(accept: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the media ranges from the most to the least wanted; those of q=0 are left out."""
    weighed = []
    for text in accept.split(","):
        media_type, parameters = _parsed(text)
        weight = _weight(parameters.get("q", "1"))
        if weight > 0:
            weighed.append((weight, media_type, parameters))
    weighed.sort(key=lambda found: found[0], reverse=True)
    return ((media_type, parameters) for _, media_type, parameters in weighed)


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _parsed(text: str) -> tuple[str, dict[str, str]]:
    media_type, *rest = text.split(";")
    pairs = (parameter.partition("=") for parameter in rest)
    return media_type.strip().lower(), {
        name.strip().lower(): value.strip().strip('"') for name, _, value in pairs
    }
