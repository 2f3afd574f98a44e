"""What a validation finds, and what its checks may ask.

https://hl7.org/fhir/R4/validation.html
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from fhir_server.fhir.outcome import Issue
from fhir_server.fhirpath.evaluation import STEPS, Ports
from fhir_server.validation.profile.definition import Referring
from fhir_server.validation.profile.node import Node

ERROR, WARNING, INFORMATION = "error", "warning", "information"
_ERRORS = frozenset({"fatal", ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong, wherever it is: an issue without a place.

    `code` is of https://hl7.org/fhir/R4/valueset-issue-type.html ; `profile` and `rule` say which
    definition raised it.
    """

    code: str
    diagnostics: str
    profile: str
    rule: str
    severity: str = ERROR


class References(Protocol):
    """Where references lead, and whether they may."""

    def resolve(self, reference: str, source: Node) -> Node | None:
        """Return what `reference`, which stands at `source`, leads to; None if it is not here."""
        ...

    def check(self, node: Node, rule: Referring, report: "Report") -> None:
        """Report what is wrong with a Reference of which a definition says `rule`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is looked at beyond the rules.

    `now`, in microseconds since 1970 UTC, is what `now()` and relative limits mean; without it they
    cannot be told. `best_practice` and `display` are the severities of what breaks a best practice
    and of displays that are not the concept's, None to leave them out. `must_support` and
    `preferred` ask for information about absent mustSupport elements and preferred bindings.
    `steps` bounds each expression. `unknown_extension` is the severity of an extension, and
    `unknown_profile` of a profile, whose definition is not here. `html_in_markdown` and
    `example_urls` are the severities of what is allowed and often a mistake, None to leave it out.
    Without `warnings`, rules that could give nothing worse are not evaluated.
    """

    now: int | None = None
    best_practice: str | None = WARNING
    display: str | None = WARNING
    unknown_extension: str | None = INFORMATION
    unknown_profile: str = WARNING
    html_in_markdown: str | None = None
    example_urls: str | None = None
    must_support: bool = False
    preferred: bool = False
    steps: int = STEPS
    warnings: bool = True


DEFAULT = Options()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which rules are compiled at all: those that options ask for."""

    warnings: bool
    preferred: bool
    must_support: bool
    html: bool
    example_urls: bool

    @classmethod
    def of(cls, options: Options) -> "Scope":
        """Return what `options` ask for."""
        return cls(
            warnings=options.warnings,
            preferred=options.preferred,
            must_support=options.must_support,
            html=options.html_in_markdown is not None,
            example_urls=options.example_urls is not None,
        )


class Report:
    """Collects issues; reports that stand `apart` share what they remember."""

    __slots__ = ("found", "memory", "options", "ports", "references")

    def __init__(
        self,
        options: Options,
        references: References,
        memory: dict[tuple[Node, str], tuple[Issue, ...]] | None = None,
    ) -> None:
        self.options = options
        self.references = references
        self.found: list[Issue] = []
        # What expressions on a node may ask, of the last one that had any.
        self.ports: tuple[Node, Ports] | None = None
        # What each node was found to be by each profile, so that it is looked at once.
        self.memory = {} if memory is None else memory

    def apart(self) -> "Report":
        """Return an empty report of the same validation."""
        return Report(self.options, self.references, self.memory)

    def add(self, node: Node, problem: Problem, step: str = "") -> None:
        """Report a problem at `node`, or at a child of it that is not there."""
        self.found.append(
            Issue(
                severity=problem.severity,
                code=problem.code,
                diagnostics=problem.diagnostics,
                expression=node.path() + step,
                profile=problem.profile,
                rule=problem.rule,
            )
        )

    def take(self, issues: Iterable[Issue]) -> None:
        """Report what another report found."""
        self.found.extend(issues)

    @property
    def fits(self) -> bool:
        """Say that there is no error."""
        return not any(issue.severity in _ERRORS for issue in self.found)


def is_error(issue: Issue) -> bool:
    """Say whether an issue makes the resource invalid."""
    return issue.severity in _ERRORS


# Looks at one node and reports what is wrong with it.
Check: TypeAlias = Callable[[Node, Report], None]
