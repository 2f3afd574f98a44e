"""Resources that the server itself writes, built through the typed models of fhir.resources.

https://hl7.org/fhir/R4B/ , whose CapabilityStatement, Composition, MeasureReport and
OperationOutcome are those of R4.

Only for resources of low volume: importing the models takes half a second, so that is left to the
first call. What a client sends is checked by `validation`, which is stricter and loses nothing.
"""

import importlib
from functools import cache
from typing import TYPE_CHECKING

from fhir_server.fhir.resource import Resource, type_of

if TYPE_CHECKING:
    from fhir.resources.R4B.fhirresourcemodel import FHIRResourceModel


class ModelError(ValueError):
    """The server built a resource that its model refuses: a fault of ours, not of a client."""


def typed(resource: Resource) -> "FHIRResourceModel":
    """Return `resource` as its typed model, for code that reads attributes instead of keys.

    A model is not for storing: it forgets the digits of decimals and how dates were written.

    Raises:
        ModelError: The model refuses it, or R4B has no such type.
    """
    name = type_of(resource)
    try:
        return _model(name).model_validate(resource)
    except ValueError as error:
        raise ModelError(f"`{name}` is not right: {'; '.join(_reasons(error))}") from None


def validated(resource: Resource) -> Resource:
    """Return `resource` itself, unchanged, once its typed model has accepted it.

    Raises:
        ModelError: The model refuses it, or R4B has no such type.
    """
    typed(resource)
    return resource


@cache
def _model(name: str) -> "type[FHIRResourceModel]":
    models = importlib.import_module("fhir.resources.R4B")
    model: type[FHIRResourceModel] = models.get_fhir_model_class(name)
    return model


def _reasons(error: ValueError) -> list[str]:
    """Name the elements and the reasons; the values may be health data."""
    errors = getattr(error, "errors", None)
    if errors is None:
        return ["R4B has no such type"]
    return [f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in errors(include_input=False)]
