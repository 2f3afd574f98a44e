"""The server with one thing left out, to measure what that costs. No setting can leave it out.

Only the benchmark starts these, each in a process beside the real server, on the same database.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from typing_extensions import override

from fhir_server import bootstrap
from fhir_server.settings import Settings
from fhir_server.storage.audit_log import AuditLog
from fhir_server.storage.rows import AuditRow
from fhir_server.web.app import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

UNVALIDATED = "unvalidated"
UNAUDITED = "unaudited"


def unvalidated() -> "WSGIApplication":
    """Return the application that holds what is written against its structure alone."""
    return create_app(
        bootstrap.build(
            _settings(),
            clock=bootstrap.now,
            ids=bootstrap.new_id,
            random=os.urandom,
            profiled=False,
        )
    )


def unaudited() -> "WSGIApplication":
    """Return the application that writes down nothing about reads."""
    server = bootstrap.of(_settings())
    ports = replace(server.ports, audit=_Silent(server.database))
    return create_app(replace(server, ports=ports))


class _Silent(AuditLog):
    @override
    def append(self, rows: Sequence[AuditRow], *, durable: bool) -> None:
        pass


def _settings() -> Settings:
    return Settings.from_env(os.environ)  # noqa: TID251 - a process of its own, as bootstrap's
