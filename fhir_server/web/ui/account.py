"""One's own account: the apps with access, each with a button that ends it; the role one acts in.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#metadata (`management_endpoint`)
"""

from datetime import UTC, datetime

from flask import Blueprint, Response

from fhir_server.bootstrap import Server
from fhir_server.fhir.resource import MICROSECONDS
from fhir_server.search.labels import Purpose
from fhir_server.smart.discovery import APPS_PATH
from fhir_server.smart.granting import OFFLINE
from fhir_server.smart.roles import PERMISSIONS, Role
from fhir_server.smart.scopes import parse_scopes
from fhir_server.storage.grants import GrantedRow
from fhir_server.web.ui import patients, words
from fhir_server.web.ui.page import PageError, Visit, fields, move, show, visit


def add_to(routes: Blueprint, server: Server) -> None:
    """Add the pages."""

    @routes.get("/")
    def start() -> Response:
        found = visit(server)
        _ = found.person
        return move(found, "/account")

    @routes.get("/account")
    def account() -> Response:
        found = visit(server)
        person = found.person
        held = server.authorization.sign_in.roles(person.account.account_id)
        roles = [
            {
                "id": role.role_id,
                "label": PERMISSIONS[Role(role.role)].label,
                "agency": patients.organization_name(server, role.organization_id),
                "until": day(role.until),
                "acting": person.role is not None and role.role_id == person.role.role_id,
            }
            for role in held
        ]
        return show(found, "account.html", roles=roles)

    _acting(routes, server)
    _apps(routes, server)


def _acting(routes: Blueprint, server: Server) -> None:
    @routes.post("/account/role")
    def act_as() -> Response:
        found = visit(server)
        person = found.person
        chosen = fields("role")["role"]
        held = server.authorization.sign_in.roles(person.account.account_id)
        if chosen not in {role.role_id for role in held}:
            raise PageError("That role is not yours, or not at present.", status=403)
        server.authorization.stores.sessions.act_as(person.session.session_hash, chosen)
        return move(found, "/account")


def _apps(routes: Blueprint, server: Server) -> None:
    @routes.get(APPS_PATH)
    def apps() -> Response:
        found = visit(server)
        granted = server.authorization.stores.grants.of_account(
            found.person.account.account_id, server.clock()
        )
        return show(found, "apps.html", apps=[_app(found, row, name) for row, name in granted])

    @routes.post(APPS_PATH)
    def end_access() -> Response:
        found = visit(server)
        account_id = found.person.account.account_id
        server.authorization.stores.grants.revoke(
            fields("grant")["grant"], server.clock(), account_id=account_id
        )
        return move(found, APPS_PATH)


def _app(found: Visit, row: GrantedRow, name: str) -> dict[str, object]:
    named = None
    if row.patient:
        named = patients.read(found, found.person, row.patient, row.client_id)
    return {
        "grant": row.grant_id,
        "name": name,
        "since": day(row.granted_at),
        "until": day(row.expires_at),
        "offline": OFFLINE in row.context_scopes.split(),
        "purpose": words.purposes((Purpose(row.purpose),))[0][1],
        "scopes": words.scope_words(parse_scopes(row.scopes)),
        "patient": "" if named is None else named.name,
    }


def day(instant: int) -> str:
    """Return the day of an instant (microseconds), "" for one that never comes."""
    try:
        found = datetime.fromtimestamp(instant // MICROSECONDS, UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return f"{found.day} {found:%B %Y}"
