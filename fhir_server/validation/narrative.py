"""The XHTML of a narrative, where it stands in its resource.

https://hl7.org/fhir/R4/narrative.html
"""

from collections.abc import Sequence

from fhir_server.fhir.narrative import check
from fhir_server.fhir.resource import Element, Json
from fhir_server.validation.elements import PropertyCheck, single_primitive
from fhir_server.validation.fault import Fault
from fhir_server.validation.primitives import Primitive


def narrative(step: str, xhtml: Primitive) -> PropertyCheck:
    """Return the check of `Narrative.div`; `step` is its FHIRPath, `.div`."""
    shape = single_primitive(step, xhtml)

    def faults(value: Json, element: Element) -> Sequence[Fault]:
        return shape(value, element) or [
            Fault(path=step, code=issue.code, diagnostics=issue.diagnostics)
            for issue in check(value)
        ]

    return faults
