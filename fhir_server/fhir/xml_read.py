"""From a parsed XML document to the resource that it is.

https://hl7.org/fhir/R4/xml.html

"Elements must always appear in the order documented", are never in another namespace, and have no
attributes but `id`, `value` and `url`: all else is a fault. Every fault is kept with the node where
it was met, and told with its FHIRPath at the end, so that right documents pay nothing for it.
"""

from typing import TYPE_CHECKING

from lxml import etree

from fhir_server.fhir.narrative import unprefixed
from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.fhir.xml_divs import divs
from fhir_server.fhir.xml_table import FHIR, Kind, Property, Table, Tables

if TYPE_CHECKING:
    from collections.abc import Iterator

# Each level of XML is two of JSON at most, which may have 128.
MOST_LEVELS = 60
# A body of nothing but faults must not become an answer many times its size.
MOST_ISSUES = 1000

_WHITE_SPACE = " \t\r\n"
# A name may be of any length; a message must not be.
_MOST_CHARACTERS = 64


class Reader:
    """Reads one document, once; `text` is its source."""

    def __init__(self, root: etree._Element, tables: Tables, text: str) -> None:
        self._root = root
        self._tables = tables
        self._text = text
        self._divs: Iterator[str] | None = None
        self._faults: list[tuple[etree._Element, str, str]] = []
        self._indexes: dict[tuple[etree._Element | None, str], tuple[etree._Element, int]] = {}

    def document(self) -> Resource:
        """Return the resource; it is worthless if there are `issues`."""
        resource = self._resource(self._root, 1)
        for sibling in (*self._root.itersiblings(preceding=True), *self._root.itersiblings()):
            self._skip(sibling)
        return resource

    def issues(self) -> tuple[Issue, ...]:
        """Return an issue for each fault that was met."""
        return tuple(
            Issue(code="structure", diagnostics=text, expression=self._path(node, step))
            for node, text, step in self._faults
        )

    def _resource(self, node: etree._Element, level: int) -> Resource:
        name = _resource_type(node)
        if name not in self._tables.resource_types:
            self._fault(node, f'This must be a resource of FHIR R4, with xmlns="{FHIR}".')
            return {}
        return {"resourceType": name, **self._element(node, self._tables[name], level)}

    def _element(self, node: etree._Element, table: Table, level: int) -> Element:
        found: Element = {}
        # Not `items()`: it looks each value up by name, which takes hours where there are many.
        for name in map(str, node.keys()):
            if name in table.attributes:
                found[name] = node.get(name)
            else:
                self._no_attribute(node, name)
        if level > MOST_LEVELS:
            self._fault(node, f"The body is nested deeper than {MOST_LEVELS} levels.")
            return found
        if node.text is not None:
            self._no_text(node, node.text)
        if len(node):
            self._children(node, table, found, level)
        return found

    def _children(self, node: etree._Element, table: Table, found: Element, level: int) -> None:
        by_tag, last = table.by_tag, 0
        twinned: dict[str, Property] = {}
        for child in node:
            tail, known = child.tail, by_tag.get(child.tag)
            if tail is not None:
                self._no_text(node, tail)
            if known is None:
                self._unknown(node, child)
                continue
            if known.rank < last:
                self._fault(child, f"`{known.name}` must stand before what it follows here.")
            last = known.rank
            if known.kind is Kind.PRIMITIVE:
                value, twin = self._primitive(child, known, level)
                if twin is not None:
                    twinned[known.name] = known
                    _put_twin(known, found, twin)
            else:
                value = self._complex(child, known, level)
            self._put(child, known, found, value)
        for known in twinned.values():
            _align(known, found)

    def _put(self, node: etree._Element, known: Property, found: Element, value: Json) -> None:
        if known.many:
            found.setdefault(known.name, []).append(value)
        elif known.name in found:
            self._fault(node, f"`{known.name}` may stand once only.")
        else:
            found[known.name] = value

    def _primitive(self, node: etree._Element, known: Property, level: int) -> tuple[Json, Json]:
        """Return the value, and the twin with id and extensions; None where there is none."""
        text = node.get("value")
        if text is not None and len(node.keys()) == 1 and len(node) == 0 and node.text is None:
            return self._value(node, known, text), None
        twin = self._element(node, self._tables["Element"], level + 1)
        if "value" not in twin:
            # An empty twin is what validation refuses: an element with nothing in it.
            return None, twin
        value = self._value(node, known, twin.pop("value"))
        return value, twin or None

    def _value(self, node: etree._Element, known: Property, text: str) -> Json:
        try:
            return known.read(text)
        except ValueError as error:
            self._fault(node, f"The value must be {error}.")
            return text

    def _complex(self, node: etree._Element, known: Property, level: int) -> Json:
        if known.kind is Kind.ELEMENT:
            return self._element(node, self._tables[known.type], level + 1)
        if known.kind is Kind.RESOURCE:
            return self._wrapped(node, level)
        if self._divs is None:
            self._divs = divs(self._text)
        return next(self._divs, "") or unprefixed(node)

    def _wrapped(self, node: etree._Element, level: int) -> Resource:
        """Return the resource that is the only child of `node`."""
        for name in map(str, node.keys()):
            self._no_attribute(node, name)
        self._no_text(node, node.text)
        inner = []
        for child in node:
            self._no_text(node, child.tail)
            if _is_element(child):
                inner.append(child)
            else:
                self._skip(child)
        if len(inner) != 1:
            self._fault(node, "One resource must stand here.")
            return {}
        return self._resource(inner[0], level + 2)

    def _unknown(self, parent: etree._Element, node: etree._Element) -> None:
        if not _is_element(node):
            self._skip(node)
            return
        name = etree.QName(node.tag)
        if name.namespace == FHIR:
            text = f"There is no element `{_shown(name.localname)}` here."
        else:
            text = f"`{_shown(name.localname)}` is in a namespace that is not for this place."
        self._fault(parent, text, f".{_shown(name.localname)}")

    def _skip(self, node: etree._Element) -> None:
        """Pass what is no element: it may be a comment."""
        tag: object = node.tag
        if tag is not etree.Comment:
            self._fault(node, "Processing instructions and entities are not allowed.")

    def _no_attribute(self, node: etree._Element, name: str) -> None:
        self._fault(node, f"There is no attribute `{_shown(name)}` here.")

    def _no_text(self, node: etree._Element, text: str | None) -> None:
        if text is not None and text.strip(_WHITE_SPACE):
            self._fault(node, "There must be no text between elements.")

    def _fault(self, node: etree._Element, diagnostics: str, step: str = "") -> None:
        if len(self._faults) < MOST_ISSUES:
            self._faults.append((node, diagnostics, step))

    def _path(self, node: etree._Element, step: str) -> str | None:
        """Return the FHIRPath of `node`, as validation would name it, and a step from there."""
        above = [node, *node.iterancestors()]
        root = _resource_type(self._root)
        if above.pop() is not self._root or root not in self._tables.resource_types:
            return None
        path, table = root, self._tables[root]
        while above:
            child = above.pop()
            known = table.by_tag.get(child.tag)
            if known is None:
                break
            path += known.step + (f"[{self._index(child)}]" if known.many else "")
            if known.kind is Kind.RESOURCE and above:
                table = self._tables.get(_resource_type(above.pop()), table)
            elif known.kind is Kind.ELEMENT or known.kind is Kind.PRIMITIVE:
                table = self._tables[known.type if known.kind is Kind.ELEMENT else "Element"]
        return path + step

    def _index(self, node: etree._Element) -> int:
        """Return the place of `node` among its likes, counted from the last that was asked for."""
        key = (node.getparent(), node.tag)
        last, before = self._indexes.get(key, (None, 0))
        count = 0
        if node is last:
            return before
        for sibling in node.itersiblings(node.tag, preceding=True):
            count += 1
            if sibling is last:
                count += before
                break
        self._indexes[key] = (node, count)
        return count


def _put_twin(known: Property, found: Element, twin: Json) -> None:
    if not known.many:
        found[known.twin] = twin
        return
    before = len(found.get(known.name, ()))
    twins = found.setdefault(known.twin, [])
    twins.extend([None] * (before - len(twins)))
    twins.append(twin)


def _align(known: Property, found: Element) -> None:
    """Make both arrays of one length; an array of gaps alone, or a gap alone, is left out."""
    values = found[known.name]
    if known.many:
        found[known.twin].extend([None] * (len(values) - len(found[known.twin])))
    if values is None or (known.many and not any(value is not None for value in values)):
        del found[known.name]


def _is_element(node: etree._Element) -> bool:
    """Tell an element from a comment, whose tag is a function."""
    tag: object = node.tag
    return isinstance(tag, str)


def _resource_type(node: etree._Element) -> str:
    """Return the name of a resource's element, or of what can be none: ""."""
    start = f"{{{FHIR}}}"
    found = _is_element(node) and node.tag.startswith(start)
    return node.tag.removeprefix(start) if found else ""


def _shown(name: str) -> str:
    return name if len(name) <= _MOST_CHARACTERS else f"{name[:_MOST_CHARACTERS]}..."
