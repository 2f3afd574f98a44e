"""Keys that a client publishes at an address of its own: fetched with great care.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys

The server is made to fetch an address that somebody else chose, so: https only; the name is
resolved once, every address it has must be public, and the connection goes to that very address
(a name that resolves differently a moment later changes nothing); no redirects, no proxies of the
environment; a few seconds, 64 KiB. A host inside the operator's network must be allowed by name.
"""

import json
import logging
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import httpx

from fhir_server.fhir.resource import MICROSECONDS
from fhir_server.smart.keys import Jwk, KeyRefusedError, public_keys

MOST_BYTES = 65_536
TIMEOUT_SECONDS = 3
CACHE_SECONDS = 600
# However many unknown kids are sent, an address is asked no more often than this.
REFRESH_SECONDS = 30
_NAT64 = IPv6Network("64:ff9b::/96")
_FEWEST_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}

log = logging.getLogger(__name__)
Resolve = Callable[[str, int], Sequence[str]]


class JwksUriError(ValueError):
    """The keys at an address cannot be had; the message names no address inside our network."""


@dataclass(frozen=True, slots=True)
class _Cached:
    keys: tuple[Jwk, ...]
    tried_at: int
    fetched_at: int


class JwksFetcher:
    """Fetches and remembers key sets. `clock` gives microseconds, `allowed` host names."""

    def __init__(
        self,
        *,
        allowed: Collection[str],
        clock: Callable[[], int],
        resolve: Resolve | None = None,
    ) -> None:
        self._allowed = frozenset(name.lower() for name in allowed)
        self._clock = clock
        self._resolve = resolve or addresses
        self._cache: dict[str, _Cached] = {}

    def keys(self, uri: str, kid: str) -> tuple[Jwk, ...]:
        """Return the keys at `uri`; they are fetched anew where `kid` is none of those known.

        Raises:
            KeyRefusedError: They cannot be had, or are of no use here.
        """
        now = self._clock()
        known = self._cache.get(uri)
        if known is not None:
            fresh = now < known.fetched_at + CACHE_SECONDS * MICROSECONDS
            named = any(jwk["kid"] == kid for jwk in known.keys)
            waits = now < known.tried_at + REFRESH_SECONDS * MICROSECONDS
            if (fresh and named) or waits:
                return known.keys
        before = () if known is None else known.keys
        fetched_at = 0 if known is None else known.fetched_at
        self._cache[uri] = _Cached(before, now, fetched_at)
        try:
            found = public_keys(self._fetch(uri))
        except (JwksUriError, httpx.HTTPError) as fault:
            log.warning("The keys of a client cannot be fetched: %s", type(fault).__name__)
            raise KeyRefusedError("The client's `jwks_uri` cannot be read.") from fault
        self._cache[uri] = _Cached(found, now, now)
        return found

    def _fetch(self, uri: str) -> bytes:
        scheme, host, port, path = self._target(uri)
        address = self._address(host, port)
        literal = f"[{address}]" if ":" in address else address
        url = f"{scheme}://{literal}:{port}{path}"
        headers = {**_FEWEST_HEADERS, "Host": f"{host}:{port}"}
        with (
            httpx.Client(
                timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False
            ) as client,
            client.stream(
                "GET", url, headers=headers, extensions={"sni_hostname": host}
            ) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise JwksUriError("The answer is not 200; redirects are not followed.")
            return self._body(response)

    def _body(self, response: httpx.Response) -> bytes:
        body, limit = b"", self._clock() + TIMEOUT_SECONDS * MICROSECONDS
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > MOST_BYTES or self._clock() > limit:
                raise JwksUriError("The answer is too large or too slow.")
        return body

    def _target(self, uri: str) -> tuple[str, str, int, str]:
        scheme, host, port, path = parts(uri)
        if scheme != "https" and host not in self._allowed:
            raise JwksUriError("`jwks_uri` must begin with https://.")
        return scheme, host, port, path

    def _address(self, host: str, port: int) -> str:
        """Return the one address to connect to; all of the name's must be fit."""
        try:
            found = list(self._resolve(host, port))
        except OSError as fault:
            raise JwksUriError("The name cannot be resolved.") from fault
        if not found:
            raise JwksUriError("The name has no address.")
        if host not in self._allowed and not all(map(is_public, found)):
            raise JwksUriError("The name leads into a private network.")
        return found[0]


def parts(uri: str) -> tuple[str, str, int, str]:
    """Return scheme, host, port and path with query of an address that keys may stand at.

    Raises:
        JwksUriError: It is none: see the module.
    """
    try:
        found = urlsplit(uri)
        host, port = (found.hostname or "").lower(), found.port
    except ValueError as fault:
        raise JwksUriError(f"`{uri}` is no address.") from fault
    if found.scheme not in {"https", "http"} or not host or found.username or found.fragment:
        raise JwksUriError(f"`{uri}` must be an https address without user and fragment.")
    path = found.path or "/"
    default = 443 if found.scheme == "https" else 80
    return found.scheme, host, port or default, f"{path}?{found.query}" if found.query else path


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public internet, also behind an IPv4-mapped one."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in _NAT64:
            inner = IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return found.is_global and not found.is_multicast


def addresses(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name.

    Raises:
        OSError: It cannot be resolved.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def key_set(keys: tuple[Jwk, ...]) -> bytes:
    """Return `keys` as a JWK Set."""
    return json.dumps({"keys": list(keys)}).encode()
