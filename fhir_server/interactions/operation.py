"""What an operation declares of itself; routes, CapabilityStatement and docs are read from it.

https://hl7.org/fhir/R4/operations.html
"""

from collections.abc import Callable
from dataclasses import dataclass

from fhir_server.access.repository import Repository
from fhir_server.interactions.message import FhirRequest, FhirResponse


# As one of an operation's types: it stands on all of them.
EVERY_TYPE = "[type]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One `$code`. `types` empty: at the system level only; `system`: there as well.

    `handle` gets the request (whose path still holds type, id and `$code`) and the caller's
    repository. `affects_state` decides whether GET is allowed.
    """

    code: str
    definition: str
    types: tuple[str, ...]
    instance: bool
    affects_state: bool
    handle: Callable[[FhirRequest, Repository], FhirResponse]
    system: bool = False

    def is_on(self, resource_type: str) -> bool:
        """Say whether the operation stands on a type."""
        return resource_type in self.types or EVERY_TYPE in self.types
