"""Fetching a client's keys: https only, public addresses only, small, quick, no redirects."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from typing_extensions import override

from fhir_server.smart.jwks_uri import (
    MOST_BYTES,
    REFRESH_SECONDS,
    JwksFetcher,
    JwksUriError,
    is_public,
    parts,
)
from fhir_server.smart.keys import KeyRefusedError
from tests.smart_clients import SECOND, ec_key, public

KEYS = json.dumps({"keys": [public(ec_key("one"))]}).encode()


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000 * SECOND

    def __call__(self) -> int:
        return self.time


@contextmanager
def site(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list[str]]]:
    """Give the address of a site that answers so, and the list of what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']}{self.path}")
            answer(self)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://keys.example:{server.server_port}/jwks", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def body(
    data: bytes, status: int = 200, **headers: str
) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def resolving(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    return lambda _host, _port: addresses


def fetcher(clock: Clock, *allowed: str, to: Sequence[str] = ("127.0.0.1",)) -> JwksFetcher:
    return JwksFetcher(allowed=allowed, clock=clock, resolve=resolving(*to))


def test_keys_are_fetched_once_and_remembered() -> None:
    found = fetcher(Clock(), "keys.example")
    with site(body(KEYS)) as (uri, asked):
        keys = [found.keys(uri, "one") for _ in range(5)]

    assert [one["kid"] for one in keys[0]] == ["one"]
    assert keys == [keys[0]] * 5
    assert len(asked) == 1
    assert asked[0].startswith("keys.example:")


def test_an_unknown_kid_is_asked_for_again_and_not_at_will() -> None:
    clock = Clock()
    found = fetcher(clock, "keys.example")
    with site(body(KEYS)) as (uri, asked):
        for number in range(20):
            found.keys(uri, f"unknown-{number}")
        clock.time += (REFRESH_SECONDS + 1) * SECOND
        found.keys(uri, "unknown")

    assert len(asked) == 2


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.7",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to be refused
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.7",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
    ],
)
def test_private_addresses_are_not_asked(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(KeyRefusedError):
        fetcher(Clock(), to=[address]).keys("https://keys.example/jwks", "one")


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(KeyRefusedError):
        fetcher(Clock(), to=["93.184.215.14", "127.0.0.1"]).keys("https://keys.example/", "one")


def test_a_name_that_resolves_differently_a_moment_later_changes_nothing() -> None:
    """The address that was looked at is the address that is connected to."""
    answers = iter([["127.0.0.1"], ["10.0.0.7"]])
    asked_names: list[str] = []

    def rebinding(host: str, _port: int) -> Sequence[str]:
        asked_names.append(host)
        return next(answers)

    found = JwksFetcher(allowed=["keys.example"], clock=Clock(), resolve=rebinding)
    with site(body(KEYS)) as (uri, _):
        assert found.keys(uri, "one")

    assert asked_names == ["keys.example"]


def test_redirects_are_not_followed() -> None:
    with site(body(KEYS)) as (other, others_asked):
        elsewhere = body(b"", 302, Location=other)
        with site(elsewhere) as (uri, _), pytest.raises(KeyRefusedError):
            fetcher(Clock(), "keys.example").keys(uri, "one")

    assert others_asked == []


@pytest.mark.parametrize(
    "answer",
    [
        body(b'{"keys": [' + b" " * MOST_BYTES + b"]}"),
        body(KEYS, 500),
        body(b"<html>"),
        body(b'{"keys": []}'),
        body(json.dumps({"keys": [{**ec_key("one").as_dict(private=True)}]}).encode()),
    ],
)
def test_what_is_no_small_set_of_public_keys_is_refused(
    answer: Callable[[BaseHTTPRequestHandler], None],
) -> None:
    with site(answer) as (uri, _), pytest.raises(KeyRefusedError):
        fetcher(Clock(), "keys.example").keys(uri, "one")


@pytest.mark.parametrize("uri", ["http://keys.example/jwks", "file:///etc/passwd", "gopher://x/"])
def test_only_https_is_spoken(uri: str) -> None:
    with pytest.raises((KeyRefusedError, JwksUriError)):
        fetcher(Clock(), to=["93.184.215.14"]).keys(uri, "one")


@pytest.mark.parametrize(
    "uri", ["https://user@keys.example/", "https:///jwks", "https://keys.example/#x", "https://[::"]
)
def test_addresses_that_cannot_be_are_not_registered(uri: str) -> None:
    with pytest.raises(JwksUriError):
        parts(uri)


def test_a_name_that_is_not_known_is_refused() -> None:
    def failing(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    found = JwksFetcher(allowed=[], clock=Clock(), resolve=failing)
    with pytest.raises(KeyRefusedError):
        found.keys("https://keys.example/jwks", "one")
