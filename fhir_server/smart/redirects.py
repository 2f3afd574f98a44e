"""Redirect URIs: which may be registered, and when a request's is one of them. Pure.

https://www.rfc-editor.org/rfc/rfc9700#section-2.1 : compared character by character. No pattern, no
prefix, no normalisation, so that no trick with paths, fragments, user information or letter case
makes two different addresses one.
"""

import re
from collections.abc import Collection, Mapping
from urllib.parse import urlencode, urlsplit

_PRINTABLE = re.compile(r"[\x21-\x7e]{1,2000}")
# https://www.rfc-editor.org/rfc/rfc8252#section-7.1 : a domain name in reverse order.
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class RedirectError(ValueError):
    """An address cannot be registered; the message says why."""


def registrable(uri: str) -> str:
    """Return `uri` as it may be registered.

    Raises:
        RedirectError: It is no absolute https URI (http for the loopback interface, a reversed
            domain for a native app), or holds a fragment, user information or a wildcard.
    """
    if not _PRINTABLE.fullmatch(uri) or "\\" in uri or "*" in uri:
        raise RedirectError(f"`{uri}` is no address without wildcards and odd characters.")
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError as fault:
        raise RedirectError(f"`{uri}` is no address.") from fault
    if "#" in uri or parts.username is not None or parts.password is not None:
        raise RedirectError(f"`{uri}` must have no fragment and no user information.")
    if any(part in {".", ".."} for part in parts.path.split("/")):
        raise RedirectError(f"`{uri}` must name its path without `.` and `..`.")
    known = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if (known and host) or _PRIVATE_SCHEME.fullmatch(parts.scheme):
        return uri
    raise RedirectError(
        f"`{uri}` must begin with https:// (http:// for localhost, or the scheme of a native app"
        " such as `org.example.app:/callback`)."
    )


def is_registered(uri: str, registered: Collection[str]) -> bool:
    """Tell whether `uri` is, character by character, one of `registered`."""
    return uri in registered


def with_answer(uri: str, answer: Mapping[str, str]) -> str:
    """Return `uri` with the fields of an authorization response in its query."""
    joint = "&" if "?" in uri else "?"
    return f"{uri}{joint}{urlencode(answer)}"
