"""Tokens by the value set that they are in, or by the codes above and below them.

https://hl7.org/fhir/R4/search.html#token : `:in`, `:not-in`, `:above`, `:below`
"""

from collections.abc import Mapping
from typing import Protocol

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search.expression import Expression, TokenIn, any_of
from fhir_server.search.parameter import Parameter
from fhir_server.search.params.bounded import equatable
from fhir_server.search.params.escaping import split, unescape
from fhir_server.search.params.token import fold


class Codes(Protocol):
    """What is asked of terminology; None where it cannot be told."""

    def members(self, value_set: str) -> Mapping[str, frozenset[str]] | None:
        """Return the codes of a value set by their system."""
        ...

    def related(self, system: str, code: str, *, above: bool) -> frozenset[str] | None:
        """Return the code and those above it, or below it."""
        ...


def members(parameter: Parameter, text: str, codes: Codes | None) -> Expression:
    """Return whether a code is in the value set with the URL `text`.

    Raises:
        InvalidSearchError: Its codes cannot be listed here.
    """
    url = unescape(text)
    found = None if codes is None else codes.members(url)
    if found is None:
        raise InvalidSearchError(
            f"The codes of `{text}` cannot be listed here: load the package that has the value "
            "set and its code systems.",
            expression=parameter.code,
        )
    return any_of(*(_one_of(parameter, system, of_it) for system, of_it in found.items()))


def related(parameter: Parameter, text: str, codes: Codes | None, *, above: bool) -> Expression:
    """Return whether a code is `text` (`system|code`), or above it, or below it.

    Raises:
        InvalidSearchError: It has no system, or that is not known here.
    """
    parts = [unescape(part) for part in split(text, "|")]
    found = None
    if len(parts) == 2 and all(parts) and codes is not None:  # noqa: PLR2004 - system and code
        found = codes.related(parts[0], parts[1], above=above)
    if found is None:
        raise InvalidSearchError(
            f"What is {'above' if above else 'below'} `{text}` is not known here: write "
            "`system|code` of a code system that is loaded.",
            expression=parameter.code,
        )
    return _one_of(parameter, parts[0], found)


def _one_of(parameter: Parameter, system: str, codes: frozenset[str]) -> TokenIn:
    return TokenIn(parameter=parameter, system=equatable(system), codes=frozenset(map(fold, codes)))
