"""What the rare selectors of a Consent ask of a patient's resources: codes, dates, references.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.code and the elements after it
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from fhir_server.consent.labels import codings
from fhir_server.consent.model import Address, Content
from fhir_server.fhir import dates
from fhir_server.fhir.resource import Element, Json, Resource, id_of, items, type_of

# The elements that say when what a resource tells of was, the best first.
_WHEN = (
    "effectivePeriod",
    "effectiveDateTime",
    "effectiveInstant",
    "performedPeriod",
    "performedDateTime",
    "occurrencePeriod",
    "occurrenceDateTime",
    "onsetPeriod",
    "onsetDateTime",
    "period",
    "start",
    "authoredOn",
    "authored",
    "recordedDate",
    "recorded",
    "date",
    "created",
    "sent",
    "issued",
)
# The elements that name a resource's author, at any depth (Procedure.performer.actor).
_AUTHORS = frozenset(
    {
        "author",
        "performer",
        "sender",
        "recorder",
        "asserter",
        "informationSource",
        "requester",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a resource's words become values: the address of a Reference here, else None."""

    address: Callable[[Element], Address | None]
    type_ids: Mapping[str, int]


def contents(resources: Iterable[tuple[int, Resource]], reading: Reading) -> tuple[Content, ...]:
    """Return the content of each of a patient's resources, given with their keys."""
    found = [_content(key, resource, reading) for key, resource in resources]
    referred_by: defaultdict[Address, set[Address]] = defaultdict(set)
    for content in found:
        for address in content.refers_to:
            referred_by[address].add(content.address)
    return tuple(
        replace(content, referred_by=frozenset(referred_by[content.address])) for content in found
    )


def _content(key: int, resource: Resource, reading: Reading) -> Content:
    found = list(_references(resource, authors=False))
    addresses = [(reading.address(element), author) for element, author in found]
    return Content(
        key=key,
        address=(type_of(resource), id_of(resource)),
        type_id=reading.type_ids[type_of(resource)],
        profiles=frozenset(
            profile.partition("|")[0] for profile in items(resource.get("meta", {}), "profile")
        ),
        codings=frozenset(codings(resource)),
        period=when(resource),
        authors=frozenset(address for address, author in addresses if address and author),
        refers_to=frozenset(address for address, _ in addresses if address),
    )


def when(resource: Resource) -> tuple[int, int] | None:
    """Return when what a resource tells of was, [lo, hi) in microseconds; None: it does not say."""
    for name in _WHEN:
        found = resource.get(name)
        if isinstance(found, str):
            period = dates.parse(found)
            return period.lo, period.hi
        if isinstance(found, dict):
            span = _span(found)
            if span is not None:
                return span
    return None


def _span(period: Element) -> tuple[int, int] | None:
    """Return a Period with both ends; one that is open is not known to be over."""
    if not isinstance(period.get("start"), str) or not isinstance(period.get("end"), str):
        return None
    return dates.parse(period["start"]).lo, dates.parse(period["end"]).hi


def _references(value: Json, *, authors: bool) -> Iterator[tuple[Element, bool]]:
    """Yield every Reference, and whether it stands below an element that names authors."""
    if isinstance(value, list):
        for one in value:
            yield from _references(one, authors=authors)
    elif isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value, authors
        for name, inner in value.items():
            yield from _references(inner, authors=authors or name in _AUTHORS)
