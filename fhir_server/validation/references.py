"""References: their form, their target's type and profile, how it may be reached, its version.

https://hl7.org/fhir/R4/references.html and
https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.type

Only what can be known is told: a target that is not here is not wrong.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fhir_server.fhir.canonical import parse
from fhir_server.fhir.definitions import CANONICAL
from fhir_server.fhir.reference import type_named_by
from fhir_server.validation.profile.definition import Referring
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import ERROR, WARNING, Problem, Report
from fhir_server.validation.resolution import (
    ELSEWHERE,
    NOWHERE,
    FullUrl,
    Outside,
    Resolver,
    Target,
    Way,
    enclosing,
    is_absolute,
)

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

_REFERENCE = f"{CANONICAL}Reference"
_REQUESTS = frozenset({"transaction", "batch", "transaction-response", "batch-response"})
_ANY = frozenset({"Resource", "DomainResource"})


class References:
    """The references of one validated text, against the definitions of `engine`."""

    def __init__(self, engine: "Engine", outside: Outside = NOWHERE) -> None:
        self.engine = engine
        self.resolver = Resolver(engine.tree, outside)

    def resolve(self, reference: str, source: Node) -> Node | None:
        """Return what `reference`, which stands at `source`, leads to; None if it is not here."""
        return self.resolver.target(source, reference).node

    def check(self, node: Node, rule: Referring, report: Report) -> None:
        """Report what is wrong with a Reference of which a definition says `rule`.

        The definition of a type, which speaks for each Reference once, is where its form is looked
        at; the types that it allows, the structural check knows.
        """
        text = node.element.get("reference") if node.type == "Reference" else None
        if not isinstance(text, str) or "?" in text:
            return
        target = self.resolver.local(node, text)
        of_profile = self._is_profile(rule.profile)
        if target is ELSEWHERE and self._is_plain(text, rule, of_profile=of_profile):
            return
        problems = [*_reached(target, rule), *_versioned(text, rule)]
        if target.node is not None or of_profile:
            problems += self._aimed(node, text, target, rule, report)
        if not of_profile and not text.startswith("#"):
            problems += (*_of_text(text, node), *_of_target(text, target))
        for problem in problems:
            report.add(node, problem)

    def _is_plain(self, text: str, rule: Referring, *, of_profile: bool) -> bool:
        """Say whether a reference to elsewhere names a type, and no more is demanded than that."""
        named = type_named_by(text)
        if named is None or not rule.names_types_alone:
            return False
        return not of_profile or any(
            self._type(url) == named and not self._is_profile(url) for url in rule.targets
        )

    def _aimed(
        self, node: Node, text: str, target: Target, rule: Referring, report: Report
    ) -> Iterator[Problem]:
        """Yield what is wrong with the type of the target, or with all profiles it might fit."""
        types = {url: self._type(url) for url in rule.targets}
        type_ = target.node.type if target.node is not None else type_named_by(text)
        if not types or type_ is None:
            return
        possible = [url for url, found in types.items() if found in {type_, None, *_ANY}]
        if not possible:
            expected = ", ".join(f"`{found}`" for found in types.values())
            told = f"`{type_}` is not what this may refer to: {expected}."
            yield _problem(rule.profile, "reference-type", told, code="value")
        elif all(self._is_profile(url) for url in possible):
            found = self.resolver.target(node, text).node
            if found and not any(self.engine.fits(found, url, report) for url in possible):
                expected = ", ".join(f"`{url}`" for url in possible)
                told = f"What `{text}` leads to does not fit {expected}."
                yield _problem(rule.profile, "reference-profile", told, code="value")

    def _type(self, url: str) -> str | None:
        structure = self.engine.structure(url)
        found = None if structure is None else structure.get("type")
        return found if isinstance(found, str) else None

    def _is_profile(self, url: str) -> bool:
        structure = self.engine.structure(url)
        return structure is not None and structure.get("derivation") == "constraint"


def _reached(target: Target, rule: Referring) -> Iterator[Problem]:
    allowed = rule.aggregation
    if allowed and target.way not in allowed:
        expected = ", ".join(f"`{way}`" for way in sorted(allowed))
        told = f"The target is {target.way} here; it must be {expected}."
        yield _problem(rule.profile, "reference-aggregation", told)


def _versioned(text: str, rule: Referring) -> Iterator[Problem]:
    has_version = "/_history/" in text
    if rule.versioning == {"specific"} and not has_version:
        yield _problem(rule.profile, "reference-version", "The reference must name a version.")
    if rule.versioning == {"independent"} and has_version:
        yield _problem(rule.profile, "reference-version", "The reference must not name a version.")


def _of_text(text: str, node: Node) -> Iterator[Problem]:
    if is_absolute(text):
        return
    if "/" not in text:
        told = f"`{text}` must be `Type/id`, an absolute URL, or `#id` of a contained resource."
        yield _problem(_REFERENCE, "reference-form", told)
    elif type_named_by(text) is None:
        told = f"`{text}` does not look like a reference; one is `Type/id`."
        yield _problem(_REFERENCE, "reference-form", told, severity=WARNING)
    entry = next(enclosing(node), None)
    if entry is not None and not FullUrl.of(entry.value).text:
        bundle = entry.parent
        if bundle is not None and bundle.value.get("type") not in _REQUESTS:
            told = f"`{text}` is relative, and the entry has no `fullUrl` that it could be below."
            yield _problem(_REFERENCE, "reference-relative", told)


def _of_target(text: str, target: Target) -> Iterator[Problem]:
    if len(target.nodes) > 1:
        told = f"`{text}` leads to {len(target.nodes)} entries of the Bundle; it must lead to one."
        yield _problem(_REFERENCE, "reference-target", told, code="multiple-matches")
    if target.missing:
        told = f"There is no `{text}`."
        yield _problem(_REFERENCE, "reference-target", told, code="not-found")
    if target.way is Way.REFERENCED and text.startswith("urn:"):
        told = f"`{text}` is no entry of the Bundle, so nobody can find it."
        yield _problem(_REFERENCE, "reference-target", told, severity=WARNING, code="not-found")
    named = type_named_by(text)
    if target.node is not None and named is not None and named != target.node.type:
        told = f"`{text}` leads to a resource of type `{target.node.type}`."
        yield _problem(_REFERENCE, "reference-target", told)


def _problem(
    profile: str, rule: str, diagnostics: str, *, severity: str = ERROR, code: str = "invalid"
) -> Problem:
    return Problem(
        code=code,
        diagnostics=diagnostics,
        profile=parse(profile).url,
        rule=rule,
        severity=severity,
    )
