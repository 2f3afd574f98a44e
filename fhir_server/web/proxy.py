"""Behind a reverse proxy: whom to believe about the client's address, and what nobody may say.

https://www.rfc-editor.org/rfc/rfc7239

The server's own address comes from its settings and from no header, so that a Host header cannot
put another's address into links. The client's address is taken from X-Forwarded-For or Forwarded
only where a trusted proxy sent the request: the last address in the chain that is not itself a
trusted proxy.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fhir_server.settings import SettingError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Network = IPv4Network | IPv6Network

_FORWARDED_FOR = re.compile(r'\bfor="?\[?([^"\];,]+)', re.IGNORECASE)
_FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
)


class TrustedProxies:
    """Rewrites the environment so that nothing behind it sees a header that is not to be believed.

    `public_url` is the server's address as clients see it.
    """

    def __init__(
        self, application: "WSGIApplication", *, trusted: Sequence[Network], public_url: str
    ) -> None:
        self._application = application
        self._trusted = trusted
        address = urlsplit(public_url)
        self._scheme, self._host = address.scheme, address.netloc

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request. https://peps.python.org/pep-3333/ ."""
        if self._trusted:
            environ["REMOTE_ADDR"] = client_address(
                environ.get("REMOTE_ADDR", ""), _chain(environ), self._trusted
            )
        for name in _FORWARDED:
            environ.pop(name, None)
        environ["wsgi.url_scheme"] = self._scheme
        environ["HTTP_HOST"] = self._host
        return self._application(environ, start_response)


def networks(text: str) -> tuple[Network, ...]:
    """Return the addresses and networks of a comma-separated list.

    Raises:
        SettingError: One of them is neither.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    try:
        return tuple(ip_network(name) for name in names)
    except ValueError:
        raise SettingError(
            f"TRUSTED_PROXIES must be addresses or networks, not `{text}`."
        ) from None


def client_address(peer: str, chain: Sequence[str], trusted: Sequence[Network]) -> str:
    """Return the client's address: from the nearest hop outwards, the first that is not trusted.

    `chain` is in the order of the header: each proxy appends the address that it saw.
    """
    found = peer
    for address in reversed(chain):
        if not _is_trusted(found, trusted):
            return found
        found = address
    return found


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in trusted)


def _chain(environ: "WSGIEnvironment") -> list[str]:
    forwarded = environ.get("HTTP_FORWARDED")
    if forwarded:
        return [address.strip() for address in _FORWARDED_FOR.findall(forwarded)]
    listed = environ.get("HTTP_X_FORWARDED_FOR", "")
    return [address.strip() for address in listed.split(",") if address.strip()]
