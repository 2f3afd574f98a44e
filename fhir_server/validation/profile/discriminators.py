"""Discriminators: how to tell which slice a node belongs to.

https://hl7.org/fhir/R4/profiling.html#discriminator

The path of a discriminator is walked twice: through the definition of the slice, to see what is
laid down there, and through each node, to see what stands there.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from fhir_server.fhir.resource import Element, items
from fhir_server.validation.profile.codings import codings_of
from fhir_server.validation.profile.definition import Definition, objects, said
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.paths import Path, parse_path
from fhir_server.validation.profile.report import Check, Report
from fhir_server.validation.profile.values import laid_down

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

Test: TypeAlias = Callable[[Node, Report], bool]


def tests_of(
    definition: Definition, slicing: Element, checks: tuple[Check, ...], engine: "Engine"
) -> tuple[Test, ...]:
    """Return the tests that a node of the slice passes, one for each discriminator that tells.

    Where none does, a node belongs to the slice if it meets all that the slice demands.
    """
    found = [
        test
        for each in objects(slicing, "discriminator")
        if (test := _test(definition, each, engine)) is not None
    ]
    return tuple(found) or (_by_demands(checks),)


def _by_demands(checks: tuple[Check, ...]) -> Test:
    def test(node: Node, report: Report) -> bool:
        apart = report.apart()
        for check in checks:
            check(node, apart)
        return apart.fits

    return test


def _test(definition: Definition, discriminator: Element, engine: "Engine") -> Test | None:
    kind = discriminator.get("type")
    path = parse_path(str(discriminator.get("path", "$this")))
    ends = path.definitions(definition, engine)
    match kind:
        case "exists":
            return _exists(ends, path)
        case "type":
            return _any_of(path, [_is_type(ends, engine)]) if ends else None
        case "profile":
            return _any_of(path, [_conforms(ends, engine)]) if ends else None
        case _:
            if ends and all(end.max == 0 for end in ends):
                return _exists(ends, path)
            tests = [test for end in ends if (test := _value(end, engine)) is not None]
            return _any_of(path, tests) if tests else None


def _any_of(path: Path, tests: Sequence[Test]) -> Test:
    """Return the test that some node at the path passes one of `tests`."""
    return lambda node, report: any(
        test(found, report) for found in path.nodes(node, report) for test in tests
    )


def _exists(ends: Sequence[Definition], path: Path) -> Test | None:
    if ends and ends[0].max == 0:
        return lambda node, report: not path.nodes(node, report)
    if ends and ends[0].min > 0:
        return lambda node, report: bool(path.nodes(node, report))
    return None


def _is_type(ends: Sequence[Definition], engine: "Engine") -> Test:
    codes = frozenset(code for end in ends for code in _types(end))
    is_a = engine.model.is_a

    def test(node: Node, _: Report) -> bool:
        return node.type in codes or any(is_a(node.type, code) for code in codes)

    return test


def _types(end: Definition) -> Iterator[str]:
    """Yield the types of an element; a root's is its own name."""
    yield from (kind.code for kind in end.types) if end.types else (end.path,)


def _conforms(ends: Sequence[Definition], engine: "Engine") -> Test:
    profiles = tuple(dict.fromkeys(url for end in ends for url in _profiles(end)))
    if not profiles:
        return _is_type(ends, engine)

    def test(node: Node, report: Report) -> bool:
        known = [url for url in profiles if engine.profile(url) is not None]
        if any(engine.fits(node, url, report) for url in known):
            return True
        # A profile that is not here is taken for met by what claims it.
        meta = node.value.get("meta") if isinstance(node.value, dict) else None
        claimed = items(meta, "profile") if isinstance(meta, dict) else []
        return any(url in claimed for url in profiles if url not in known)

    return test


def _profiles(end: Definition) -> Iterator[str]:
    if "." not in end.path:
        yield end.source
    for kind in end.types:
        yield from kind.profiles


def _value(end: Definition, engine: "Engine") -> Test | None:
    """Return the test by what is laid down for an element, None where nothing is."""
    laid = laid_down(end)
    if laid is not None:
        fits, wanted = laid
        return lambda node, _: fits(node.value, wanted)
    below = _below(end, engine)
    if below is not None:
        return below
    binding = end.element.get("binding")
    value_set = said(binding, "valueSet")
    if said(binding, "strength") == "required" and value_set is not None:
        return _bound(value_set, engine)
    if any(kind.profiles for kind in end.types):
        return _conforms([end], engine)
    return None


def _below(end: Definition, engine: "Engine") -> Test | None:
    """Return the test by what is laid down for the children of an element."""
    tests: list[tuple[str, Test]] = []
    for child in end.children:
        for each in (child, *(found for found in child.slices if found.min > 0)):
            test = _value(each, engine) if laid_down(each) else _below(each, engine)
            if test is not None:
                tests.append((child.name, test))
    if not tests:
        return None
    return lambda node, report: all(
        any(test(child, report) for child in node.children(name)) for name, test in tests
    )


def _bound(value_set: str, engine: "Engine") -> Test | None:
    terminology = engine.terminology
    if terminology is None:
        return None

    def test(node: Node, _: Report) -> bool:
        answers = [terminology.validate_code(value_set, each) for each in codings_of(node.item)]
        # What cannot be told is taken for a member: it must not make anything invalid.
        return any(answer.result is not False for answer in answers)

    return test
