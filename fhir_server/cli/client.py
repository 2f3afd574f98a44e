"""`handoff client`: which agencies' systems may use the server, and for what.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial, reduce
from operator import or_
from pathlib import Path

import click

from fhir_server import bootstrap
from fhir_server.access.identity import identifier
from fhir_server.access.organizations import Meant, organization
from fhir_server.bootstrap import Server
from fhir_server.fhir import definitions
from fhir_server.fhir.resource import MICROSECONDS, Element
from fhir_server.search.labels import Purpose
from fhir_server.settings import Settings
from fhir_server.smart.clients import (
    AUTHENTICATION,
    PUBLIC,
    SECRET,
    Client,
    of_row,
    registrable_scopes,
    secret_hash,
    to_row,
)
from fhir_server.smart.granting import CONTEXT_SCOPES
from fhir_server.smart.jwks_uri import JwksUriError, parts
from fhir_server.smart.keys import Jwk, KeyRefusedError, new_key_pair, public_keys
from fhir_server.smart.purposes import codes
from fhir_server.smart.redirects import RedirectError, registrable
from fhir_server.smart.scopes import Scope, ScopeError, format_scope, format_scopes
from fhir_server.smart.tokens import TOKEN_BYTES, token_text

REGISTER_HELP = """Register an agency's system and print its client id, alone.

The system proves itself with its private key (SMART Backend Services, private_key_jwt), so the
server is given the public one only. ORGANIZATION is the id or the exact name of an Organization
resource; where none has the name, it is created.

\b
Examples:
  handoff client register --name "Harbor EHR" --organization "Harbor Clinic" \\
    --jwks harbor-public.json --scope "system/*.rs" --purpose TREAT
  handoff client register --name "County CAD" --organization "Mobile Crisis Team" \\
    --jwks cad-public.json --scope "system/*.cruds" --purpose TREAT --purpose COC \\
    --submits-for "Police Department"

An app that people launch has --redirect-uri, scopes of `patient/` and `user/`, and in --context
what else it may ask for. It proves itself by keys, by a secret (--secret prints one after the id,
once), or not at all (--public).

\b
  handoff client register --name "Growth chart" --organization "Harbor Clinic" --public \\
    --redirect-uri https://chart.example/callback --launch-uri https://chart.example/launch \\
    --scope "patient/*.rs" --context "launch launch/patient openid fhirUser" --purpose TREAT
"""
KEY_HELP = """Make a key pair for a system that has none: FILE.private.json and FILE.public.json.

The private key stays with the system and is readable by you alone; the public one is registered.
Nothing is overwritten. Systems that can make keys should do so themselves.

\b
Examples:
  handoff client key harbor
  handoff client register --jwks harbor.public.json --name "Harbor EHR" \\
    --organization "Harbor Clinic" --scope "system/*.rs" --purpose TREAT
  handoff token --client ID --key harbor.private.json
"""
LIST_HELP = """List all clients, revoked ones too.

\b
Examples:
  handoff client list
  handoff client list --format json
"""
REVOKE_HELP = """Refuse a client from now on. Its access tokens end with the next request.

\b
Example:
  handoff client revoke 6f1c2c1e-5d0e-4f0c-9e0a-0d6f5f1f2b7a
"""


_OWNER_ONLY = 0o600
_EVERYBODY = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The options of `register`, read and checked."""

    name: str
    organization: str
    jwks: tuple[Jwk, ...]
    scope: tuple[Scope, ...]
    purpose: Purpose
    submits_for: tuple[str, ...]
    assign_ids: bool
    medical_personnel: bool
    privacy_officer: bool
    jwks_uri: str
    secret: bool
    public: bool
    redirect_uri: tuple[str, ...]
    launch_uri: str
    context: tuple[str, ...]
    launches: bool
    introspects: bool

    @property
    def auth_method(self) -> str:
        """How the client is to prove itself.

        Raises:
            click.UsageError: None of the ways was chosen, or several.
        """
        ways = {
            AUTHENTICATION: bool(self.jwks),
            f"{AUTHENTICATION} ": bool(self.jwks_uri),
            SECRET: self.secret,
            PUBLIC: self.public,
        }
        chosen = [method for method, is_chosen in ways.items() if is_chosen]
        if len(chosen) != 1:
            raise click.UsageError("Give one of --jwks, --jwks-uri, --secret and --public.")
        if chosen[0] in {SECRET, PUBLIC} and not self.redirect_uri:
            raise click.UsageError("A backend service proves itself by keys: give --jwks.")
        return chosen[0].strip()


