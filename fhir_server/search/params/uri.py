"""Uri parameters, compared exactly.

https://hl7.org/fhir/R4/search.html#uri
"""

from collections.abc import Callable, Iterator, Mapping

from fhir_server.fhir.resource import Json
from fhir_server.search.params.bounded import equatable

Value = tuple[str]


def values() -> Mapping[str, Callable[[Json], Iterator[Value]]]:
    """Return by FHIR type how an element becomes values; the version of a canonical is left out.

    A canonical with a version is also indexed as it is written.
    """
    return {"uri": _uri, "url": _uri, "oid": _uri, "uuid": _uri, "canonical": canonical}


def canonical(text: str) -> Iterator[Value]:
    """Yield `url` of `url|version`, then the whole where there is a version."""
    url, bar, _ = text.partition("|")
    yield (equatable(url),)
    if bar:
        yield (equatable(text),)


def _uri(text: str) -> Iterator[Value]:
    yield (equatable(text),)
