"""A resource, whole or inside another: its type, and the profiles that it claims.

https://hl7.org/fhir/R4/resource.html#Meta and https://hl7.org/fhir/R4/validation.html
"""

from typing import TYPE_CHECKING

from fhir_server.fhir.resource import items
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Check, Report

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine


def check(engine: "Engine") -> Check:
    """Return the check of a resource by its own type and by `meta.profile`."""

    def found(node: Node, report: Report) -> None:
        engine.of_type(node.type)(node, report)
        for url in claimed(node):
            report.take(engine.issues(node, url, report))

    return found


def claimed(node: Node) -> list[str]:
    """Return the profiles that a resource says it fits."""
    meta = node.value.get("meta")
    found = items(meta, "profile") if isinstance(meta, dict) else []
    return [url for url in found if isinstance(url, str)]
