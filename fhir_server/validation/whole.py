"""What only shows on whole resources: ids, what is contained, how a Bundle hangs together.

https://hl7.org/fhir/R4/validation.html
"""

from collections.abc import Iterator

from fhir_server.validation.bundle import check_bundle
from fhir_server.validation.contained import check_contained, check_ids
from fhir_server.validation.definitional import check_structure_definition
from fhir_server.validation.narrative_links import check_links
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Report
from fhir_server.validation.references import References
from fhir_server.validation.text_links import check_text_links


def check_whole(resource: Node, references: References, report: Report) -> None:
    """Report what is wrong with a resource, and with each resource inside it, as a whole."""
    for node in _resources(resource):
        check_ids(node, report)
        if report.options.warnings:
            check_links(node, report)
        check_text_links(node, references, report)
        if "contained" in node.value:
            check_contained(node, report)
        if node.type == "Bundle":
            check_bundle(node, references.resolver, report)
        if node.type == "StructureDefinition":
            check_structure_definition(node, references.engine, report)


def _resources(node: Node) -> Iterator[Node]:
    """Yield a resource and all resources inside it."""
    yield node
    inside = [*node.children("contained")]
    if node.type == "Bundle":
        for entry in node.children("entry"):
            inside += entry.children("resource")
            for response in entry.children("response"):
                inside += response.children("outcome")
    if node.type == "Parameters":
        parameters = [*node.children("parameter")]
        while parameters:
            parameter = parameters.pop(0)
            parameters += parameter.children("part")
            inside += parameter.children("resource")
    for each in inside:
        yield from _resources(each)
