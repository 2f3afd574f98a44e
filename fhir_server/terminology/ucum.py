"""UCUM: units by their grammar, so that there is no end of codes.

https://ucum.org/ucum#section-Grammar-of-Units-and-Unit-Terms

The atoms are all that UCUM has. Case matters; the property `canonical` is the product of base
units, where the unit is one that quantities are compared in.
"""

import re
from collections.abc import Sequence

from fhir_server.fhirpath.units import parse_unit
from fhir_server.terminology.concept import About, Concept
from fhir_server.terminology.tables import Units

URL = "http://unitsofmeasure.org"
_MOST_CHARACTERS = 256

_TOKEN = re.compile(
    r"(?P<note>\{[!-z|~]*\})|(?P<symbol>[./()])"
    r"|(?P<atom>10[*^]|(?:[A-Za-z%_']|\[[^\[\]{}\s]*\])+)(?P<exponent>[+-]?\d+)?|(?P<number>\d+)",
    re.ASCII,
)


class _NoUnitError(ValueError):
    """The text is no unit."""


class Ucum:
    """The units of measure."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self.about = About(
            url=URL, version=units.version, name="UCUM", properties=(("canonical", ""),)
        )

    def find(self, code: str) -> Concept | None:
        """Return the unit that `code` is."""
        if not code or len(code) > _MOST_CHARACTERS or not self.is_unit(code):
            return None
        unit = parse_unit(code)
        canonical = [] if unit is None else [{"code": "canonical", "valueString": unit.canonical}]
        return Concept(code=code, display=self._name(code) or code, properties=tuple(canonical))

    def parents(self, code: str) -> Sequence[str]:  # noqa: ARG002 - units stand side by side
        """Return nothing: units stand side by side."""
        return ()

    def children(self, code: str) -> Sequence[str]:  # noqa: ARG002 - units stand side by side
        """Return nothing: units stand side by side."""
        return ()

    def codes(self, below: str | None = None) -> None:
        """There is no end of them."""

    def named(self, wanted: Sequence[str]) -> None:
        """There is no end of them."""

    def is_unit(self, code: str) -> bool:
        """Return whether `code` is well-formed and made of atoms that there are."""
        try:
            tokens = _tokens(code)
            first = 1 if tokens[0]["symbol"] == "/" else 0
            end = self._term(tokens, first)
        except _NoUnitError:
            return False
        return end == len(tokens)

    def _term(self, tokens: list[re.Match[str]], at: int) -> int:
        """Return the place after the components that are joined from `at` on."""
        while True:
            at = self._component(tokens, at)
            if at == len(tokens) or tokens[at]["symbol"] not in {".", "/"}:
                return at
            at += 1

    def _component(self, tokens: list[re.Match[str]], at: int) -> int:
        if at == len(tokens):
            raise _NoUnitError
        token = tokens[at]
        if token["symbol"] == "(":
            at = self._term(tokens, at + 1)
            if at == len(tokens) or tokens[at]["symbol"] != ")":
                raise _NoUnitError
            return at + 1
        if token["atom"]:
            if self._name(token["atom"]) is None:
                raise _NoUnitError
            at += 1
            return at + 1 if at < len(tokens) and tokens[at]["note"] is not None else at
        if token["number"] or token["note"] is not None:
            return at + 1
        raise _NoUnitError

    def _name(self, atom: str) -> str | None:
        """Return what an atom with or without a prefix is called."""
        found = self._units.atoms.get(atom)
        if found:
            return found[0]
        for prefix, name in self._units.prefixes.items():
            if atom.startswith(prefix):
                found = self._units.atoms.get(atom.removeprefix(prefix))
                if found and found[1]:
                    return name + found[0]
        return None


def _tokens(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _NoUnitError
        found.append(match)
        at = match.end()
    return found
