"""Versions in headers: ETag, If-Match, If-None-Match, If-Modified-Since.

https://hl7.org/fhir/R4/http.html#concurrency and https://hl7.org/fhir/R4/http.html#cread

FHIR's entity tags are weak and hold the version id: `W/"3"`. Clients that leave the `W/` away are
understood.
"""

import re
from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

from fhir_server.fhir.outcome import InvalidRequestError
from fhir_server.fhir.resource import MICROSECONDS

_ENTITY_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_ONE_VERSION = re.compile(r'(?:W/)?"([1-9][0-9]{0,17})"')


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'W/"{version}"'


@lru_cache(maxsize=4096)
def http_date(instant: int) -> str:
    """Return microseconds since 1970 as an HTTP date, whose grain is a second."""
    return formatdate(instant // MICROSECONDS, usegmt=True)


def if_match(headers: Mapping[str, str]) -> int | None:
    """Return the version that the client wants to change, None where it does not say.

    Raises:
        InvalidRequestError: It is not one entity tag of this server's form.
    """
    text = headers.get("if-match")
    if text is None:
        return None
    found = _ONE_VERSION.fullmatch(text.strip())
    if found is None:
        raise InvalidRequestError(
            f'If-Match must be one version, as in `W/"3"`, not `{text}`.',
            expression="http.If-Match",
        )
    return int(found[1])


def unchanged(headers: Mapping[str, str], version: int, last_updated: int) -> bool:
    """Return whether the client's copy is current, so that 304 is the answer.

    `last_updated` is microseconds. If-None-Match goes before If-Modified-Since, and a date that
    cannot be read is ignored: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.3
    """
    tags = headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or str(version) in _ENTITY_TAG.findall(tags)
    since = headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return last_updated // MICROSECONDS <= parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False
