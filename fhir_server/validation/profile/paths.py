"""The restricted FHIRPath of discriminators.

https://hl7.org/fhir/R4/profiling.html#discriminator : names, `$this`, `extension('url')`,
`resolve()` and `ofType()`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from fhir_server.fhir.canonical import parse
from fhir_server.validation.profile.definition import Definition
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Report

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

_STEP = re.compile(
    r"\$this|extension\(\s*['\"](?P<url>[^'\"]*)['\"]\s*\)|(?P<resolve>resolve\(\))"
    r"|(?:ofType|as)\(\s*(?:FHIR\.)?(?P<type>\w+)\s*\)|(?P<name>\w+)(?:\[x\])?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """`kind` is name, url, resolve or type."""

    kind: str
    argument: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The steps, without `$this`."""

    steps: tuple[_Step, ...]

    def definitions(self, start: Definition, engine: "Engine") -> tuple[Definition, ...]:
        """Return what a slice's definition says of the elements at the end: alternatives."""
        found = [start]
        for step in self.steps:
            found = [after for each in found for after in _defined(each, step, engine)]
        return tuple(found)

    def nodes(self, start: Node, report: Report) -> tuple[Node, ...]:
        """Return the nodes at the end."""
        found: tuple[Node, ...] = (start,)
        for step in self.steps:
            found = tuple(after for each in found for after in _reached(each, step, report))
        return found


@lru_cache(maxsize=256)
def parse_path(text: str) -> Path:
    """Return the path that `text` writes; what is not of the restricted form is left out."""
    steps = []
    for found in _STEP.finditer(text):
        kind = found.lastgroup
        if kind is not None:
            steps.append(_Step(kind=kind, argument=found[kind]))
    return Path(steps=tuple(steps))


def _reached(node: Node, step: _Step, report: Report) -> Sequence[Node]:
    match step.kind:
        case "name":
            return node.children(step.argument)
        case "url":
            found = node.children("extension")
            return [each for each in found if each.value.get("url") == step.argument]
        case "resolve":
            value = node.value
            text = value.get("reference") if isinstance(value, dict) else value
            target = report.references.resolve(text, node) if isinstance(text, str) else None
            return [] if target is None else [target]
        case _:
            is_a = node.tree.model.is_a
            same = node.type == step.argument or is_a(node.type, step.argument)
            return [node] if same else []


def _defined(definition: Definition, step: _Step, engine: "Engine") -> Iterator[Definition]:
    match step.kind:
        case "name":
            yield from _named(definition, step.argument, engine)
        case "url":
            yield from _extended(definition, step.argument, engine)
        case "resolve":
            yield from _targets(definition, engine)
        case _:
            slices = [each for each in definition.slices if _is_of(each, step.argument)]
            yield from slices or [definition]


def _named(definition: Definition, name: str, engine: "Engine") -> Iterator[Definition]:
    own = definition.by_name.get(name)
    if own is not None:
        # A choice of one type only may be written as a slice.
        yield own.slices[0] if own.choice and len(own.slices) == 1 else own
        return
    below = [
        child
        for root in _profile_roots(definition, engine)
        if (child := root.by_name.get(name)) is not None
    ]
    if below:
        yield from below
        return
    child = engine.child(definition, name)
    if child is not None:
        yield child


def _profile_roots(definition: Definition, engine: "Engine") -> Iterator[Definition]:
    for kind in definition.types:
        for url in kind.profiles:
            root = engine.profile_root(url)
            if root is not None:
                yield root


def _extended(definition: Definition, url: str, engine: "Engine") -> Iterator[Definition]:
    for slice_ in (
        each for child in _named(definition, "extension", engine) for each in child.slices
    ):
        if url_of(slice_) == url:
            yield slice_


def url_of(definition: Definition) -> str | None:
    """Return the url of the extensions that belong to a slice, None where it cannot be told."""
    inner = definition.by_name.get("url")
    fixed = inner.value_of("fixed") if inner else None
    if isinstance(fixed, str):
        return fixed
    profiles = [url for kind in definition.types for url in kind.profiles]
    return parse(profiles[0]).url if len(profiles) == 1 else None


def _targets(definition: Definition, engine: "Engine") -> Iterator[Definition]:
    for kind in definition.types:
        for url in kind.targets:
            root = engine.profile_root(url)
            if root is not None:
                yield root


def _is_of(definition: Definition, type_: str) -> bool:
    return any(kind.code == type_ for kind in definition.types)
