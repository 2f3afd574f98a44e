"""`handoff token`: an access token for a registered client, from a running server.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

from pathlib import Path

import click
import httpx

from fhir_server import bootstrap
from fhir_server.fhir.resource import Json
from fhir_server.settings import Settings
from fhir_server.smart.assertion import ASSERTION_TYPE, sign_assertion
from fhir_server.smart.clients import GRANT
from fhir_server.smart.keys import KeyRefusedError
from fhir_server.smart.purposes import FIELD

HELP = """Get an access token from the running server and print it, alone.

The token is good for five minutes. Without --scope it has all scopes of the client; --purpose is
needed where the client has several.

\b
Examples:
  handoff token --client ID --key harbor-private.json
  curl -H "Authorization: Bearer $(handoff token --client ID --key FILE)" \\
    http://127.0.0.1:8080/fhir/Patient
"""
TIMEOUT_SECONDS = 10


@click.command("token", help=HELP)
@click.option("--client", "client_id", required=True, help="The id that `client register` gave.")
@click.option(
    "--key",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the client's private JWK, or a JWK Set with one.",
)
@click.option("--scope", multiple=True, help="Ask for less than is registered. Repeatable.")
@click.option("--purpose", help="Purpose of use, such as TREAT.")
@click.option("--url", help="The server, without /fhir. Default: as the settings say.")
@click.pass_obj
def token(settings: Settings, /, **options: Json) -> None:
    """Print an access token."""
    wanted = {"scope": " ".join(options["scope"]) or None, FIELD: options["purpose"]}
    url = (options["url"] or settings.public_url).rstrip("/")
    with httpx.Client(timeout=TIMEOUT_SECONDS) as http:
        endpoint = _token_endpoint(http, url)
        form = {
            "grant_type": GRANT,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": _assertion(options["key"], options["client_id"], endpoint),
            **{name: value for name, value in wanted.items() if value is not None},
        }
        answer = _json(_sent(http, http.build_request("POST", endpoint, data=form)))
    click.echo(answer["access_token"])


def _token_endpoint(http: httpx.Client, url: str) -> str:
    address = f"{url}/fhir/.well-known/smart-configuration"
    endpoint: str = _json(_sent(http, http.build_request("GET", address)))["token_endpoint"]
    return endpoint


def _assertion(key: Path, client_id: str, endpoint: str) -> str:
    try:
        return sign_assertion(
            key.read_bytes(),
            client_id=client_id,
            token_endpoint=endpoint,
            jti=bootstrap.new_id(),
            at=bootstrap.now(),
        )
    except KeyRefusedError as refusal:
        raise click.ClickException(str(refusal)) from refusal


def _sent(http: httpx.Client, request: httpx.Request) -> httpx.Response:
    try:
        return http.send(request)
    except httpx.HTTPError as fault:
        raise click.ClickException(
            f"{request.url} does not answer ({fault}). Is the server running?"
        ) from fault


def _json(response: httpx.Response) -> Json:
    """Return the answer's JSON.

    Raises:
        click.ClickException: It is a refusal, or not from such a server.
    """
    try:
        answer: Json = response.json()
    except ValueError as fault:
        raise click.ClickException(f"{response.url} is not a Handoff server.") from fault
    if response.is_error:
        told = answer.get("error_description") or answer.get("error") or response.reason_phrase
        raise click.ClickException(f"The server refused: {told}")
    return answer


COMMAND = token
