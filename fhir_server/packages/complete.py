"""Sees to it that every profile of a package has a snapshot, and one that can be read.

https://hl7.org/fhir/R4/structuredefinition.html#snapshot

A snapshot that a package carries is used; where there is none, it is generated. A profile that
cannot have one stays without, and a warning says why.
"""

from collections.abc import Callable, Iterable

import msgspec

from fhir_server.fhir.canonical import parse, satisfies
from fhir_server.fhir.outcome import PackageError
from fhir_server.fhir.resource import Json, Resource, type_of
from fhir_server.packages.snapshot import generate

STRUCTURE = "StructureDefinition"
# Profiles that are based on each other, or name each other, in a row.
_MOST_LEVELS = 60
Resolve = Callable[[str, str], Resource | None]


class _Type(msgspec.Struct):
    code: str
    profile: list[str] = []
    targetProfile: list[str] = []  # noqa: N815 - FHIR's name


class _Url(msgspec.Struct):
    url: str


class _Rule(msgspec.Struct):
    key: str
    severity: str
    expression: str = ""


class _Element(msgspec.Struct):
    """The shape of an ElementDefinition that whoever reads snapshots relies upon."""

    path: str
    id: str = ""
    sliceName: str = ""  # noqa: N815 - FHIR's name
    min: int = 0
    max: str = ""
    type: list[_Type] = []
    constraint: list[_Rule] = []
    condition: list[str] = []
    extension: list[_Url] = []
    slicing: dict[str, Json] = {}
    binding: dict[str, Json] = {}
    base: dict[str, Json] = {}
    contentReference: str = ""  # noqa: N815 - FHIR's name


class _Elements(msgspec.Struct):
    element: list[_Element]


def complete(resources: Iterable[Resource], below: Resolve) -> tuple[list[Resource], list[str]]:
    """Return the resources, profiles with snapshots, and warnings about those that have none.

    `below` finds the definitions of the packages that these build upon.
    """
    given = list(resources)
    completion = _Completion(given, below)
    return [completion.completed(found) for found in given], completion.warnings


class _Completion:
    """Completes the profiles of one package, each after the profiles that it needs."""

    def __init__(self, resources: Iterable[Resource], below: Resolve) -> None:
        self.warnings: list[str] = []
        self._below = below
        self._own: dict[str, Resource] = {}
        self._done: dict[str, Resource] = {}
        self._begun: set[str] = set()
        for found in resources:
            if type_of(found) == STRUCTURE and isinstance(found.get("url"), str):
                self._own[found["url"]] = found

    def completed(self, resource: Resource) -> Resource:
        """Return `resource` with a snapshot, if it is a profile that can have one."""
        url = resource.get("url")
        if type_of(resource) != STRUCTURE or not isinstance(url, str):
            return resource
        if self._own[url] is not resource:  # another version of the same profile
            return self._try(resource, url)
        if url not in self._done:
            self._begun.add(url)
            self._done[url] = self._try(resource, url)
        return self._done[url]

    def _try(self, resource: Resource, url: str) -> Resource:
        try:
            return self._with_snapshot(resource)
        except PackageError as error:
            self.warnings.append(f"Nothing is validated against `{url}`: {error}")
            return {name: value for name, value in resource.items() if name != "snapshot"}

    def _with_snapshot(self, resource: Resource) -> Resource:
        if "snapshot" in resource:
            _require_snapshot(resource)
            return resource
        if resource.get("derivation") != "constraint":
            raise PackageError("It has no snapshot, and is no profile that one can be made for.")
        _require_shape(resource.get("differential", {"element": []}))
        canonical = resource.get("baseDefinition")
        base = self._resolve(canonical) if isinstance(canonical, str) else None
        if base is None or "snapshot" not in base:
            raise PackageError(
                f"`{canonical}`, which it is based on, is not here, or is based on it."
            )
        return generate(resource, base, self._resolve)

    def _resolve(self, canonical: str) -> Resource | None:
        wanted = parse(canonical)
        own = self._own.get(wanted.url)
        if own is None or not satisfies(str(own.get("version", "")), wanted.version):
            return self._below(STRUCTURE, canonical)
        if wanted.url in self._begun and wanted.url not in self._done:
            return own  # it has no snapshot yet
        if len(self._begun) - len(self._done) > _MOST_LEVELS:
            raise PackageError(f"It builds upon more than {_MOST_LEVELS} others in a row.")
        return self.completed(own)


def _require_snapshot(resource: Resource) -> None:
    _require_shape(resource["snapshot"])
    paths = [element["path"] for element in resource["snapshot"]["element"]]
    root = str(resource.get("type", "")).rpartition("/")[2]
    if not paths or paths[0] != root or any(not p.startswith(f"{root}.") for p in paths[1:]):
        raise PackageError(f"Its snapshot is not one of `{root}`.")


def _require_shape(elements: Json) -> None:
    try:
        msgspec.convert(elements, type=_Elements)
    except msgspec.ValidationError as error:
        raise PackageError(f"Its elements are malformed: {error}.") from None
