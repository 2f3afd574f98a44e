"""What a resource must fit to be stored: its definition, and the profiles that matter here.

https://hl7.org/fhir/R4/validation.html

The structure is looked at in every resource. One that claims a profile which is loaded, or whose
type has profiles that this deployment requires, is validated as a whole; the others pay nothing
for it. A claim of a profile that nobody here knows hinders nobody.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Resource, items, type_of
from fhir_server.validation import structure
from fhir_server.validation.profile.report import Options
from fhir_server.validation.validator import Validator

_ERRORS_ALONE = Options(best_practice=None, display=None, unknown_extension=None, warnings=False)


class Conformance(Protocol):
    """Says what hinders a resource from being stored."""

    def issues(self, resource: Resource, at: int) -> tuple[Issue, ...]:
        """Return an issue for each error; none if `resource` may be stored.

        `at` is the time of the request, in microseconds since 1970 UTC.
        """
        ...


class Structural:
    """Looks at the structure alone."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def issues(self, resource: Resource, at: int) -> tuple[Issue, ...]:
        """Return every fault of the structure, whatever the time."""
        del at
        return structure.check(resource, self._definitions)


class Profiled:
    """Looks at the profiles as well; `required` are canonical URLs.

    A resource of a type that required profiles are for must fit one of them at least.
    """

    def __init__(
        self, definitions: Definitions, validator: Validator, required: Sequence[str] = ()
    ) -> None:
        self._structural = Structural(definitions)
        self._validator = validator
        self._required: dict[str, tuple[str, ...]] = {}
        for url in required:
            type_ = validator.type_of(url)
            self._required[type_] = (*self._required.get(type_, ()), url)

    def issues(self, resource: Resource, at: int) -> tuple[Issue, ...]:
        """Return every fault of the structure, or else every error by the profiles."""
        faults = self._structural.issues(resource, at)
        if faults:
            return faults
        required = self._required.get(type_of(resource), ())
        if not required and not self._claims(resource):
            return ()
        options = replace(_ERRORS_ALONE, now=at)
        found = _errors(self._validator.beyond_structure(resource, options=options))
        return (*found, *self._missed(resource, required, options))

    def _claims(self, resource: Resource) -> bool:
        """Say whether a resource, or one inside it, claims a profile that is known."""
        inside = [resource, *items(resource, "contained")]
        inside += [entry["resource"] for entry in items(resource, "entry") if "resource" in entry]
        return any(
            self._validator.knows(url)
            for each in inside
            for url in items(each.get("meta") or {}, "profile")
            # An extension may stand instead of one.
            if isinstance(url, str)
        )

    def _missed(
        self, resource: Resource, required: Sequence[str], options: Options
    ) -> tuple[Issue, ...]:
        """Return what keeps a resource from the required profile that it is nearest to."""
        nearest: tuple[Issue, ...] | None = None
        for url in required:
            found = _errors(self._validator.against(resource, url, options))
            if not found:
                return ()
            nearest = found if nearest is None or len(found) < len(nearest) else nearest
        if nearest is None:
            return ()
        names = " or ".join(f"`{url}`" for url in required)
        told = f"A `{type_of(resource)}` must fit {names} to be stored here."
        return (Issue(code="invariant", diagnostics=told, expression=type_of(resource)), *nearest)


def _errors(issues: Sequence[Issue]) -> tuple[Issue, ...]:
    """Return the errors, each once: several profiles may say the same."""
    errors = (issue for issue in issues if issue.severity in {"fatal", "error"})
    return tuple({replace(issue, profile=None): issue for issue in errors}.values())
