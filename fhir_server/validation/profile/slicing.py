"""Slicing: which slice each repetition belongs to, and what that demands.

https://hl7.org/fhir/R4/profiling.html#slicing
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fhir_server.validation.profile.definition import Definition, objects
from fhir_server.validation.profile.discriminators import Test, tests_of
from fhir_server.validation.profile.narrow import Narrowed
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.paths import url_of
from fhir_server.validation.profile.report import INFORMATION, Check, Problem, Report
from fhir_server.validation.profile.subject import Subject

if TYPE_CHECKING:
    from fhir_server.fhir.resource import Element
    from fhir_server.validation.profile.engine import Engine

_DEFAULT = "@default"
# How a slice's name leads to what it demands of each node, and to its reslices.
Demands: TypeAlias = "Mapping[str, tuple[tuple[Check, ...], Slicing | None]]"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slice:
    """One slice; `tests` must all say that a node belongs to it."""

    name: str
    min: int
    max: int | None
    tests: tuple[Test, ...]
    checks: Narrowed
    inner: "Slicing | None"
    too_few: Problem
    too_many: Problem
    unsupported: Problem | None

    @property
    def wanted(self) -> bool:
        """Say whether something is told where it has no nodes."""
        inside = self.inner is not None and self.inner.wanted
        return self.min > 0 or self.unsupported is not None or inside

    def takes(self, node: Node, report: Report) -> bool:
        """Say whether a node belongs to the slice."""
        return all(test(node, report) for test in self.tests)

    def examine(self, parent: Node, nodes: Sequence[Node], step: str, report: Report) -> None:
        """Report what is wrong with the nodes that belong to the slice."""
        if len(nodes) < self.min:
            report.add(parent, self.too_few, step)
        if self.max is not None and len(nodes) > self.max:
            report.add(nodes[self.max], self.too_many)
        if not nodes and self.unsupported is not None:
            report.add(parent, self.unsupported, step)
        if self.checks.every:
            self.checks.run(nodes, report)
        if self.inner is not None:
            self.inner(parent, nodes, report)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slicing:
    """The slices of an element; `pick` returns the one that a node belongs to."""

    step: str
    slices: tuple[Slice, ...]
    # Each slice, and whether it has something to say of what is not there.
    looked_at: tuple[tuple[Slice, bool], ...]
    pick: Callable[[Node, Report], Slice | None]
    # Of extensions: the slices by their url, which `pick` is not needed for.
    by_url: dict[str | None, Slice] | None
    rules: str
    ordered: bool
    unmatched: Problem
    misplaced: Problem
    not_last: Problem

    def __call__(self, parent: Node, nodes: Sequence[Node], report: Report) -> None:
        """Report what is wrong with the nodes of the element below `parent`."""
        by_url, pick = self.by_url, self.pick
        if by_url is None:
            picked = [pick(node, report) for node in nodes]
        else:
            picked = [by_url.get(node.value.get("url")) for node in nodes]
        if self.ordered or self.rules == "openAtEnd":
            self._order(nodes, picked, report)
        taken: dict[Slice | None, list[Node]] = {}
        for node, slice_ in zip(nodes, picked, strict=True):
            taken.setdefault(slice_, []).append(node)
        if self.rules == "closed":
            for node in taken.get(None, ()):
                report.add(node, self.unmatched)
        for slice_, wanted in self.looked_at:
            own = taken.get(slice_)
            if own is not None or wanted:
                slice_.examine(parent, own or (), self.step, report)

    @property
    def wanted(self) -> bool:
        """Say whether something is told where there are no nodes at all."""
        return any(wanted for _, wanted in self.looked_at)

    def _order(self, nodes: Sequence[Node], picked: Sequence[Slice | None], report: Report) -> None:
        furthest, ended = 0, False
        for node, slice_ in zip(nodes, picked, strict=True):
            if slice_ is None:
                ended = True
                continue
            if ended and self.rules == "openAtEnd":
                report.add(node, self.not_last)
            place = self.slices.index(slice_)
            if self.ordered and place < furthest:
                report.add(node, self.misplaced)
            furthest = max(furthest, place)


def slicing_of(subject: Subject, demands: Demands, engine: "Engine") -> Slicing:
    """Return the slicing of an element, whose slices' demands are compiled already."""
    definition = subject.definition
    said = definition.element.get("slicing")
    found = said if isinstance(said, dict) and said else _implied(definition)
    slices = tuple(
        _slice(Subject(definition=each, base=subject.base), found, demands, engine)
        for each in definition.slices
    )
    name = definition.name
    known = ", ".join(f"`{each.name}`" for each in slices)
    return Slicing(
        step=f".{name}",
        slices=slices,
        looked_at=tuple((each, each.wanted) for each in slices),
        pick=_picker(slices),
        by_url=_by_url(definition, found, slices),
        rules=str(found.get("rules", "open")),
        ordered=found.get("ordered") is True,
        unmatched=subject.problem(
            "slicing", "structure", f"This is none of the slices of `{name}`: {known}."
        ),
        misplaced=subject.problem(
            "slicing", "structure", f"The slices of `{name}` must stand in this order: {known}."
        ),
        not_last=subject.problem(
            "slicing", "structure", f"What is none of the slices must stand last: {known}."
        ),
    )


def _implied(definition: Definition) -> "Element":
    """Return the slicing of a choice by its types, which need not be written."""
    if definition.choice:
        return {"discriminator": [{"type": "type", "path": "$this"}], "rules": "open"}
    return {"rules": "open"}


def _slice(subject: Subject, slicing: "Element", demands: Demands, engine: "Engine") -> Slice:
    definition = subject.definition
    name = definition.slice_name or definition.name
    checks, inner = demands[name]
    tests = () if name == _DEFAULT else tests_of(definition, slicing, checks, engine)
    most = definition.max
    text = f"The slice `{name}` of `{definition.name}`"
    times = "once" if definition.min == 1 else f"{definition.min} times"
    return Slice(
        name=name,
        min=definition.min,
        max=most,
        tests=tests,
        checks=Narrowed(checks),
        inner=inner,
        too_few=subject.problem("cardinality", "required", f"{text} must be there {times}."),
        too_many=subject.problem(
            "cardinality",
            "structure",
            f"{text} must not be there." if most == 0 else f"{text} may be there {most} times.",
        ),
        unsupported=subject.problem(
            "must-support",
            "informational",
            f"{text} must be supported by who implements the profile, and is not there.",
            severity=INFORMATION,
        )
        if engine.scope.must_support and definition.element.get("mustSupport") is True
        else None,
    )


def _picker(slices: tuple[Slice, ...]) -> Callable[[Node, Report], Slice | None]:
    last = next((each for each in slices if each.name == _DEFAULT), None)
    others = tuple(each for each in slices if each is not last)

    def pick(node: Node, report: Report) -> Slice | None:
        return next((each for each in others if each.takes(node, report)), last)

    return pick


def _by_url(
    definition: Definition, slicing: "Element", slices: tuple[Slice, ...]
) -> dict[str | None, Slice] | None:
    """Return the slices by the url of their extensions, None where it does not tell them apart."""
    urls = [url_of(each) for each in definition.slices]
    if _is_by_url(slicing) and all(urls) and all(each.name != _DEFAULT for each in slices):
        return dict(zip(urls, slices, strict=True))
    return None


def _is_by_url(slicing: "Element") -> bool:
    found = [(each.get("type"), each.get("path")) for each in objects(slicing, "discriminator")]
    return found in ([("value", "url")], [("pattern", "url")])
