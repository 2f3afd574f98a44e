"""Browser apps of other origins: they may use the API with their token, and nothing by cookie.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#considerations-for-cross-origin-resource-sharing-cors-support

Any origin, since a token is what opens the API; never with credentials, so that a browser's login
here is of no use to another site. The pages are not among these addresses.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PREFIXES = (
    "/fhir",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/userinfo",
    "/oauth/jwks",
    "/.well-known/",
    "/static/smart-style.json",
)
_EXPOSED = "ETag, Last-Modified, Location, Content-Location, Retry-After, X-Request-Id"
_ACCEPTED = (
    "Authorization, Accept, Content-Type, If-Match, If-None-Match, If-None-Exist,"
    " If-Modified-Since, Prefer, X-Request-Id"
)
_PREFLIGHT = [
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
    (
        "Access-Control-Allow-Headers",
        _ACCEPTED,
    ),
    ("Access-Control-Max-Age", "7200"),
    ("Content-Length", "0"),
]
_ANSWER = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", _EXPOSED)]


class CrossOrigin:
    """Answers preflights, and marks the answers to requests from other origins."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request. https://peps.python.org/pep-3333/ ."""
        if "HTTP_ORIGIN" not in environ or not environ["PATH_INFO"].startswith(_PREFIXES):
            return self._application(environ, start_response)
        preflight = "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
        if environ["REQUEST_METHOD"] == "OPTIONS" and preflight:
            start_response("204 No Content", list(_PREFLIGHT))
            return []

        def marked(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:  # noqa: ANN401
            return start_response(status, [*headers, *_ANSWER], *rest)

        return self._application(environ, marked)
