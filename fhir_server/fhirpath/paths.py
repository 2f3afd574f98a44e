"""The closures of paths: elements, `$this`, `%variables`, indexes.

https://hl7.org/fhirpath/N1/#path-selection and https://hl7.org/fhir/R4/fhirpath.html#variables
"""

from collections.abc import Mapping

from fhir_server.fhirpath.errors import FhirPathEvaluationError
from fhir_server.fhirpath.evaluation import Evaluate, Frame, Run
from fhir_server.fhirpath.item import EMPTY, Items, single_value, system_item
from fhir_server.fhirpath.model import Model
from fhir_server.fhirpath.tree import child_items

_CONSTANTS: Mapping[str, str] = {
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "ucum": "http://unitsofmeasure.org",
}
_PREFIXES: Mapping[str, str] = {
    "vs-": "http://hl7.org/fhir/ValueSet/",
    "ext-": "http://hl7.org/fhir/StructureDefinition/",
}


def member(of: Evaluate, name: str, model: Model) -> Evaluate:
    """Return the closure of `of.name`."""

    def run(frame: Frame) -> Items:
        found: Items = []
        for item in of(frame):
            found.extend(child_items(model, item, name))
        frame.run.spend(1 + len(found))
        return found

    return run


def of_root(name: str, model: Model) -> Evaluate:
    """Return the closure of a name that begins a path: an element of the focus, or its type."""
    is_type = model.base_of(name) is not None

    def run(frame: Frame) -> Items:
        found: Items = []
        for item in frame.this:
            if is_type and model.is_a(item.type, name):
                found.append(item)
            else:
                found.extend(child_items(model, item, name))
        frame.run.spend(1 + len(found))
        return found

    return run


def special(name: str) -> Evaluate:
    """Return the closure of `$this`, `$index` or `$total`."""
    match name:
        case "$this":
            return lambda frame: frame.this
        case "$total":
            return lambda frame: frame.total
        case _:
            return lambda frame: EMPTY if frame.index is None else [system_item(frame.index)]


def variable(name: str) -> Evaluate:
    """Return the closure of `%name`."""

    def run(frame: Frame) -> Items:
        return _value(frame.run, name)

    return run


def _value(run: Run, name: str) -> Items:
    if name in run.variables:
        return run.variables[name]
    text = _CONSTANTS.get(name)
    for prefix, url in _PREFIXES.items():
        if name.startswith(prefix):
            text = url + name.removeprefix(prefix)
    if text is None:
        raise FhirPathEvaluationError(f"There is no variable `%{name}`.")
    return [system_item(text)]


def at_index(of: Evaluate, position: Evaluate) -> Evaluate:
    """Return the closure of `of[position]`."""

    def run(frame: Frame) -> Items:
        items, index = of(frame), single_value(position(frame))
        if index is None:
            return EMPTY
        if type(index) is not int:
            raise FhirPathEvaluationError("An index must be an Integer.")
        return items[index : index + 1] if index >= 0 else EMPTY

    return run
