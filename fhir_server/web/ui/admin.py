"""Administration: accounts, apps, agencies, signing keys.

https://pages.nist.gov/800-63-4/sp800-63b.html#recovery . An administrator of one agency sees and
changes what is that agency's; one of the whole deployment everything. Neither sees health data.
"""

from flask import Blueprint, Response

from fhir_server.bootstrap import Server
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import CollisionError, FhirError
from fhir_server.fhir.resource import Json
from fhir_server.search.query import Query
from fhir_server.smart import clients
from fhir_server.smart.clients import Client
from fhir_server.smart.login.register import NewAccount, RegistrationError
from fhir_server.smart.login.sign_in import SignedIn
from fhir_server.smart.roles import PERMISSIONS, Role
from fhir_server.smart.scopes import format_scope
from fhir_server.storage.accounts import AccountRow
from fhir_server.web.ui import patients
from fhir_server.web.ui.account import day
from fhir_server.web.ui.page import PageError, Visit, fields, move, show, visit

_METHODS = {"none": "Public", "client_secret_basic": "Secret", "private_key_jwt": "Keys"}
_MOST_AGENCIES = 500


def add_to(routes: Blueprint, server: Server) -> None:
    """Add the pages."""
    _users(routes, server)
    _clients(routes, server)

    @routes.get("/admin/agencies")
    def agencies() -> Response:
        found = visit(server)
        administrator = found.require(Role.ADMINISTRATOR)
        return show(found, "admin_agencies.html", agencies=_agencies(server, administrator))

    @routes.get("/admin/keys")
    def keys() -> Response:
        found = visit(server)
        administrator = found.require(Role.ADMINISTRATOR)
        rows = [
            {"kid": row.kid, "made": day(row.made_at), "signs": row.retired_at is None}
            for row in server.authorization.signer.published()
        ]
        return show(found, "admin_keys.html", keys=rows, all=_of_all(administrator))

    @routes.post("/admin/keys")
    def rotate() -> Response:
        found = visit(server)
        if not _of_all(found.require(Role.ADMINISTRATOR)):
            raise PageError("Keys are the whole deployment's.", status=403, title="Not for you")
        server.authorization.signer.rotate()
        return move(found, "/admin/keys")


def _users(routes: Blueprint, server: Server) -> None:
    registrar = server.authorization.registrar

    @routes.get("/admin/users")
    def users() -> Response:
        found = visit(server)
        return _list(found, found.require(Role.ADMINISTRATOR))

    @routes.post("/admin/users")
    def add_user() -> Response:
        found = visit(server)
        administrator = found.require(Role.ADMINISTRATOR)
        try:
            row, password = registrar.add(_wanted(server, administrator))
        except (RegistrationError, FhirError) as fault:
            taken = isinstance(fault, CollisionError)
            error = "The login is taken." if taken else str(fault)
            return _list(found, administrator, error=error, status=422)
        return show(found, "admin_password.html", login=row.login, password=password)

    _changes(routes, server)


def _changes(routes: Blueprint, server: Server) -> None:
    registrar = server.authorization.registrar

    @routes.post("/admin/users/<account_id>/<action>")
    def change_user(account_id: str, action: str) -> Response:
        found = visit(server)
        administrator = found.require(Role.ADMINISTRATOR)
        account = server.authorization.stores.accounts.by_id(account_id)
        if account is None or not _is_of(server, administrator, account):
            raise PageError("There is no such account here.", status=404)
        if action == "reset":
            password = registrar.reset(account_id)
            return show(found, "admin_password.html", login=account.login, password=password)
        if action == "disable":
            registrar.disable(account_id)
        elif action == "enable":
            server.authorization.stores.accounts.disable(account_id, None)
        else:
            raise PageError("There is nothing of that kind to do.", status=404)
        return move(found, "/admin/users")


