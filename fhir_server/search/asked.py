"""What a search is read against: its type, that type's parameters, and the server's limits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search.parameter import Parameter
from fhir_server.search.parameters import not_extracted, parameters
from fhir_server.search.params.reference import Here
from fhir_server.search.params.token_sets import Codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The setting of one search request.

    `at` is the time of the request in microseconds, `max_count` the most that a page may hold.
    """

    type: str
    definitions: Definitions
    here: Here
    max_count: int
    at: int
    codes: Codes | None = None

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters of the type, by code."""
        return parameters(self.definitions, self.type)

    def of(self, type_: str) -> "Asked":
        """Return the same for what a chain or an include leads to, which is a `type_`."""
        return replace(self, type=type_)

    def parameter(self, code: str, name: str) -> Parameter:
        """Return the parameter `code`, which stands in the request as (part of) `name`.

        Raises:
            InvalidSearchError: There is none on this type, or it cannot be searched by.
        """
        found = self.parameters.get(code)
        if found is None:
            raise InvalidSearchError(
                f"`{code}` is no search parameter of `{self.type}`; those that are stand in "
                "the CapabilityStatement.",
                expression=name,
            )
        if reason := not_extracted(found):
            raise InvalidSearchError(
                f"`{code}` of `{self.type}` cannot be searched by: {reason}.", expression=name
            )
        return found

    def reference(self, code: str, name: str) -> Parameter:
        """Return the parameter `code`, which must be a reference.

        Raises:
            InvalidSearchError: It is none.
        """
        found = self.parameter(code, name)
        if found.type != "reference":
            raise InvalidSearchError(
                f"`{code}` of `{self.type}` is no reference, so that `{name}` leads nowhere.",
                expression=name,
            )
        return found

    def targets(self, parameter: Parameter) -> tuple[str, ...]:
        """Return the types that a reference parameter may refer to."""
        return parameter.targets or self.definitions.resource_types