def _keys(_context: click.Context, _option: click.Parameter, path: Path | None) -> tuple[Jwk, ...]:
    if path is None:
        return ()
    try:
        return public_keys(path.read_bytes())
    except KeyRefusedError as refusal:
        raise click.BadParameter(str(refusal)) from refusal


def _scopes(
    context: click.Context, _option: click.Parameter, texts: Sequence[str]
) -> tuple[Scope, ...]:
    app = bool(context.params.get("redirect_uri"))
    try:
        return registrable_scopes(texts, definitions.load().resource_types, app=app)
    except ScopeError as refusal:
        raise click.BadParameter(str(refusal)) from refusal


def _redirect_uris(
    _context: click.Context, _option: click.Parameter, uris: Sequence[str]
) -> tuple[str, ...]:
    try:
        return tuple(map(registrable, uris))
    except RedirectError as refusal:
        raise click.BadParameter(str(refusal)) from refusal


def _jwks_uri(_context: click.Context, _option: click.Parameter, uri: str) -> str:
    try:
        if uri:
            parts(uri)
    except JwksUriError as refusal:
        raise click.BadParameter(str(refusal)) from refusal
    return uri


def _context_scopes(
    _context: click.Context, _option: click.Parameter, texts: Sequence[str]
) -> tuple[str, ...]:
    words = tuple(word for text in texts for word in text.split())
    unknown = [word for word in words if word not in CONTEXT_SCOPES]
    if unknown:
        raise click.BadParameter(f"`{unknown[0]}` is not one of {', '.join(CONTEXT_SCOPES)}.")
    return words


def _purposes(_context: click.Context, _option: click.Parameter, names: Sequence[str]) -> Purpose:
    return reduce(or_, (Purpose[name] for name in names))


@click.group("client")
def client() -> None:
    """Register, list and revoke the systems that may use the server, and make keys for them."""


@client.command("register", help=REGISTER_HELP)
@click.option("--name", required=True, help="What people call the system.")
@click.option("--organization", required=True, help="Whose system it is: an id or a name.")
@click.option(
    "--redirect-uri",
    multiple=True,
    callback=_redirect_uris,
    is_eager=True,
    help="Of an app that people launch: where it gets its code, exactly. Repeatable.",
)
@click.option("--launch-uri", default="", help="Where an EHR sends the browser to launch the app.")
@click.option(
    "--context",
    multiple=True,
    callback=_context_scopes,
    help="Of an app: `openid fhirUser launch launch/patient online_access` and the like.",
)
@click.option("--public", is_flag=True, help="An app that cannot keep a secret.")
@click.option("--secret", is_flag=True, help="An app with a secret, which is printed once.")
@click.option("--jwks-uri", default="", callback=_jwks_uri, help="https address of its JWK Set.")
@click.option("--launches", is_flag=True, help="An EHR: it may ask for launch handles.")
@click.option("--introspects", is_flag=True, help="May introspect the tokens of other clients.")
@click.option(
    "--jwks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_keys,
    help="File with its public JWK or JWK Set: EC P-384 (ES384) or RSA of 2048 bits (RS384).",
)
@click.option(
    "--scope",
    required=True,
    multiple=True,
    callback=_scopes,
    help="What it may ask for: `system/*.cruds`, `system/Encounter.rs`. Repeatable.",
)
@click.option(
    "--purpose",
    required=True,
    multiple=True,
    type=click.Choice(list(Purpose.__members__)),
    callback=_purposes,
    help="Purpose of use of its tokens. Repeatable.",
)
@click.option(
    "--submits-for",
    multiple=True,
    help="Another agency whose records it may hand in: an id or a name. Repeatable.",
)
@click.option("--assign-ids", is_flag=True, help="May create resources under ids of its own.")
@click.option("--medical-personnel", is_flag=True, help="May use the purpose ETREAT unattended.")
@click.option("--privacy-officer", is_flag=True, help="May read its agency's audit trail.")
@click.pass_obj
def register(settings: Settings, /, **options: object) -> None:
    """Register a client and print its id."""
    registration = Registration(**options)  # type: ignore[arg-type]  # as declared just above
    _ = registration.auth_method
    with closing(bootstrap.of(settings)) as server:
        secret = token_text(server.random(TOKEN_BYTES)) if registration.secret else ""
        found = _client(registration, server, secret)
        server.oauth.register(to_row(found))
    click.echo(found.client_id)
    if secret:
        click.echo(secret)


