"""Where each interaction lives: one table, for HTTP and for the entries of a Bundle.

https://hl7.org/fhir/R4/http.html#summary
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import MethodNotAllowedError, NotFoundError
from fhir_server.interactions.message import FhirRequest, FhirResponse

Handler = Callable[[FhirRequest, Repository], FhirResponse]

# Segments that stand for themselves in a template; every other is a type, an id or a version.
_LITERAL = frozenset({"_history", "_search", "metadata"})
_PLACE = "[place]"
_PLACES = ("[type]", "[id]", _PLACE, "[vid]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """`table` maps a template such as `[type]/[id]` to the handler of each method.

    An operation's template names its type: `Patient/[id]/$recent-crises`; that of one which every
    type has does not: `[type]/[id]/$validate`.
    """

    types: frozenset[str]
    table: Mapping[str, Mapping[str, Handler]] = field(default_factory=dict)

    def find(self, method: str, path: tuple[str, ...]) -> Handler:
        """Return what answers `method` on `path`.

        Raises:
            NotFoundError: Nothing lives there.
            MethodNotAllowedError: Something does, but not for this method.
        """
        route = template(path)
        handlers = self.table.get(route) or self.table.get(_of_every_type(route))
        if handlers is None:
            raise NotFoundError(f"No interaction lives at `/{'/'.join(path)}`.")
        if path and path[0] not in self.types and path[0] not in _LITERAL and path[0][:1] != "$":
            raise NotFoundError(f"`{path[0]}` is not a resource type of FHIR R4.")
        if "" in path or (_PLACE in route and path[2] not in {*self.types, "*"}):
            raise NotFoundError(f"No interaction lives at `/{'/'.join(path)}`.")
        handler = handlers.get(method)
        if handler is None:
            raise MethodNotAllowedError(
                f"{method} is not an interaction of `{template(path)}`.", allow=allowed(handlers)
            )
        return handler


def template(path: tuple[str, ...]) -> str:
    """Return the route of `path` with nothing in it that could identify anybody."""
    if path and path[-1].startswith("$"):
        operated = path[:-1]
        return "/".join((*operated[:1], *("[id]" for _ in operated[1:]), path[-1]))
    return "/".join(map(_place, path, _PLACES)) if len(path) <= len(_PLACES) else "[unknown]"


def allowed(handlers: Mapping[str, Handler]) -> tuple[str, ...]:
    """Return the methods of a route for Allow, with the HEAD that comes with GET."""
    methods = set(handlers) | ({"HEAD"} if "GET" in handlers else set())
    return tuple(sorted(methods))


def _of_every_type(route: str) -> str:
    """Return the route of an operation that is the same on every type; others as they are."""
    _, _, rest = route.partition("/")
    return f"[type]/{rest}" if "$" in rest else route


def _place(segment: str, place: str) -> str:
    return segment if segment in _LITERAL else place
