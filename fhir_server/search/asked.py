"""What a search is read against: its type, that type's parameters, and the server's limits."""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search.parameter import Parameter
from fhir_server.search.parameters import not_searchable
from fhir_server.search.params.reference import Here


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The setting of one search request.

    `at` is the time of the request in microseconds, `max_count` the most that a page may hold.
    """

    type: str
    parameters: Mapping[str, Parameter]
    here: Here
    max_count: int
    at: int

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
        if reason := not_searchable(found):
            raise InvalidSearchError(
                f"`{code}` of `{self.type}` cannot be searched by: {reason}.", expression=name
            )
        return found
