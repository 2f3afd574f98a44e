"""The structure of a resource: every element known, in its place, and of its type.

https://hl7.org/fhir/R4/validation.html and https://hl7.org/fhir/R4/json.html

The element tables of the definitions are compiled, table by table as they are met, to one look-up
and at most one call of Python per element. Invariants (but for those that JSON alone shows),
profiles, slicing, and bindings other than required ones are not structure.
"""

from collections.abc import Iterator, Sequence
from functools import cache, partial

from fhir_server.fhir.definitions import Definitions, ElementDefinition, TypeReference
from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Json, Resource
from fhir_server.validation import elements, types
from fhir_server.validation.fault import Fault, ItemCheck, structure
from fhir_server.validation.narrative import narrative
from fhir_server.validation.primitives import PRIMITIVES, Primitive, bound_code
from fhir_server.validation.table import Properties, Property, Table

# A body of nothing but faults must not become an answer many times its size.
MOST_ISSUES = 1000
_EXTENSION_URL = ("Extension", "url")


def check(resource: Resource, definitions: Definitions) -> tuple[Issue, ...]:
    """Return an issue for every fault in the structure of `resource`, none if it is right.

    Expressions are FHIRPaths from the root of `resource`. No message repeats a value. Beyond
    `MOST_ISSUES` the faults are only counted.
    """
    found = _checker(definitions).resource(resource)
    if not found:
        return ()
    named = resource.get("resourceType")
    root = named if isinstance(named, str) and definitions.is_resource_type(named) else "Resource"
    issues = tuple(fault.issue(root) for fault in found[:MOST_ISSUES])
    if len(found) <= MOST_ISSUES:
        return issues
    more = f"There are {len(found) - MOST_ISSUES} more faults."
    return (*issues, Issue(severity="information", code="informational", diagnostics=more))


@cache
def _checker(definitions: Definitions) -> "_Checker":
    return _Checker(definitions)


class _Checker:
    """The tables of one set of definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._resource_types = frozenset(definitions.resource_types)
        self._tables: dict[tuple[str, str], Table] = {}

    def resource(self, value: Json) -> Sequence[Fault]:
        """Check an object that must be a resource."""
        named = value.get("resourceType")
        if not isinstance(named, str):
            return [structure("A resource must name its `resourceType`.")]
        if named not in self._resource_types:
            return [structure("The `resourceType` is not one of FHIR R4.")]
        return self._table(named, named).faults(value)

    def _table(self, name: str, path: str) -> Table:
        """Return the table at `path` of the structure `name`."""
        found = self._tables.get((name, path))
        if found is None:
            found = Table(partial(self._properties, name, path))
            self._tables[name, path] = found
        return found

    def _properties(self, name: str, path: str) -> Properties:
        own = self._definitions.structure(name).elements[path]
        is_resource = path in self._resource_types
        known = {key: check for e in own for key, check in self._of_element(e, name)}
        if is_resource:
            known["resourceType"] = (str, type, lambda _value, _element: ())
        return Properties(
            known=known,
            required=tuple((e.name, _names(e, known)) for e in own if e.min > 0),
            choices=tuple((e.name, _names(e, known)) for e in own if e.choice),
            # An `Element` as such is the twin of a primitive, whose value may stand beside it.
            is_element=not is_resource and path != "Element",
            whole=types.extension if path == "Extension" else None,
        )

    def _of_element(self, element: ElementDefinition, name: str) -> Iterator[tuple[str, Property]]:
        for key, kind in element.json_names().items():
            primitive = self._primitive(element, kind)
            step = f".{element.name}.ofType({kind.code})" if element.choice else f".{key}"
            if primitive is None:
                item = self._item(element, kind, name)
                stands = elements.single if element.max == 1 else elements.repeated
                yield key, (None, type, stands(step, item))
                continue
            if kind.code == "xhtml":
                yield key, (None, type, narrative(step, primitive))
                continue
            yield key, _primitive_property(element, step, primitive)
            if _has_twin(element, kind, name):
                yield f"_{key}", self._twin(element, step, key)

    def _primitive(self, element: ElementDefinition, kind: TypeReference) -> Primitive | None:
        url = element.required_binding
        codes = self._definitions.required_codes(url) if url and kind.code == "code" else None
        return bound_code(codes, url) if codes and url else PRIMITIVES.get(kind.code)

    def _twin(self, element: ElementDefinition, step: str, key: str) -> Property:
        check = self._table("Element", "Element").faults
        if element.max == 1:
            return None, type, elements.single_twin(step, key, check)
        return None, type, elements.repeated_twin(key, check)

    def _item(self, element: ElementDefinition, kind: TypeReference, name: str) -> ItemCheck:
        """Return the check of one value of a type that is no primitive."""
        if kind.code == "Resource":
            return types.contained(self.resource) if element.name == "contained" else self.resource
        item = self._table(name if "." in kind.code else kind.code, kind.code).faults
        if kind.code == "Reference":
            return types.reference(item, kind.targets, self._resource_types)
        if kind.code == "CodeableConcept" and element.required_binding:
            codings = self._definitions.required_codings(element.required_binding)
            return types.bound_concept(item, codings, element.required_binding) if codings else item
        return types.simple_quantity(item) if kind.profiles else item


def _primitive_property(element: ElementDefinition, step: str, primitive: Primitive) -> Property:
    if element.max == 1:
        check = elements.single_primitive(step, primitive)
        return primitive.kind, primitive.likely, check
    return None, type, elements.repeated_primitive(element.name, primitive)


def _has_twin(element: ElementDefinition, kind: TypeReference, table: str) -> bool:
    """Say whether a primitive may have extensions: not as an attribute of XML."""
    is_attribute = element.name == "id" and kind.code == "string"
    return not is_attribute and (table, element.name) != _EXTENSION_URL


def _names(element: ElementDefinition, known: dict[str, Property]) -> frozenset[str]:
    """Return all properties in which the element may stand."""
    names = frozenset(element.json_names())
    return names | {f"_{name}" for name in names if f"_{name}" in known}
