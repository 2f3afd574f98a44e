"""What an operation declares of itself; routes, CapabilityStatement and docs are read from it.

https://hl7.org/fhir/R4/operations.html
"""

from collections.abc import Callable
from dataclasses import dataclass

from fhir_server.access.repository import Repository
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.paging import Paging

# As one of an operation's types: it stands on all of them.
EVERY_TYPE = "[type]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One `$code`. `types` empty: at the system level only; `system`: there as well.

    `handle` gets the request (whose path still holds type, id and `$code`) and the caller's
    repository; one that answers page by page has `paged` in its place. `of_type` False: it stands
    on instances alone. `affects_state` decides whether GET is allowed. `{type}` in `definition`
    stands for the type, where each has a definition of its own.
    """

    code: str
    definition: str
    types: tuple[str, ...]
    instance: bool
    affects_state: bool
    handle: Callable[[FhirRequest, Repository], FhirResponse] | None = None
    paged: Callable[[FhirRequest, Repository, Paging], FhirResponse] | None = None
    system: bool = False
    of_type: bool = True

    def is_on(self, resource_type: str) -> bool:
        """Say whether the operation stands on a type."""
        return resource_type in self.types or EVERY_TYPE in self.types

    def definition_for(self, resource_type: str) -> str:
        """Return the canonical URL of the OperationDefinition on a type."""
        return self.definition.replace("{type}", resource_type)
