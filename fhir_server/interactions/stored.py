"""Definitions that are stored on this server, as far as the caller may have them.

https://hl7.org/fhir/R4/references.html#canonical

They are looked for through the caller's own repository: what the caller may not see is not there.
"""

from collections.abc import Iterator

from fhir_server.access.repository import Repository
from fhir_server.fhir.canonical import parse as parse_canonical
from fhir_server.fhir.canonical import satisfies, version_key
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import ForbiddenError, InvalidSearchError
from fhir_server.fhir.resource import Resource
from fhir_server.search.params.escaping import escape
from fhir_server.search.parse import parse

_MOST = 100


class StoredDefinitions:
    """Definitions by their canonical URL, through one caller's repository."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def resolve(self, type_: str, canonical: str) -> Resource | None:
        """Return the `type_` of `url|version`, the newest where no version is named."""
        wanted = parse_canonical(canonical)
        found = [
            resource
            for resource in self._of_url(type_, wanted.url)
            if resource.get("url") == wanted.url
            and satisfies(str(resource.get("version", "")), wanted.version)
        ]
        return max(found, key=lambda r: version_key(str(r.get("version", ""))), default=None)

    def resources(self, type_: str) -> Iterator[Resource]:
        """Yield resources of a type, of which there may be many: the hundred changed last."""
        yield from self._search(type_, (("_sort", "-_lastUpdated"),))

    def _of_url(self, type_: str, url: str) -> Iterator[Resource]:
        try:
            yield from self._search(type_, (("url", escape(url)),))
        except InvalidSearchError:
            # The store has no index of URLs yet: then those changed last are looked through.
            yield from self.resources(type_)

    def _search(self, type_: str, pairs: tuple[tuple[str, str], ...]) -> Iterator[Resource]:
        repository = self._repository
        query = parse(
            type_,
            pairs,
            repository.ports.definitions,
            base=repository.ports.base,
            lenient=False,
            default_count=_MOST,
            max_count=_MOST,
            at=repository.context.at,
        )
        try:
            page = repository.search(query)
        except ForbiddenError:
            return
        for row in page.matches:
            if row.body:
                yield decode(row.body)
