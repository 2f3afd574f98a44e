"""What a caller's resources are held against: the packages, and the definitions stored here.

https://hl7.org/fhir/R4/resource-operation-validate.html

Stored definitions are read through the caller's repository: a profile that the caller may not see
is not there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fhir_server.access.repository import Repository
from fhir_server.fhir.canonical import CanonicalResources
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import (
    ForbiddenError,
    GoneError,
    MethodNotAllowedError,
    NotFoundError,
    UnavailableError,
)
from fhir_server.fhir.reference import parse
from fhir_server.fhir.resource import Resource, items
from fhir_server.interactions.stored import StoredDefinitions
from fhir_server.packages.complete import complete
from fhir_server.validation.resolution import Outside
from fhir_server.validation.validator import Validator

_PROFILE = "StructureDefinition"


def validator_for(
    repository: Repository, resource: Resource, profiles: Iterable[str]
) -> tuple[Validator, Outside]:
    """Return what validates `resource`, and what finds what it refers to.

    Where it claims, or is to fit, a profile that is not in a package but stored here, that is a
    validator of the caller's own.

    Raises:
        UnavailableError: This server was built without a validator.
    """
    ports = repository.ports
    if ports.validator is None:
        raise UnavailableError("This server does not validate.")
    outside = OnServer(repository)
    claimed = items(resource.get("meta") or {}, "profile") if _has_meta(resource) else []
    wanted = [url for url in (*profiles, *claimed) if isinstance(url, str)]
    unknown = [url for url in wanted if not ports.validator.knows(url)]
    stored = Completed(
        packages=ports.validator.engine.packages, stored=StoredDefinitions(repository)
    )
    if not any(stored.resolve(_PROFILE, url) for url in unknown):
        return ports.validator, outside
    terminology = ports.terminology.with_fallback(StoredDefinitions(repository))
    return Validator(ports.definitions, stored, terminology), outside


def _has_meta(resource: Resource) -> bool:
    return isinstance(resource.get("meta"), dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What is in `packages`, else what is `stored`; profiles get a snapshot if they have none."""

    packages: CanonicalResources
    stored: CanonicalResources

    def resolve(self, type_: str, canonical: str) -> Resource | None:
        """Return the `type_` of `canonical`."""
        found = self.packages.resolve(type_, canonical)
        if found is not None:
            return found
        found = self.stored.resolve(type_, canonical)
        if found is None or type_ != _PROFILE:
            return found
        (completed,), _ = complete([found], self.resolve)
        return completed


@dataclass(frozen=True, slots=True)
class OnServer:
    """The resources of this server that the caller may read; of others nothing is known."""

    repository: Repository

    def find(self, reference: str) -> Resource | None:
        """Return the resource, if the caller may have it."""
        ports = self.repository.ports
        found = parse(reference, ports.base)
        if found.type is None or found.id is None or found.version is not None:
            return None
        if not ports.definitions.is_resource_type(found.type):
            return None
        try:
            stored = self.repository.read(found.type, found.id)
        except (ForbiddenError, GoneError, MethodNotAllowedError, NotFoundError):
            # All the same to who asks.
            return None
        return decode(stored.body or b"{}")

    def lacks(self, reference: str) -> bool:
        """Return that nothing is known: what is absent looks like what is withheld."""
        del reference
        return False
