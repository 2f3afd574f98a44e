"""The loaded packages, as one store of definitions by canonical URL.

https://hl7.org/fhir/R4/references.html#canonical
"""

from collections.abc import Iterable, Iterator, Sequence

from fhir_server.fhir.canonical import parse, satisfies, version_key
from fhir_server.fhir.resource import Resource
from fhir_server.packages.package import Entry, MemoryPackage, Package

_Found = tuple[Package, Entry]


class Packages:
    """Definitions of all packages; where two have the same version of one, the later wins.

    What the methods return is shared: nobody may change it.
    """

    def __init__(self, packages: Sequence[Package], *, warnings: Sequence[str] = ()) -> None:
        self._packages = tuple(packages)
        self.warnings = tuple(warnings)
        self.names = tuple(package.name for package in packages)
        self._index: dict[str, dict[str, list[_Found]]] = {}
        for package in packages:
            for entry in package.entries:
                by_url = self._index.setdefault(entry.type, {})
                by_url.setdefault(entry.url, []).append((package, entry))

    @classmethod
    def of(cls, resources: Iterable[Resource], *, base: "Packages | None" = None) -> "Packages":
        """Return `resources` as a package in memory, on top of those of `base`."""
        below = () if base is None else base._packages  # noqa: SLF001 - its own class
        return cls((*below, MemoryPackage(resources)))

    def resolve(self, type_: str, canonical: str) -> Resource | None:
        """Return the `type_` that `canonical` (`url|version`) names, None if it is not here.

        Without a version, or with a part of one (`|7.0`), it is the newest that fits.
        """
        wanted = parse(canonical)
        known = self._index.get(type_, {}).get(wanted.url, ())
        fitting = [found for found in known if satisfies(found[1].version, wanted.version)]
        exact = [found for found in fitting if found[1].version == wanted.version]
        if not fitting:
            return None
        # Of equals, max gives the first: the last package shall win.
        candidates = reversed(exact or fitting)
        package, entry = max(candidates, key=lambda found: version_key(found[1].version))
        return package.read(entry.number)

    def urls(self, type_: str) -> tuple[str, ...]:
        """Return the canonical URLs of all resources of a type, without versions, sorted."""
        return tuple(sorted(self._index.get(type_, {})))

    def resources(self, type_: str) -> Iterator[Resource]:
        """Yield every resource of a type, in all its versions."""
        for found in self._index.get(type_, {}).values():
            for package, entry in found:
                yield package.read(entry.number)
