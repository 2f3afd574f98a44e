"""https://www.rfc-editor.org/rfc/rfc7239 ."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from wsgiref.util import setup_testing_defaults

import pytest

from fhir_server.settings import SettingError
from fhir_server.web.proxy import TrustedProxies, client_address, networks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TRUSTED = networks("10.0.0.0/8, ::1")


def seen(trusted: str, **environ: str) -> dict[str, object]:
    """Return the environment that the application sees."""
    found: dict[str, object] = {}

    def application(inner: "WSGIEnvironment", _: "StartResponse") -> Iterable[bytes]:
        found.update(inner)
        return []

    setup_testing_defaults(found)
    outer = {**found, **environ}
    found.clear()
    middleware = TrustedProxies(
        application, trusted=networks(trusted), public_url="https://fhir.example"
    )
    middleware(outer, lambda *_: lambda _: None)
    return found


@pytest.mark.parametrize(
    ("peer", "chain", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3", "10.0.0.2"], "10.0.0.3"),
        ("::1", ["198.51.100.1"], "198.51.100.1"),
        ("unix", ["198.51.100.1"], "unix"),
    ],
)
def test_the_first_address_that_is_not_trusted_is_the_client(
    peer: str, chain: list[str], expected: str
) -> None:
    assert client_address(peer, chain, TRUSTED) == expected


def test_headers_of_a_trusted_proxy_are_believed() -> None:
    found = seen("10.0.0.1", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.1")

    assert found["REMOTE_ADDR"] == "198.51.100.1"


def test_the_standard_header_is_believed_too() -> None:
    forwarded = 'for=198.51.100.1;proto=https, for="[2001:db8::1]";by=10.0.0.1'

    assert seen("10.0.0.1", REMOTE_ADDR="10.0.0.1", HTTP_FORWARDED=forwarded)["REMOTE_ADDR"] == (
        "2001:db8::1"
    )


def test_nobody_else_is_believed() -> None:
    found = seen("10.0.0.1", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="198.51.100.1")

    assert found["REMOTE_ADDR"] == "203.0.113.9"
    assert not [name for name in found if "FORWARDED" in name]


@pytest.mark.parametrize("trusted", ["", "10.0.0.1"])
def test_no_header_changes_the_servers_own_address(trusted: str) -> None:
    found = seen(
        trusted,
        REMOTE_ADDR="10.0.0.1",
        HTTP_HOST="evil.example",
        HTTP_X_FORWARDED_HOST="evil.example",
        HTTP_X_FORWARDED_PROTO="http",
    )

    assert (found["wsgi.url_scheme"], found["HTTP_HOST"]) == ("https", "fhir.example")


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(SettingError):
        networks("10.0.0.0/8, proxy.example")
