"""Documents and messages: all that their first resource needs is in the Bundle, and nothing else.

https://hl7.org/fhir/R4/documents.html#content and https://hl7.org/fhir/R4/messaging.html#bundle
"""

from collections.abc import Iterator

from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import ERROR, INFORMATION, WARNING, Problem, Report
from fhir_server.validation.resolution import Entries, FullUrl, reference_texts

_COMPOSITION = ("subject", "encounter", "author", "custodian")
_SECTION = ("author", "focus", "entry")


def check_document(bundle: Node, entries: Entries, report: Report) -> None:
    """Report what the Composition refers to and is missing, and what nothing leads to."""
    first = _first(bundle, "Composition")
    if first is None:
        return
    for reference in _of_composition(first):
        _check_present(reference, entries, report)
    for entry, forwards in _unreached(bundle, entries):
        named = FullUrl.of(entry.value).text
        resource = next(iter(entry.children("resource")), None)
        if not forwards:
            text = f"Nothing leads from the Composition to `{named}`, nor back to it."
            report.add(entry, _problem("reachable", text))
        elif resource is not None and resource.type != "Provenance":
            text = f"No reference leads from the Composition to `{named}`."
            report.add(entry, _problem("reachable", text, WARNING))


def check_message(bundle: Node, entries: Entries, report: Report) -> None:
    """Report what the MessageHeader is about and is missing, and what nothing leads to."""
    first = _first(bundle, "MessageHeader")
    if first is None:
        return
    for reference in first.children("focus"):
        _check_present(reference, entries, report)
    for entry, forwards in _unreached(bundle, entries):
        named = FullUrl.of(entry.value).text
        severity = INFORMATION if forwards else WARNING
        text = f"No reference leads from the MessageHeader to `{named}`; is it needed?"
        report.add(entry, _problem("reachable", text, severity))


def _first(bundle: Node, type_: str) -> Node | None:
    for entry in bundle.children("entry")[:1]:
        for resource in entry.children("resource"):
            return resource if resource.type == type_ else None
    return None


def _of_composition(composition: Node) -> Iterator[Node]:
    """Yield the references whose targets a document must contain."""
    for name in _COMPOSITION:
        yield from composition.children(name)
    for attester in composition.children("attester"):
        yield from attester.children("party")
    for event in composition.children("event"):
        yield from event.children("detail")
    pending = [*composition.children("section")]
    while pending:
        section = pending.pop(0)
        for name in _SECTION:
            yield from section.children(name)
        pending.extend(section.children("section"))


def _check_present(reference: Node, entries: Entries, report: Report) -> None:
    text = reference.element.get("reference")
    if not isinstance(text, str) or text.startswith("#"):
        return
    entry = reference.resource.parent
    source = FullUrl.of(entry.value if entry is not None else {})
    found = entries.find(text, source, strictly=True)
    if len(found) > 1:
        told = f"`{text}` leads to {len(found)} entries; it must lead to one."
        report.add(reference, _problem("present", told))
    elif not found:
        alike = " One of its type and id has another `fullUrl`." if entries.has_alike(text) else ""
        told = f"`{text}` must be an entry of the Bundle, by its `fullUrl`.{alike}"
        report.add(reference, _problem("present", told, code="not-found"))


def _unreached(bundle: Node, entries: Entries) -> Iterator[tuple[Node, bool]]:
    """Yield the entries that no reference leads to from the first, with whether one leads back."""
    nodes = bundle.children("entry")
    places = {
        id(resource.value): place
        for place, entry in enumerate(nodes)
        for resource in entry.children("resource")
    }
    forth: list[set[int]] = [_targets(entry, entries, places) for entry in nodes]
    back: list[set[int]] = [set() for _ in nodes]
    for place, targets in enumerate(forth):
        for target in targets:
            back[target].add(place)
    forwards = _closure({0}, [forth])
    either = _closure({0}, [forth, back])
    for place, entry in enumerate(nodes):
        if place not in forwards and entry.children("resource"):
            yield entry, place in either


def _targets(entry: Node, entries: Entries, places: dict[int, int]) -> set[int]:
    source = FullUrl.of(entry.value)
    return {
        places[id(target.value)]
        for resource in entry.children("resource")
        for text in reference_texts(resource.value)
        for target in entries.find(text, source, strictly=True)
        if id(target.value) in places
    }


def _closure(start: set[int], graphs: list[list[set[int]]]) -> set[int]:
    found, pending = set(start), list(start)
    while pending:
        place = pending.pop()
        for graph in graphs:
            new = graph[place] - found
            found |= new
            pending.extend(new)
    return found


def _problem(rule: str, diagnostics: str, severity: str = ERROR, code: str = "invalid") -> Problem:
    return Problem(
        code=code,
        diagnostics=diagnostics,
        profile="http://hl7.org/fhir/StructureDefinition/Bundle",
        rule=f"bundle-{rule}",
        severity=severity,
    )
