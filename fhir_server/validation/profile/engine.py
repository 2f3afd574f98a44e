"""The compiled definitions: types, profiles, and the elements of both, made as they are met.

https://hl7.org/fhir/R4/profiling.html

A node is checked by its type (`of_type`), which covers all of the specification that is not
structure, and by profiles (`issues`), which check only what they add to the type.
"""

from copy import copy
from dataclasses import dataclass

from fhir_server.fhir.canonical import CanonicalResources, parse
from fhir_server.fhir.definitions import CANONICAL, Definitions
from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Resource
from fhir_server.fhirpath.expression import Compiled, expression
from fhir_server.fhirpath.model import Model, model_of
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.profile.compile import checks_of
from fhir_server.validation.profile.contexts import places_of
from fhir_server.validation.profile.definition import Definition, objects, root_of
from fhir_server.validation.profile.known import Known
from fhir_server.validation.profile.node import Node, Tree
from fhir_server.validation.profile.report import (
    DEFAULT,
    INFORMATION,
    Check,
    Problem,
    Report,
    Scope,
    is_error,
)
from fhir_server.validation.profile.subject import Subject
from fhir_server.validation.profile.typed import TypeCheck

_STRUCTURE = "StructureDefinition"
_IMPOSES = f"{CANONICAL}structuredefinition-imposeProfile"
_ROOT_TYPES = frozenset({"Resource", "DomainResource", "Element", "BackboneElement"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """A compiled profile: `type` is what it constrains, `imposed` further profiles to be met.

    `places` are the types on which an extension may stand wherever they are.
    """

    url: str
    type: str
    root: Definition
    structure: Resource
    checks: tuple[Check, ...]
    imposed: tuple[str, ...]
    is_modifier: bool
    places: frozenset[str]


class Engine:
    """Everything that is compiled of one set of packages.

    Compiling twice in two threads gives the same, so no lock is needed.
    """

    def __init__(
        self,
        definitions: Definitions,
        packages: CanonicalResources,
        terminology: Terminology | None,
    ) -> None:
        self.definitions = definitions
        self.packages = packages
        self.terminology = terminology
        self.model: Model = model_of(definitions)
        self.tree = Tree(self.model)
        self._roots: dict[str, Definition | None] = {}
        self._structures: dict[str, Resource] = {}
        self._trees: dict[str, Definition] = {}
        self._expressions: dict[tuple[str, str], Compiled] = {}
        # Those that are of their systems, whatever is asked for.
        self.codes = Known()
        self.begin(Scope.of(DEFAULT))
        self._scopes: dict[Scope, Engine] = {self.scope: self}

    def within(self, scope: Scope) -> "Engine":
        """Return the engine whose checks are those of `scope`; all share what they compile from.

        A write asks for errors alone: what could only warn is not in the checks it goes through.
        """
        found = self._scopes.get(scope)
        if found is None:
            found = copy(self)
            found.begin(scope)
            self._scopes[scope] = found
        return found

    def begin(self, scope: Scope) -> None:
        """Compile for `scope` from now on, and nothing yet."""
        self.scope = scope
        self._types: dict[str, TypeCheck] = {}
        self._profiles: dict[str, Profile] = {}

    def of_type(self, type_: str) -> TypeCheck:
        """Return the check by a data type, resource type or path of a backbone element."""
        found = self._types.get(type_)
        if found is None:
            found = self._types[type_] = TypeCheck(type_, self)
        return found

    def type_definition(self, type_: str) -> Definition | None:
        """Return the tree of a type, or of a backbone element by its path."""
        name, dot, _ = type_.partition(".")
        if name not in self._roots:
            structure = self.packages.resolve(_STRUCTURE, CANONICAL + name)
            self._roots[name] = root_of(structure) if structure else None
        root = self._roots[name]
        return root.at(type_) if dot and root else root

    def child(
        self, definition: Definition, name: str, kind: str | None = None
    ) -> Definition | None:
        """Return a child's definition, in the types of `definition` where it does not go so deep.

        `kind` is the type of the element, where it has several.
        """
        found = definition.by_name.get(name)
        if found is not None:
            return found
        reference = definition.element.get("contentReference")
        if reference:
            target = self.type_definition(str(reference).rpartition("#")[2])
            return target and target.by_name.get(name)
        for each in definition.types:
            if kind is None or each.code == kind:
                root = self.type_definition(each.code)
                found = root and root.by_name.get(name)
                if found is not None:
                    return found
        return None

    def structure(self, url: str) -> Resource | None:
        """Return a StructureDefinition by its canonical URL."""
        found = self._structures.get(url)
        if found is None:
            found = self.packages.resolve(_STRUCTURE, url)
            # Resources name what is not here in any number: only what is here is remembered.
            if found is not None and "#" not in url:
                self._structures[url] = found
        return found

    def profile_root(self, url: str) -> Definition | None:
        """Return the tree of a profile or type by its canonical URL, without compiling it."""
        name = url.removeprefix(CANONICAL)
        if name != url and name in self.definitions.structures():
            return self.type_definition(name)
        found = self._trees.get(url)
        if found is None:
            structure = self.structure(url)
            found = root_of(structure) if structure else None
            if found is not None and "#" not in url:
                self._trees[url] = found
        return found

    def expression(self, text: str, base: str) -> Compiled:
        """Return an expression on elements of the type `base`, compiled once.

        Raises:
            FhirPathError: It cannot be used.
        """
        key = text, base
        found = self._expressions.get(key)
        if found is None:
            found = self._expressions[key] = expression(text, self.model, base=base)
        return found

    def profile(self, url: str) -> Profile | None:
        """Return a compiled profile, None where it is not here or has no snapshot."""
        found = self._profiles.get(url)
        if found is None:
            structure = self.structure(url)
            found = None if structure is None else self._compile(structure, url)
            if found is not None and "#" not in url:
                self._profiles[url] = found
        return found

    def _compile(self, structure: Resource, url: str) -> Profile | None:
        root = self.profile_root(url)
        if root is None:
            return None
        type_ = str(structure.get("type", ""))
        is_type = structure.get("derivation") != "constraint"
        base = self.type_definition(type_)
        subject = Subject(definition=root, base=base)
        return Profile(
            url=parse(url).url,
            type=type_,
            root=root,
            structure=structure,
            checks=() if is_type or base is None else checks_of(subject, self),
            is_modifier=root.element.get("isModifier") is True,
            places=places_of(structure),
            imposed=tuple(
                str(each["valueCanonical"])
                for each in objects(structure, "extension")
                if each.get("url") == _IMPOSES and "valueCanonical" in each
            ),
        )

    def issues(self, node: Node, url: str, report: Report) -> tuple[Issue, ...]:
        """Return what keeps `node` from fitting a profile; nothing while that is being found out.

        A profile that is not here is told as such, with no error.
        """
        key = node, url
        found = report.memory.get(key)
        if found is None:
            report.memory[key] = ()
            apart = Report(report.options, report.references, report.memory)
            self._apply(node, url, apart)
            found = report.memory[key] = tuple(apart.found)
        return found

    def fits(self, node: Node, url: str, report: Report) -> bool:
        """Say whether `node` fits a profile, as far as can be told."""
        return not any(map(is_error, self.issues(node, url, report)))

    def _apply(self, node: Node, url: str, report: Report) -> None:
        profile = self._profiles.get(url) or self.profile(url)
        if profile is None:
            report.add(node, _unknown(url, report.options.unknown_profile))
            return
        if node.type != profile.type and not self._is_of(node, profile.type):
            text = f"The profile `{url}` is for {profile.type}, not for {node.type}."
            problem = Problem(code="invalid", diagnostics=text, profile=profile.url, rule="profile")
            report.add(node, problem)
            return
        for check in profile.checks:
            check(node, report)
        for imposed in profile.imposed:
            if self.profile(imposed) is None:
                report.add(node, _unknown(imposed, INFORMATION))
            else:
                report.take(self.issues(node, imposed, report))

    def _is_of(self, node: Node, type_: str) -> bool:
        return type_ in _ROOT_TYPES or self.model.is_a(node.type, type_)


def _unknown(url: str, severity: str) -> Problem:
    text = (
        f"The profile `{url}` is not known here, so it was not checked: "
        "add its package with `handoff package add FILE.tgz`."
    )
    return Problem(
        severity=severity,
        code="not-found",
        diagnostics=text,
        profile=parse(url).url,
        rule="profile",
    )
