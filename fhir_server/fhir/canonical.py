"""Canonical references: the name of a definition, with its version and the part that is meant.

https://hl7.org/fhir/R4/references.html#canonical
"""

import re
from dataclasses import dataclass
from typing import Protocol

from typing_extensions import override

from fhir_server.fhir.resource import Resource

_SEMVER = re.compile(r"v?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.\-]+))?(?:\+.*)?")
_DATE = re.compile(r"\d{4}(?:-\d\d){0,2}|\d{8}")

VersionKey = tuple[tuple[int, ...], bool, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """`url|version#fragment`; "" for a part that is not there."""

    url: str
    version: str = ""
    fragment: str = ""

    @override
    def __str__(self) -> str:
        version = f"|{self.version}" if self.version else ""
        fragment = f"#{self.fragment}" if self.fragment else ""
        return f"{self.url}{version}{fragment}"


class CanonicalResources(Protocol):
    """Whatever holds definitions that are found by their canonical URL."""

    def resolve(self, type_: str, canonical: str) -> Resource | None:
        """Return the `type_` that `canonical` (`url|version`) names, None if it is not here.

        Without a version that is the newest. What is returned is shared: nobody may change it.
        """
        ...


def parse(text: str) -> Canonical:
    """Return the parts of a canonical reference."""
    rest, _, fragment = text.partition("#")
    url, _, version = rest.partition("|")
    if "|" in fragment and not version:  # the two are met in either order
        fragment, _, version = fragment.partition("|")
    return Canonical(url=url, version=version, fragment=fragment)


def version_key(version: str) -> VersionKey:
    """Return what versions are sorted by: numbers by value, a pre-release before its release.

    A date counts as numbers; what is neither sorts before all that is, and "" first of all.
    """
    if _DATE.fullmatch(version):
        return tuple(int(part) for part in version.split("-")), True, ""
    found = _SEMVER.fullmatch(version)
    if found is None:
        return (), bool(version), version
    numbers = tuple(int(part) for part in found[1].split("."))
    return numbers, found[2] is None, found[2] or ""


def satisfies(version: str, wanted: str) -> bool:
    """Say whether `version` is the one that is `wanted`: `7.0` and `7.0.x` want any 7.0."""
    stem = wanted.removesuffix(".x").removesuffix(".X")
    return not wanted or version == wanted or version.startswith(f"{stem}.")
