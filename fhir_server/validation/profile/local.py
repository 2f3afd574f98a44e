"""References within what is validated: contained resources and entries of the same Bundle.

https://hl7.org/fhir/R4/references.html
"""

from typing_extensions import override

from fhir_server.validation.profile.definition import TypeReference
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import References, Report


class Local(References):
    """Resolves what is at hand, and judges nothing."""

    @override
    def resolve(self, reference: str, source: Node) -> Node | None:
        """Return the contained resource or the Bundle's entry that `reference` names."""
        if reference.startswith("#"):
            return contained(reference[1:], source)
        return in_bundle(reference, source)

    @override
    def check(
        self, node: Node, kinds: tuple[TypeReference, ...], profile: str, report: Report
    ) -> None:
        """Judge nothing."""


LOCAL = Local()


def contained(id_: str, source: Node) -> Node | None:
    """Return the resource of that id in the resource around `source`; itself for ""."""
    root = source.root
    if not id_:
        return root
    found = root.children("contained")
    return next((each for each in found if each.value.get("id") == id_), None)


def in_bundle(reference: str, source: Node) -> Node | None:
    """Return the entry, of the Bundle around `source`, that `reference` names by its fullUrl."""
    at: Node | None = source.resource
    while at is not None and at.type != "Bundle":
        at = at.parent.resource if at.parent else None
    for entry in at.children("entry") if at else ():
        url = entry.value.get("fullUrl")
        if isinstance(url, str) and (url == reference or url.endswith(f"/{reference}")):
            found = entry.children("resource")
            return found[0] if found else None
    return None