@client.command("key", help=KEY_HELP)
@click.argument("file", type=click.Path(path_type=Path))
def key(file: Path) -> None:
    """Write a new key pair."""
    private, public = new_key_pair()
    _write(file.with_name(f"{file.name}.private.json"), private, mode=_OWNER_ONLY)
    _write(file.with_name(f"{file.name}.public.json"), public, mode=_EVERYBODY)


@client.command("list", help=LIST_HELP)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table")
@click.pass_obj
def list_(settings: Settings, form: str) -> None:
    """Print all clients."""
    with closing(bootstrap.of(settings)) as server:
        found = [of_row(row) for row in server.oauth.clients()]
    if form == "json":
        click.echo(json.dumps([_described(each) for each in found], indent=2))
    else:
        click.echo("\n".join(_table([_HEADINGS, *map(_line, found)])))


@client.command("revoke", help=REVOKE_HELP)
@click.argument("client_id")
@click.pass_obj
def revoke(settings: Settings, client_id: str) -> None:
    """Revoke a client."""
    with closing(bootstrap.of(settings)) as server:
        known = server.oauth.revoke(client_id, server.clock())
    if not known:
        raise click.ClickException(f"There is no client with the id `{client_id}`.")
    click.echo(f"Revoked `{client_id}`.", err=True)


def _write(path: Path, data: bytes, *, mode: int) -> None:
    try:
        with open(path, "xb", opener=partial(os.open, mode=mode)) as file:
            file.write(data)
    except OSError as fault:
        raise click.ClickException(f"{path} cannot be written: {fault.strerror}.") from fault
    click.echo(f"Wrote {path}.", err=True)


def _client(registration: Registration, server: Server, secret: str) -> Client:
    mine = _organization(server, registration.organization)
    others = [_organization(server, name).id for name in registration.submits_for]
    return Client(
        client_id=server.ids(),
        name=registration.name,
        organization=mine.key,
        organization_id=mine.id,
        jwks=registration.jwks,
        scopes=registration.scope,
        purposes=registration.purpose,
        submits_for=frozenset(others),
        assign_ids=registration.assign_ids,
        medical_personnel=registration.medical_personnel,
        privacy_officer=registration.privacy_officer,
        registered_at=server.clock(),
        auth_method=registration.auth_method,
        secret_hash=secret_hash(secret) if secret else None,
        jwks_uri=registration.jwks_uri,
        redirect_uris=registration.redirect_uri,
        launch_uri=registration.launch_uri,
        context_scopes=registration.context,
        launches=registration.launches,
        introspects=registration.introspects,
    )


def _organization(server: Server, id_or_name: str) -> Meant:
    found = organization(server.repository(server.system()), id_or_name, identifier(server.secret))
    if found.created:
        click.echo(f"Created Organization/{found.id} with the name `{id_or_name}`.", err=True)
    return found


def _described(found: Client) -> Element:
    """Return a client as JSON; of its keys only what names them."""
    return {
        "client_id": found.client_id,
        "name": found.name,
        "organization": found.organization_id,
        "scopes": [format_scope(scope) for scope in found.scopes],
        "purposes": list(codes(found.purposes)),
        "submits_for": sorted(found.submits_for),
        "assign_ids": found.assign_ids,
        "medical_personnel": found.medical_personnel,
        "privacy_officer": found.privacy_officer,
        "auth_method": found.auth_method,
        "jwks_uri": found.jwks_uri,
        "redirect_uris": list(found.redirect_uris),
        "context_scopes": list(found.context_scopes),
        "launches": found.launches,
        "introspects": found.introspects,
        "keys": [{"kid": jwk["kid"], "kty": jwk["kty"]} for jwk in found.jwks],
        "registered_at": _instant(found.registered_at),
        "revoked_at": None if found.revoked_at is None else _instant(found.revoked_at),
    }


_HEADINGS = ("CLIENT ID", "NAME", "ORGANIZATION", "PURPOSES", "SCOPES", "STATE")


def _line(found: Client) -> tuple[str, ...]:
    revoked = found.revoked_at is not None
    return (
        found.client_id,
        found.name,
        found.organization_id,
        " ".join(codes(found.purposes)),
        format_scopes(found.scopes),
        f"revoked {_instant(found.revoked_at or 0)}" if revoked else "active",
    )


def _table(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _instant(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds // MICROSECONDS, UTC).isoformat()


COMMAND = client
