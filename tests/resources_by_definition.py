"""Resources with whatever elements their definitions allow, made up from a source of chance.

Their structure is right as far as XML and JSON are concerned: cardinalities and bindings are not
looked at.
"""

import random
from collections.abc import Callable
from decimal import Decimal

from fhir_server.fhir.definitions import Definitions, ElementDefinition, TypeReference
from fhir_server.fhir.resource import Element, Json, Resource

XMLNS = 'xmlns="http://www.w3.org/1999/xhtml"'
# Whatever XML has to escape, white space that an attribute would lose, and what lies beyond ASCII.
TEXTS = (
    "x",
    "<a b='c'>",
    "&amp;&",
    '"',
    " \t\r\n ",
    "]]>",
    "<!-- -->",
    "\u00e9\u2028\U0001f600",
    "",
)
DIVS = (
    f"<div {XMLNS}>x</div>",
    f"<div   {XMLNS} title='>' ><p>a &#160;<br></br><br/></p>\n</div >",
    f"<div {XMLNS}><!-- <div> --><div><![CDATA[</div>]]></div></div>",
)
VALUES: dict[str, Callable[[random.Random], Json]] = {
    "boolean": lambda chance: chance.random() < 0.5,
    "integer": lambda chance: chance.randrange(-(2**31), 2**31),
    "unsignedInt": lambda chance: chance.randrange(2**31),
    "positiveInt": lambda chance: chance.randrange(1, 2**31),
    "decimal": lambda chance: chance.choice(
        [chance.randrange(10**6), Decimal(chance.randrange(10**9)).scaleb(-chance.randrange(1, 12))]
    ),
    "xhtml": lambda chance: chance.choice(DIVS),
}
MOST_LEVELS = 4


class Author:
    """Makes resources up; the same source gives the same ones."""

    def __init__(self, definitions: Definitions, chance: random.Random) -> None:
        self._definitions = definitions
        self._chance = chance

    def resource(self, type_: str, level: int = 0) -> Resource:
        """Return a resource of the type, which may hold others."""
        return {"resourceType": type_, **self._element(type_, type_, level)}

    def _element(self, structure: str, path: str, level: int) -> Element:
        elements = self._definitions.structure(structure).elements[path]
        found: Element = {}
        for element in elements:
            if self._chance.random() < 3 / len(elements):
                name, type_ = self._chance.choice(list(element.json_names().items()))
                self._put(found, element, name, self._resolved(structure, type_), level)
        if path == "Extension":
            found["url"] = "http://example.org/e"
        return dict(self._chance.sample(list(found.items()), len(found)))

    def _resolved(self, structure: str, type_: TypeReference) -> tuple[str, str]:
        return (structure if "." in type_.code else type_.code), type_.code

    def _put(
        self,
        found: Element,
        element: ElementDefinition,
        name: str,
        type_: tuple[str, str],
        level: int,
    ) -> None:
        is_primitive = type_[1] in self._definitions.primitive_types
        if is_primitive and type_[1] != "xhtml" and name not in {"id", "url"}:
            self._primitive(found, element, name, type_[1], level)
        elif is_primitive:
            found[name] = self._value(type_[1])
        elif level < MOST_LEVELS:
            several = [self._complex(type_, level) for _ in range(self._chance.randint(1, 2))]
            found[name] = several[0] if element.max == 1 else several

    def _complex(self, type_: tuple[str, str], level: int) -> Element:
        if type_[1] == "Resource":
            kind = self._chance.choice(self._definitions.resource_types)
            return self.resource(kind, level + 2)
        return self._element(*type_, level + 1)

    def _primitive(
        self, found: Element, element: ElementDefinition, name: str, kind: str, level: int
    ) -> None:
        if element.max == 1:
            value, twin = self._pair(kind, level)
            found.update({name: value} if value is not None else {})
            found.update({f"_{name}": twin} if twin is not None else {})
            return
        pairs = [self._pair(kind, level) for _ in range(self._chance.randint(1, 4))]
        values, twins = [value for value, _ in pairs], [twin for _, twin in pairs]
        if values != [None] * len(values):
            found[name] = values
        if twins != [None] * len(twins):
            found[f"_{name}"] = twins

    def _pair(self, kind: str, level: int) -> tuple[Json, Json]:
        """Return a value, a twin, or both."""
        dice = self._chance.random()
        value = None if dice < 0.2 else self._value(kind)
        twin: Element = {}
        if dice < 0.4:
            twin["extension"] = [self._element("Extension", "Extension", level + 1)]
        if 0.3 < dice < 0.5:
            twin["id"] = self._value("string")
        return value, twin or None

    def _value(self, kind: str) -> Json:
        made = VALUES.get(kind)
        return self._chance.choice(TEXTS) if made is None else made(self._chance)
