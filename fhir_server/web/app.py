"""The web application: Flask for pages and forms, the FHIR base in front of it.

https://flask.palletsprojects.com/en/stable/patterns/appfactories/
"""

import gc
import logging
from collections.abc import Callable

import flask
from flask import Flask, Response

from fhir_server import bootstrap
from fhir_server.bootstrap import Server
from fhir_server.web import errors, health, intake, smart
from fhir_server.web.cors import CrossOrigin
from fhir_server.web.fhir import FhirApplication
from fhir_server.web.negotiate import FHIR_JSON
from fhir_server.web.proxy import TrustedProxies, networks
from fhir_server.web.request import request_id
from fhir_server.web.response import ALWAYS, CONTENT_TYPES
from fhir_server.web.ui import blueprint as ui

_BLUEPRINTS = (health.blueprint, smart.blueprint, intake.blueprint, ui.blueprint)


def create_app(server: Server) -> Flask:
    """Return the application that serves `server`.

    Raises:
        SettingError: TRUSTED_PROXIES cannot be read.
    """
    app = Flask("fhir_server", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = server.settings.max_body_bytes
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint(server))
    app.register_error_handler(Exception, _handler(server))
    app.after_request(_finisher(server))
    app.wsgi_app = TrustedProxies(  # type: ignore[method-assign]  # Flask's documented hook
        CrossOrigin(FhirApplication(server, app.wsgi_app)),
        trusted=networks(server.settings.trusted_proxies),
        public_url=server.settings.public_url,
    )
    return app


def create_application() -> Flask:
    """Return the application for the settings of the environment: what a worker process runs."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    app = create_app(bootstrap.from_environment())
    # What was made so far lives as long as the process: the garbage collector need not look again.
    gc.collect()
    gc.freeze()
    return app


def _handler(server: Server) -> Callable[[Exception], Response]:
    def handle(error: Exception) -> Response:
        identity = request_id(flask.request.environ, server)
        route = flask.request.url_rule.rule if flask.request.url_rule else "[unknown]"
        response = errors.answer(error, request_id=identity, route=route)
        return Response(
            response.body,
            status=response.status,
            headers=dict(response.headers),
            content_type=CONTENT_TYPES[FHIR_JSON],
        )

    return handle


def _finisher(server: Server) -> Callable[[Response], Response]:
    def finish(response: Response) -> Response:
        identity = request_id(flask.request.environ, server)
        for name, value in (*ALWAYS, ("X-Request-Id", identity)):
            response.headers.setdefault(name, value)
        return response

    return finish
