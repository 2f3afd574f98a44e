"""Is the process up, and can it serve: for the one who runs the server.

`/healthz` says that the process answers; `/readyz` that its database does, with the schema that
this version needs.
"""

from flask import Blueprint, Response

from fhir_server.bootstrap import Server


def blueprint(server: Server) -> Blueprint:
    """Return the two routes."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @routes.get("/readyz")
    def readyz() -> Response:
        server.require_ready()
        return Response("ok\n", mimetype="text/plain")

    return routes
