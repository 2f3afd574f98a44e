"""Redirect URIs: https://www.rfc-editor.org/rfc/rfc9700#section-2.1 ."""

import pytest

from fhir_server.smart.redirects import RedirectError, is_registered, registrable, with_answer

GOOD = (
    "https://app.example/callback",
    "https://app.example/callback?kept=1",
    "http://localhost:3000/",
    "http://127.0.0.1:9000/callback",
    "http://[::1]:9000/callback",
    "org.example.app:/callback",
)


@pytest.mark.parametrize("uri", GOOD)
def test_addresses_of_apps_can_be_registered(uri: str) -> None:
    assert registrable(uri) == uri
    assert is_registered(uri, GOOD)


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/callback",
        "https://app.example/callback#fragment",
        "https://user@app.example/callback",
        "https://user:secret@app.example/callback",
        "https://app.example/a/../callback",
        "https://*.example/callback",
        "https:///callback",
        "https://app.example/call back",
        "https://app.example\\@evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:/callback",
        "//app.example/callback",
        "callback",
        "https://[::1/callback",
        "",
    ],
)
def test_addresses_that_invite_tricks_cannot(uri: str) -> None:
    with pytest.raises(RedirectError):
        registrable(uri)


def test_an_answer_keeps_the_query_of_the_address() -> None:
    answered = with_answer("https://app.example/?kept=1", {"state": "a&b"})

    assert answered == "https://app.example/?kept=1&state=a%26b"
