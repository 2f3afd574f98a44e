"""What expressions ask of the validation in which they are evaluated.

https://hl7.org/fhir/R4/fhirpath.html#variables
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fhir_server.fhir.narrative import check as narrative_issues
from fhir_server.fhir.resource import Resource
from fhir_server.fhirpath.errors import FhirPathEvaluationError
from fhir_server.fhirpath.evaluation import Ports
from fhir_server.fhirpath.item import Item, Items
from fhir_server.validation.profile.codings import codings_of
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Report

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

_ABOVE = frozenset({"subsumes", "equivalent"})


class UnknownHereError(FhirPathEvaluationError):
    """The answer depends on a code system, value set or profile that is not here."""


def variables_of(node: Node, *, as_part: bool = False) -> Mapping[str, Items]:
    """Return `%resource` and `%rootResource` of an element.

    `as_part`: a resource is seen as the part of another, which is `%resource` then.
    """
    at = node.parent if as_part and node.is_resource and node.parent else node
    return {"resource": [at.resource.item], "rootResource": [at.root.item]}


def ports_of(engine: "Engine", node: Node, report: Report) -> Ports:
    """Return what an expression on `node` may ask; a profile has several expressions on one."""
    if report.ports is None or report.ports[0] is not node:
        report.ports = node, _ports(engine, node, report)
    return report.ports[1]


def _ports(engine: "Engine", node: Node, report: Report) -> Ports:
    now = report.options.now

    def resolve(reference: str) -> Resource | None:
        found = report.references.resolve(reference, node)
        return None if found is None else found.value

    def conforms_to(item: Item, url: str) -> bool:
        if engine.profile(url) is None:
            raise UnknownHereError(f"The profile `{url}` is not known here.")
        return engine.fits(engine.tree.detached(item, node.resource), url, report)

    return Ports(
        resolve=resolve,
        member_of=lambda item, url: _member_of(engine, item, url),
        subsumes=lambda one, other: _subsumes(engine, one, other),
        conforms_to=conforms_to,
        html_checks=lambda text: not narrative_issues(text),
        now=None if now is None else lambda: now,
    )


def _member_of(engine: "Engine", item: Item, url: str) -> bool:
    if engine.terminology is None:
        raise UnknownHereError("There is no terminology.")
    answers = [engine.terminology.validate_code(url, coding) for coding in codings_of(item)]
    if any(answer.result for answer in answers):
        return True
    unknown = next((answer for answer in answers if answer.result is None), None)
    if unknown is not None:
        raise UnknownHereError(unknown.message)
    return False


def _subsumes(engine: "Engine", one: Item, other: Item) -> bool:
    """Return whether a code of `one` is above, or the same as, one of `other`."""
    if engine.terminology is None:
        raise UnknownHereError("There is no terminology.")
    pairs = [(a, b) for a in codings_of(one) for b in codings_of(other) if a.system == b.system]
    answers = [engine.terminology.subsumes(a, b) for a, b in pairs]
    if any(answer in _ABOVE for answer in answers):
        return True
    if None in answers:
        raise UnknownHereError("Whether one code is above another cannot be told here.")
    return False
