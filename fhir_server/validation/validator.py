"""A resource against the specification and its profiles.

https://hl7.org/fhir/R4/validation.html

The structure is checked first, by the tables of `structure`; what the types of the specification
demand beyond it, and what profiles add, is compiled from snapshots (README.md in this folder).
"""

from collections.abc import Sequence

from fhir_server.fhir.canonical import CanonicalResources
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import Issue, UnknownProfileError
from fhir_server.fhir.resource import Resource
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation import structure
from fhir_server.validation.profile import resources
from fhir_server.validation.profile.engine import Engine
from fhir_server.validation.profile.report import DEFAULT, Options, Report, Scope
from fhir_server.validation.profile.sound import sound
from fhir_server.validation.references import References
from fhir_server.validation.resolution import NOWHERE, Outside
from fhir_server.validation.whole import check_whole

MOST_ISSUES = structure.MOST_ISSUES


class Validator:
    """Validates resources; definitions are compiled when they are first met, and kept."""

    def __init__(
        self,
        definitions: Definitions,
        packages: CanonicalResources,
        terminology: Terminology | None = None,
    ) -> None:
        self._definitions = definitions
        self.engine = Engine(definitions, packages, terminology)

    def validate(
        self,
        resource: Resource,
        *,
        profiles: Sequence[str] = (),
        outside: Outside = NOWHERE,
        options: Options = DEFAULT,
    ) -> tuple[Issue, ...]:
        """Return all that is wrong with `resource`, the structural faults first.

        It is checked by its own type, by `profiles` (canonical URLs), and by the profiles that it
        and the resources in it claim. `outside` finds what references lead to beyond `resource`.
        Expressions are FHIRPaths from the root of `resource`; no message repeats a value but codes.
        """
        faults = structure.check(resource, self._definitions)
        if not self._definitions.is_resource_type(str(resource.get("resourceType"))):
            return faults
        looked_at = sound(resource, self.engine.tree) if faults else resource
        beyond = self.beyond_structure(
            looked_at, profiles=profiles, outside=outside, options=options
        )
        return _distinct((*faults, *beyond))

    def beyond_structure(
        self,
        resource: Resource,
        *,
        profiles: Sequence[str] = (),
        outside: Outside = NOWHERE,
        options: Options = DEFAULT,
    ) -> tuple[Issue, ...]:
        """Return the same of a resource whose structure was looked at before, and is right."""
        engine = self.engine.within(Scope.of(options))
        node = engine.tree.root(resource)
        references = References(engine, outside)
        report = Report(options, references)
        resources.check(engine)(node, report)
        check_whole(node, references, report)
        for url in profiles:
            report.take(engine.issues(node, url, report))
        return tuple(report.found)

    def knows(self, profile: str) -> bool:
        """Say whether a profile is here, so that something can be held against it."""
        return self.engine.profile(profile) is not None

    def type_of(self, profile: str) -> str:
        """Return the type that a profile is for.

        Raises:
            UnknownProfileError: It is in no package.
        """
        found = self.engine.profile(profile)
        if found is None:
            raise UnknownProfileError(
                f"The profile `{profile}` is in no package that is loaded; add its package with"
                " `handoff package add FILE.tgz`."
            )
        return found.type

    def against(
        self, resource: Resource, profile: str, options: Options = DEFAULT
    ) -> tuple[Issue, ...]:
        """Return what keeps `resource`, whose structure is right, from fitting `profile`."""
        engine = self.engine.within(Scope.of(options))
        node = engine.tree.root(resource)
        report = Report(options, References(engine))
        return _distinct(engine.issues(node, profile, report))


def _distinct(issues: Sequence[Issue]) -> tuple[Issue, ...]:
    """Return the issues without those that only another profile says too."""
    if not issues:
        return ()
    found = {
        (each.severity, each.code, each.expression, each.rule, each.diagnostics): each
        for each in reversed(issues)
    }
    kept = tuple(reversed(found.values()))
    if len(kept) <= MOST_ISSUES:
        return kept
    more = f"There are {len(kept) - MOST_ISSUES} more issues."
    last = Issue(severity="information", code="informational", diagnostics=more)
    return (*kept[:MOST_ISSUES], last)
