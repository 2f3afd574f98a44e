"""Small code systems and value sets, written as the resources that they are."""

from collections.abc import Iterable

from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.packages.packages import Packages
from fhir_server.terminology.built_in import Made
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.expansion import Code, Options
from fhir_server.terminology.terminology import Terminology

ANIMALS = "http://test.example/animals"
PLANTS = "http://test.example/plants"
ELSEWHERE = "http://elsewhere.example/codes"


def concept(code: str, *below: Element, **elements: Json) -> Element:
    return {
        "code": code,
        "display": code.title(),
        **elements,
        **({"concept": list(below)} if below else {}),
    }


def code_system(url: str, *concepts: Element, **elements: Json) -> Resource:
    return {
        "resourceType": "CodeSystem",
        "url": url,
        "status": "active",
        "content": "complete",
        "caseSensitive": True,
        "concept": list(concepts),
        **elements,
    }


def abstract(code: str, *below: Element, **elements: Json) -> Element:
    return concept(
        code, *below, property=[{"code": "notSelectable", "valueBoolean": True}], **elements
    )


def retired(code: str, *below: Element, **elements: Json) -> Element:
    return concept(code, *below, property=[{"code": "status", "valueCode": "retired"}], **elements)


def animals(**elements: Json) -> Resource:
    """`animal` > `mammal` (> `cat`, `dog` > `spaniel`), `bird` (> `dodo`, which is retired)."""
    return code_system(
        ANIMALS,
        abstract(
            "animal",
            concept(
                "mammal",
                concept("cat", designation=[{"language": "de", "value": "Katze"}]),
                concept("dog", concept("spaniel")),
            ),
            concept("bird", retired("dodo")),
        ),
        **{"version": "1.0.0", **elements},
    )


def plants() -> Resource:
    return code_system(PLANTS, concept("tree", concept("oak")), concept("herb"))


def value_set(url: str, *include: Element, **elements: Json) -> Resource:
    compose: Element = {"include": list(include)}
    for name in ("exclude", "inactive"):
        if name in elements:
            compose[name] = elements.pop(name)
    return {
        "resourceType": "ValueSet",
        "url": url,
        "status": "active",
        "compose": compose,
        **elements,
    }


def include(system: str, *codes: str, **elements: Json) -> Element:
    listed = {"concept": [{"code": code} for code in codes]} if codes else {}
    return {"system": system, **listed, **elements}


def condition(property_: str, op: str, value: str) -> Element:
    return {"filter": [{"property": property_, "op": op, "value": value}]}


def terminology(*resources: Resource, systems: dict[str, Made] | None = None) -> Terminology:
    """Return a terminology of `resources` alone, without the systems that are built in."""
    return Terminology([Packages.of(resources)], systems or {})


def animal(code: str, **elements: Json) -> Coding:
    return Coding(system=ANIMALS, code=code, **elements)


def codes(found: Terminology, url: str | Resource, **options: Json) -> list[str]:
    """Return the codes of an expansion in their order, also those that stand under others."""
    return [each.code for each in flat(found.expand(url, Options(**options)).contains)]


def flat(found: Iterable[Code]) -> list[Code]:
    return [code for each in found for code in (each, *flat(each.contains))]
