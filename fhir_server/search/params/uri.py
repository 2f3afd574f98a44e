"""Uri parameters, compared exactly, or with what lies above and below them.

https://hl7.org/fhir/R4/search.html#uri ; above and below are counted by whole segments of the
path, so that `http://acme.org/fhir` is not above `http://acme.org/fhirs`.
"""

from collections.abc import Callable, Iterator, Mapping

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.fhir.resource import Json
from fhir_server.search.expression import Expression, UriBelow, UriIs, any_of
from fhir_server.search.parameter import Parameter
from fhir_server.search.params.bounded import equatable
from fhir_server.search.params.escaping import unescape

Value = tuple[str]
_MOST_SEGMENTS = 30


def values() -> Mapping[str, Callable[[Json], Iterator[Value]]]:
    """Return by FHIR type how an element becomes values; the version of a canonical is left out.

    A canonical with a version is also indexed as it is written.
    """
    return {"uri": _uri, "url": _uri, "oid": _uri, "uuid": _uri, "canonical": canonical}


def expression(parameter: Parameter, modifier: str, text: str) -> Expression:
    """Return what the value `text` asks for, with the modifier `above`, `below` or "".

    Raises:
        InvalidSearchError: What is above or below a URN is asked for, which has no path.
    """
    value = unescape(text)
    if modifier and "://" not in value:
        raise InvalidSearchError(
            f"`:{modifier}` is for URLs, and `{text}` is none.", expression=parameter.code
        )
    match modifier:
        case "below":
            return UriBelow(parameter=parameter, url=equatable(value))
        case "above":
            return any_of(*(UriIs(parameter=parameter, value=one) for one in _above(value)))
        case _:
            return UriIs(parameter=parameter, value=equatable(value))


def is_below(value: str, url: str) -> bool:
    """Return whether `value` is `url`, or a path below it."""
    return value == url or value.startswith(url if url.endswith("/") else f"{url}/")


def canonical(text: str) -> Iterator[Value]:
    """Yield `url` of `url|version`, then the whole where there is a version."""
    url, bar, _ = text.partition("|")
    yield (equatable(url),)
    if bar:
        yield (equatable(text),)


def _above(url: str) -> list[str]:
    """Return `url` and the URLs that it is a path of, with and without a slash at their end."""
    scheme, _, rest = url.partition("://")
    segments = rest.rstrip("/").split("/")[:_MOST_SEGMENTS]
    paths = ["/".join(segments[:count]) for count in range(len(segments), 0, -1)]
    found = [f"{scheme}://{path}{end}" for path in paths for end in ("", "/")]
    return [equatable(one) for one in dict.fromkeys((url, *found))]


def _uri(text: str) -> Iterator[Value]:
    yield (equatable(text),)
