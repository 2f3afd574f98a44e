"""`_include` and `_revinclude`: what comes along with the resources that match.

https://hl7.org/fhir/R4/search.html#revinclude
"""

from dataclasses import replace

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search.asked import Asked
from fhir_server.search.query import Include, Query

_FORMS = "`Type:parameter`, `Type:parameter:Target`, `Type:*` or `*`"


def include(query: Query, text: str, asked: Asked, *, iterate: bool = False) -> Query:
    """Read one `_include`: what the matches refer to.

    Raises:
        InvalidSearchError: It names no reference, or one of a type that is not searched for.
    """
    found = _parsed(text, asked, "_include")
    if not iterate and found.source not in {None, asked.type}:
        raise InvalidSearchError(
            f"`_include={text}` is of another type than `{asked.type}`: with "
            "`_include:iterate` it goes on from what is included.",
            expression="_include",
        )
    if found.source is None and not iterate:
        found = replace(found, source=asked.type)
    return _with(query, replace(found, iterate=iterate))


def revinclude(query: Query, text: str, asked: Asked, *, iterate: bool = False) -> Query:
    """Read one `_revinclude`: what refers to the matches.

    Raises:
        InvalidSearchError: It names no reference, or one that cannot refer to the type.
    """
    found = _parsed(text, asked, "_revinclude")
    targets = asked.targets(found.parameter) if found.parameter else (asked.type,)
    if not iterate and (asked.type not in targets or found.target not in {None, asked.type}):
        raise InvalidSearchError(
            f"`_revinclude={text}` does not refer to `{asked.type}`.", expression="_revinclude"
        )
    return _with(query, replace(found, reverse=True, iterate=iterate))


def _with(query: Query, found: Include) -> Query:
    return replace(query, includes=tuple(dict.fromkeys((*query.includes, found))))


def _parsed(text: str, asked: Asked, name: str) -> Include:
    match text.split(":"):
        case ["*"]:
            return Include()
        case [source, "*"] if source in asked.here.types:
            return Include(source=source)
        case [source, code, *target] if source in asked.here.types and len(target) < 2:  # noqa: PLR2004 - at most one target
            return _named(asked.of(source), code, target[0] if target else None, name)
        case _:
            raise InvalidSearchError(
                f"`{name}={text}` is not of the form {_FORMS}.", expression=name
            )


def _named(asked: Asked, code: str, target: str | None, name: str) -> Include:
    parameter = asked.reference(code, name)
    if target is not None and target not in asked.targets(parameter):
        raise InvalidSearchError(f"`{code}` does not refer to `{target}`.", expression=name)
    return Include(parameter=parameter, source=asked.type, target=target)