def _list(found: Visit, administrator: SignedIn, *, error: str = "", status: int = 200) -> Response:
    server = found.server
    rows = [
        _user(server, account)
        for account in server.authorization.stores.accounts.all()
        if _is_of(server, administrator, account)
    ]
    return show(
        found,
        "admin_users.html",
        status=status,
        users=rows,
        error=error,
        given=fields("login", "name", "role", "agency", "fhir_user"),
        roles=[(role.value, PERMISSIONS[role].label) for role in Role],
        agencies=_agencies(server, administrator),
        all=_of_all(administrator),
    )


def _user(server: Server, account: AccountRow) -> dict[str, Json]:
    roles = server.authorization.sign_in.roles(account.account_id)
    return {
        "id": account.account_id,
        "login": account.login,
        "name": account.name,
        "disabled": account.disabled_at is not None,
        "roles": [
            {
                "label": PERMISSIONS[Role(role.role)].label,
                "agency": patients.organization_name(server, role.organization_id)
                or "All agencies",
            }
            for role in roles
        ],
    }


def _wanted(server: Server, administrator: SignedIn) -> NewAccount:
    given = fields("login", "name", "role", "agency", "fhir_user")
    chosen = {one["id"]: one for one in _agencies(server, administrator)}
    agency = chosen.get(given["agency"])
    if agency is None and not (given["agency"] == "" and _of_all(administrator)):
        raise RegistrationError("Choose one of the agencies.")
    if given["role"] not in set(Role):
        raise RegistrationError("Choose one of the roles.")
    return NewAccount(
        login=given["login"],
        name=given["name"],
        role=Role(given["role"]),
        organization=0 if agency is None else agency["key"],
        organization_id="" if agency is None else agency["id"],
        fhir_user=given["fhir_user"],
        since=server.clock(),
    )


def _clients(routes: Blueprint, server: Server) -> None:
    @routes.get("/admin/clients")
    def all_clients() -> Response:
        found = visit(server)
        administrator = found.require(Role.ADMINISTRATOR)
        rows = [
            _client(server, client)
            for client in map(clients.of_row, server.oauth.clients())
            if _of_all(administrator) or client.organization == _agency(administrator)
        ]
        return show(found, "admin_clients.html", clients=rows)

    @routes.post("/admin/clients/<client_id>/revoke")
    def revoke_client(client_id: str) -> Response:
        found = visit(server)
        administrator = found.require(Role.ADMINISTRATOR)
        row = server.oauth.client(client_id)
        if row is None or not (
            _of_all(administrator) or row.organization == _agency(administrator)
        ):
            raise PageError("There is no such app here.", status=404)
        server.oauth.revoke(client_id, server.clock())
        return move(found, "/admin/clients")


def _client(server: Server, client: Client) -> dict[str, Json]:
    return {
        "id": client.client_id,
        "name": client.name,
        "agency": patients.organization_name(server, client.organization_id),
        "kind": "App" if client.redirect_uris else "System",
        "method": _METHODS[client.auth_method],
        "scopes": [*client.context_scopes, *map(format_scope, client.scopes)],
        "revoked": client.revoked_at is not None,
    }


def _agencies(server: Server, administrator: SignedIn) -> list[dict[str, Json]]:
    query = Query(type="Organization", count=_MOST_AGENCIES)
    rows = server.repository(server.system()).search(query).matches
    found = [
        {"id": row.id, "key": row.key, "name": decode(row.body or b"{}").get("name", row.id)}
        for row in rows
        if _of_all(administrator) or row.key == _agency(administrator)
    ]
    return sorted(found, key=lambda one: str(one["name"]))


def _agency(administrator: SignedIn) -> int:
    return -1 if administrator.role is None else administrator.role.organization


def _of_all(administrator: SignedIn) -> bool:
    return _agency(administrator) == 0


def _is_of(server: Server, administrator: SignedIn, account: AccountRow) -> bool:
    """Say whether an account is one that this administrator keeps."""
    if _of_all(administrator):
        return True
    roles = server.authorization.stores.accounts.roles(account.account_id)
    # One who has a role elsewhere too is kept by the deployment's administrator alone.
    return bool(roles) and all(role.organization == _agency(administrator) for role in roles)
