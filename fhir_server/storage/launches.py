"""Launch handles, and requests for authorization while their user decides.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#step-3-launch . A handle is opaque, is
stored as a hash, and is good once, within minutes, for the app that it was made for.
"""

from dataclasses import asdict, dataclass

import sqlalchemy as sa

from fhir_server.storage.engine import Database
from fhir_server.storage.schema_oauth import oauth_launch, oauth_request

_SWEEP_EVERY = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRow:
    """`launcher` is the EHR's client and `organization` its agency's key.

    `client_id` is the app; `context` a JSON object; `expires_at` microseconds.
    """

    handle_hash: bytes
    launcher: str
    client_id: str
    organization: int
    context: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """A request for authorization: `visit_hash` is the browser's, `parameters` a JSON object."""

    handle_hash: bytes
    visit_hash: bytes
    parameters: str
    expires_at: int


class LaunchStore:
    """The launches of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_launch(self, launch: LaunchRow, at: int) -> None:
        """Store a handle that was made `at` (microseconds)."""
        self._put(oauth_launch, asdict(launch), launch.handle_hash, at)

    def take_launch(self, handle_hash: bytes, client_id: str, at: int) -> LaunchRow | None:
        """Return what a handle stands for, once; None for another app, or too late."""
        row = sa.and_(
            oauth_launch.c.handle_hash == handle_hash,
            oauth_launch.c.client_id == client_id,
            oauth_launch.c.expires_at > at,
        )
        take = sa.update(oauth_launch).where(row, oauth_launch.c.used_at.is_(None))
        columns = [column for column in oauth_launch.c if column.name != "used_at"]
        with self._database.begin() as connection:
            if connection.execute(take.values(used_at=at)).rowcount != 1:
                return None
            found = connection.execute(sa.select(*columns).where(row)).mappings().one()
        return LaunchRow(**found)

    def put_request(self, request: RequestRow, at: int) -> None:
        """Store a request for authorization that came in `at` (microseconds)."""
        self._put(oauth_request, asdict(request), request.handle_hash, at)

    def request(self, handle_hash: bytes, visit_hash: bytes, at: int) -> RequestRow | None:
        """Return a request that is still open, if this browser made it."""
        asked = sa.select(*oauth_request.c).where(
            oauth_request.c.handle_hash == handle_hash,
            oauth_request.c.visit_hash == visit_hash,
            oauth_request.c.expires_at > at,
        )
        with self._database.connect() as connection:
            found = connection.execute(asked).mappings().first()
        return None if found is None else RequestRow(**found)

    def note(self, handle_hash: bytes, parameters: str) -> None:
        """Replace what is known of a request."""
        row = oauth_request.c.handle_hash == handle_hash
        with self._database.begin() as connection:
            connection.execute(sa.update(oauth_request).where(row).values(parameters=parameters))

    def take_request(self, handle_hash: bytes) -> bool:
        """Close a request; of any number of callers at once, one gets True."""
        gone = sa.delete(oauth_request).where(oauth_request.c.handle_hash == handle_hash)
        with self._database.begin() as connection:
            return connection.execute(gone).rowcount == 1

    def _put(self, table: sa.Table, values: dict[str, object], random: bytes, at: int) -> None:
        with self._database.begin() as connection:
            connection.execute(sa.insert(table), values)
            if random[0] % _SWEEP_EVERY == 0:
                connection.execute(sa.delete(table).where(table.c.expires_at <= at))
