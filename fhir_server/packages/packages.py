"""The loaded packages, as one store of definitions by canonical URL.

https://hl7.org/fhir/R4/references.html#canonical
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fhir_server.fhir.canonical import Canonical, parse, satisfies, version_key
from fhir_server.fhir.resource import Resource
from fhir_server.packages.complete import complete
from fhir_server.packages.lean import lean
from fhir_server.packages.package import Entry, MemoryPackage, Package

_Found = tuple[Package, Entry]
_SPECIFICATION = "hl7.fhir.r4.core"


class Packages:
    """Definitions of all packages; where two have the same version of one, the later wins.

    What the methods return is shared: nobody may change it. The index of a type is made when
    somebody first asks for the type.
    """

    def __init__(self, packages: Sequence[Package], *, warnings: Sequence[str] = ()) -> None:
        self.all = tuple(packages)
        self.warnings = tuple(warnings)
        self._index: dict[str, Mapping[str, Sequence[_Found]]] = {}

    @classmethod
    def of(cls, resources: Iterable[Resource], *, base: "Packages | None" = None) -> "Packages":
        """Return `resources` as a package in memory, on top of those of `base`.

        Profiles without a snapshot are given one, as far as `base` has what they build upon.
        """
        below = cls(()) if base is None else base
        completed, warnings = complete(resources, below.resolve)
        package = MemoryPackage(lean(found) for found in completed)
        return cls((*below.all, package), warnings=(*below.warnings, *warnings))

    @property
    def names(self) -> tuple[str, ...]:
        """Name and version of each package: `hl7.fhir.us.core#7.0.0`."""
        return tuple(f"{found.name}#{found.version}" for found in self.all if found.name)

    def resolve(self, type_: str, canonical: str) -> Resource | None:
        """Return the `type_` that `canonical` (`url|version`) names, None if it is not here.

        Without a version, or with a part of one (`|7.0`), it is the newest that fits.

        Raises:
            PackageError: The package that has it is damaged.
        """
        index = self._by_url(type_)
        # Some of R4's code systems have a bar in their very URL.
        wanted = Canonical(url=canonical) if canonical in index else parse(canonical)
        known = index.get(wanted.url, ())
        fitting = [found for found in known if satisfies(found[1].version, wanted.version)]
        if not fitting:
            return None
        exact = [found for found in fitting if found[1].version == wanted.version]
        # Of equals, max gives the first: the last package shall win.
        candidates = reversed(exact or fitting)
        package, entry = max(candidates, key=lambda found: version_key(found[1].version))
        return package.read(entry)

    def urls(self, type_: str) -> tuple[str, ...]:
        """Return the canonical URLs of all resources of a type, without versions, sorted."""
        return tuple(sorted(self._by_url(type_)))

    def resources(self, type_: str) -> Iterator[Resource]:
        """Yield every resource of a type, in all its versions.

        Raises:
            PackageError: A package is damaged.
        """
        for found in self._by_url(type_).values():
            for package, entry in found:
                yield package.read(entry)

    def additions(self, type_: str) -> Iterator[Resource]:
        """Yield every resource of a type that is not of the specification's own.

        Raises:
            PackageError: A package is damaged.
        """
        for package in self.all:
            if package.name != _SPECIFICATION:
                for entry in package.entries(type_):
                    yield package.read(entry)

    def canonicals(self, type_: str) -> tuple[str, ...]:
        """Return `url|version` of each resource of a type that is not of the specification's own.

        They are sorted.
        """
        return tuple(sorted(_canonical(found) for found in self._added(type_)))

    def profiles(self) -> Mapping[str, tuple[str, ...]]:
        """Return `url|version` of the profiles by the type that they constrain.

        Extensions are among them, but not the profiles of the specification itself.
        """
        by_type: dict[str, list[str]] = {}
        for found in self._added("StructureDefinition"):
            if found.constrains:
                by_type.setdefault(found.constrains, []).append(_canonical(found))
        return {type_: tuple(sorted(urls)) for type_, urls in by_type.items()}

    def _added(self, type_: str) -> Iterator[Entry]:
        for package in self.all:
            if package.name != _SPECIFICATION:
                yield from package.entries(type_)

    def _by_url(self, type_: str) -> Mapping[str, Sequence[_Found]]:
        found = self._index.get(type_)
        if found is None:
            made: dict[str, list[_Found]] = {}
            for package in self.all:
                for entry in package.entries(type_):
                    made.setdefault(entry.url, []).append((package, entry))
            found = self._index[type_] = made
        return found


def _canonical(entry: Entry) -> str:
    return f"{entry.url}|{entry.version}" if entry.version else entry.url
