"""What is known of one concept, property by property.

https://hl7.org/fhir/R4/codesystem-operation-lookup.html
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from fhir_server.fhir.resource import Element, Json
from fhir_server.terminology.concept import CodeSystem, Concept
from fhir_server.terminology.displays import display, speaks

_LANGUAGE = "lang."
_ALL = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property; `value` is an element such as `{"valueCode": "x"}`."""

    code: str
    value: Element
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was asked of a concept."""

    system: CodeSystem
    concept: Concept
    display: str
    designations: tuple[Element, ...]
    properties: tuple[Property, ...]


def look_up(
    system: CodeSystem, concept: Concept, *, wanted: Collection[str] = (), language: str = ""
) -> Looked:
    """Return what is known of a concept of `system`: the `wanted` properties, or all."""
    return Looked(
        system=system,
        concept=concept,
        display=display(concept, None, language) or concept.code,
        designations=tuple(d for d in concept.designations if _is_asked(d, wanted)),
        properties=tuple(p for p in _properties(system, concept) if _wants(wanted, p.code)),
    )


def _wants(wanted: Collection[str], name: str) -> bool:
    return not wanted or name in wanted or _ALL in wanted


def _is_asked(designation: Element, wanted: Collection[str]) -> bool:
    if _wants(wanted, "designation"):
        return True
    language = str(designation.get("language", ""))
    return any(
        name.startswith(_LANGUAGE) and speaks(language, name.removeprefix(_LANGUAGE))
        for name in wanted
    )


def _properties(system: CodeSystem, concept: Concept) -> Iterator[Property]:
    if concept.definition:
        yield Property(code="definition", value={"valueString": concept.definition})
    for name, codes in (
        ("parent", system.parents(concept.code)),
        ("child", system.children(concept.code)),
    ):
        for code in codes:
            found = system.find(code)
            yield Property(
                code=name,
                value={"valueCode": code},
                description="" if found is None else found.display,
            )
    for property_ in concept.properties:
        name = str(property_.get("code", ""))
        if name not in ("parent", "child"):
            yield Property(code=name, value=_value(property_))
    if concept.inactive and all(p.get("code") != "inactive" for p in concept.properties):
        yield Property(code="inactive", value={"valueBoolean": True})


def _value(element: Element) -> dict[str, Json]:
    return {name: value for name, value in element.items() if name.startswith("value")}
