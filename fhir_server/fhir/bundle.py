"""Bundles as bytes: stored bodies are spliced into them and never parsed.

https://hl7.org/fhir/R4/bundle.html
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import TypeAlias

import msgspec

from fhir_server.fhir.dates import format_instant

# Pairs of relation (`self`, `next`) and URL.
Links: TypeAlias = Iterable[tuple[str, str]]


class SearchMode(StrEnum):
    """https://hl7.org/fhir/R4/valueset-search-entry-mode.html ."""

    MATCH = "match"
    INCLUDE = "include"
    OUTCOME = "outcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceEntry:
    """A resource, complete as JSON, and the URL that names it; "" where there is none."""

    full_url: str = ""
    resource: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEntry:
    """A resource that a search found, and why it is there."""

    full_url: str
    resource: bytes
    mode: SearchMode = SearchMode.MATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseEntry:
    """What came of an entry of a batch or transaction.

    `location` is the URL of the version that was made; `version` the number that becomes the ETag;
    `last_modified` microseconds. `resource` is the body where the client wants it (or what a read
    returned), `outcome` an OperationOutcome.
    """

    status: int
    full_url: str = ""
    location: str = ""
    version: int | None = None
    last_modified: int | None = None
    resource: bytes | None = None
    outcome: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One version: the request that made it and what came of it; `resource` None if it deleted.

    `url` is that of the request, relative to the base (`Patient/1`).
    """

    full_url: str
    method: str
    url: str
    status: int
    version: int
    last_modified: int
    resource: bytes | None = None


def searchset(
    entries: Iterable[SearchEntry],
    *,
    links: Links,
    total: int | None = None,
    timestamp: int | None = None,
) -> bytes:
    """Return a page of search results; `total` counts all matches, `timestamp` is microseconds."""
    found = (
        _entry(entry.full_url, entry.resource, b'"search":{"mode":%b}' % _text(entry.mode))
        for entry in entries
    )
    return _bundle("searchset", found, _timestamp(timestamp), _total(total), _links(links))


def history(
    entries: Iterable[HistoryEntry],
    *,
    links: Links,
    total: int | None = None,
    timestamp: int | None = None,
) -> bytes:
    """Return a page of versions; `total` counts all of them, `timestamp` is microseconds."""
    found = (
        _entry(
            entry.full_url,
            entry.resource,
            b'"request":{"method":%b,"url":%b}' % (_text(entry.method), _text(entry.url)),
            _response(
                ResponseEntry(
                    status=entry.status,
                    version=entry.version,
                    last_modified=entry.last_modified,
                )
            ),
        )
        for entry in entries
    )
    return _bundle("history", found, _timestamp(timestamp), _total(total), _links(links))


def transaction_response(entries: Iterable[ResponseEntry]) -> bytes:
    """Return the answer to a transaction, an entry for each entry, in the order they came."""
    return _bundle("transaction-response", map(_response_entry, entries))


def batch_response(entries: Iterable[ResponseEntry]) -> bytes:
    """Return the answer to a batch, an entry for each entry, in the order they came."""
    return _bundle("batch-response", map(_response_entry, entries))


def document(
    entries: Iterable[ResourceEntry], *, identifier: tuple[str, str], timestamp: int
) -> bytes:
    """Return a document: a Composition first, then what it refers to.

    `identifier` is its system and value, `timestamp` microseconds: a document must have both.
    """
    system, value = identifier
    head = b'"identifier":{"system":%b,"value":%b}' % (_text(system), _text(value))
    return _bundle("document", map(_resource_entry, entries), head, _timestamp(timestamp))


def collection(entries: Iterable[ResourceEntry], *, timestamp: int | None = None) -> bytes:
    """Return resources that are together for no reason that the Bundle states."""
    return _bundle("collection", map(_resource_entry, entries), _timestamp(timestamp))


def _bundle(type_: str, entries: Iterable[bytes], *members: bytes) -> bytes:
    """Leave out what is empty: JSON of FHIR has no empty arrays."""
    entry = b",".join(entries)
    head = (b'"resourceType":"Bundle"', b'"type":%b' % _text(type_))
    return _object((*head, *members, entry and b'"entry":[%b]' % entry))


def _timestamp(timestamp: int | None) -> bytes:
    return b"" if timestamp is None else b'"timestamp":%b' % _text(format_instant(timestamp))


def _total(total: int | None) -> bytes:
    return b"" if total is None else b'"total":%d' % total


def _links(links: Links) -> bytes:
    link = b",".join(b'{"relation":%b,"url":%b}' % (_text(r), _text(url)) for r, url in links)
    return link and b'"link":[%b]' % link


def _resource_entry(entry: ResourceEntry) -> bytes:
    return _entry(entry.full_url, entry.resource)


def _response_entry(entry: ResponseEntry) -> bytes:
    return _entry(entry.full_url, entry.resource, _response(entry))


def _entry(full_url: str, resource: bytes | None, *more: bytes) -> bytes:
    return _object(
        (
            b'"fullUrl":%b' % _text(full_url) if full_url else b"",
            b'"resource":%b' % resource if resource else b"",
            *more,
        )
    )


def _response(entry: ResponseEntry) -> bytes:
    modified = entry.last_modified
    members = (
        b'"status":%b' % _text(_status(entry.status)),
        b'"location":%b' % _text(entry.location) if entry.location else b"",
        b"" if entry.version is None else b'"etag":%b' % _text(f'W/"{entry.version}"'),
        b"" if modified is None else b'"lastModified":%b' % _text(format_instant(modified)),
        b'"outcome":%b' % entry.outcome if entry.outcome else b"",
    )
    return b'"response":%b' % _object(members)


def _status(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def _object(members: Iterable[bytes]) -> bytes:
    return b"{%b}" % b",".join(filter(None, members))


def _text(text: str) -> bytes:
    return msgspec.json.encode(text)
