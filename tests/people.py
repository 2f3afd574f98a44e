"""People and their browsers, without a screen: pages over HTTP, forms sent as they stand."""

import os
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx
from typing_extensions import override

from fhir_server.bootstrap import Server
from fhir_server.search.labels import Purpose
from fhir_server.smart.clients import Client, secret_hash, to_row
from fhir_server.smart.login import totp
from fhir_server.smart.login.register import NewAccount
from fhir_server.smart.roles import Role
from fhir_server.smart.scopes import parse_scopes

PASSWORD = "correct horse battery staple"
REDIRECT = "https://app.example/callback"
CONTEXT = "openid fhirUser profile launch launch/patient launch/encounter online_access"
SCOPES = "patient/*.cruds user/*.cruds"


@dataclass(slots=True)
class Form:
    """A form of a page: its fields as a browser would send them."""

    method: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, values: Mapping[str, str]) -> list[tuple[str, str]]:
        kept = [pair for pair in self.fields if pair[0] not in values]
        return [*kept, *values.items()]


class Forms(HTMLParser):
    """The forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("method", "get"), found.get("action", "")))
        elif self.forms and tag == "input" and "name" in found and "disabled" not in found:
            kind = found.get("type", "text")
            if kind not in {"checkbox", "radio"} or "checked" in found:
                self.forms[-1].fields.append((found["name"], found.get("value", "")))
        elif self.forms and tag == "button" and "name" in found:
            self.forms[-1].buttons.append((found["name"], found.get("value", "")))


def forms(response: httpx.Response) -> list[Form]:
    return Forms(response.text).forms


@dataclass(slots=True)
class Browser:
    """A browser with its cookies; redirects to other sites are not followed."""

    url: str
    http: httpx.Client

    @classmethod
    def at(cls, url: str) -> "Browser":
        return cls(url, httpx.Client(base_url=url, timeout=30))

    def get(self, path: str, **parameters: str) -> httpx.Response:
        return self.follow(self.http.get(path, params=parameters or None))

    def send(self, page: httpx.Response, action: str = "", **values: str) -> httpx.Response:
        """Send the form of `page` with this action, with `values` in the place of its own."""
        form = next(one for one in forms(page) if action in {"", one.action})
        pairs = form.filled(values)
        target = form.action or page.url.path
        if form.method == "get":
            return self.follow(self.http.get(target, params=urlencode(pairs)))
        return self.follow(self.http.post(target, data=as_data(pairs)))

    def follow(self, response: httpx.Response) -> httpx.Response:
        while response.is_redirect:
            location = response.headers["Location"]
            if urlsplit(location).netloc not in {"", urlsplit(self.url).netloc}:
                return response
            response = self.http.get(location)
        return response


def as_data(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    data: dict[str, list[str]] = {}
    for name, value in pairs:
        data.setdefault(name, []).append(value)
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """An account whose password and second factor the test knows."""

    account_id: str
    login: str
    key: str

    def code(self, at: int) -> str:
        return totp.code_at(self.key, at)


def somebody(server: Server, organization: str, role: Role, fhir_user: str = "") -> Somebody:
    """Return a new account in a role at an agency, ready to log in."""
    stored = server.repository(server.system()).read("Organization", organization)
    wanted = NewAccount(
        login=f"{role}-{uuid4()}",
        name="Sam Sample",
        role=role,
        organization=stored.key,
        organization_id=organization,
        fhir_user=fhir_user,
    )
    service = server.authorization
    account, _ = service.registrar.add(wanted, PASSWORD)
    key = totp.new_key(os.urandom)
    kept = totp.credential(account.account_id, key, 0, server.clock(), service.seal)
    service.stores.accounts.put_credential(kept)
    return Somebody(account_id=account.account_id, login=account.login, key=key)


def log_in(
    browser: Browser, person: Somebody, page: httpx.Response | None = None
) -> httpx.Response:
    """Log `person` in, from `page` if it is a login page; return the page that follows."""
    shown = page or browser.get("/login")
    asked = browser.send(shown, "/login", login=person.login, password=PASSWORD)
    return browser.send(asked, "/login/code", code=person.code(time.time_ns() // 1000))


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A registered app, and the secret values of one launch of it."""

    url: str
    client_id: str
    secret: str = ""
    redirect_uri: str = REDIRECT
    state: str = "state-1"
    verifier: str = "v" * 43

    def request(self, scope: str | None, **changed: str | None) -> dict[str, str]:
        """Return the parameters of a good request for authorization, but for what is changed."""
        fields: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": scope,
            "state": self.state,
            "aud": f"{self.url}/fhir",
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
            **changed,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def trade(self, code: str, **changed: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return self.post({**form, **changed})

    def refresh(self, token: str, **changed: str) -> httpx.Response:
        return self.post({"grant_type": "refresh_token", "refresh_token": token, **changed})

    def post(self, form: dict[str, str], path: str = "/oauth/token") -> httpx.Response:
        if self.secret:
            return httpx.post(self.url + path, data=form, auth=(self.client_id, self.secret))
        return httpx.post(self.url + path, data={"client_id": self.client_id, **form})


def an_app(server: Server, organization: str, **changed: Any) -> App:  # noqa: ANN401 - fields of Client
    """Return a new app; `secret=True` gives it one, else it is public."""
    secret = os.urandom(16).hex() if changed.pop("secret", False) else ""
    stored = server.repository(server.system()).read("Organization", organization)
    client = Client(
        client_id=f"app-{uuid4()}",
        name="Growth chart",
        organization=stored.key,
        organization_id=organization,
        jwks=(),
        scopes=parse_scopes(changed.pop("scopes", SCOPES)),
        purposes=changed.pop("purposes", Purpose.TREAT | Purpose.PATRQT | Purpose.HOPERAT),
        registered_at=server.clock(),
        auth_method="client_secret_basic" if secret else "none",
        secret_hash=secret_hash(secret) if secret else None,
        redirect_uris=(REDIRECT,),
        context_scopes=tuple(f"{CONTEXT} offline_access".split()),
        **changed,
    )
    server.oauth.register(to_row(client))
    return App(url=server.settings.public_url, client_id=client.client_id, secret=secret)


def challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def answer(response: httpx.Response) -> dict[str, str]:
    """Return what the redirect to an app says."""
    query = urlsplit(response.headers["Location"]).query
    return {name: values[0] for name, values in parse_qs(query).items()}


def text_of(response: httpx.Response) -> str:
    """Return what a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))
