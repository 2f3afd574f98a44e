"""From a resource in memory to XML.

https://hl7.org/fhir/R4/xml.html

Elements stand in the order of their definition. Decimals keep their digits, and narratives are
copied as they are. What XML cannot hold (most control characters) becomes U+FFFD.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from fhir_server.fhir.narrative import XHTML, fits_xml
from fhir_server.fhir.outcome import InvalidResourceError
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.fhir.xml_table import FHIR, Kind, Property, Table, Tables

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_SPECIAL = re.compile('[&<"\\x00-\\x1f\\ufffe\\uffff]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_REPLACEMENT = "\ufffd"
_INDENT = "  "


def write(resource: Resource, tables: Tables, *, pretty: bool) -> bytes:
    """Return the XML document of `resource`; `pretty` puts each element on a line of its own.

    Raises:
        InvalidResourceError: It is no resource, or has an element that its type does not have.
    """
    parts: list[str] = []
    try:
        _Writer(tables, parts).resource(resource, f' xmlns="{FHIR}"')
    except (KeyError, AttributeError, TypeError):
        # Only what was never checked against its definition comes here.
        raise InvalidResourceError("This cannot be written as XML; ask for JSON.") from None
    document = "\n".join((_DECLARATION, *_indented(parts))) if pretty else "".join(parts)
    return document.encode()


class _Writer:
    """Appends to `parts`: each is a start tag, an end tag, or a whole element."""

    def __init__(self, tables: Tables, parts: list[str]) -> None:
        self._tables = tables
        self._append = parts.append

    def resource(self, resource: Resource, xmlns: str = "") -> None:
        """Write an element that is named by its resource type."""
        name = resource["resourceType"]
        if name not in self._tables.resource_types:
            raise KeyError(name)
        self._append(f"<{name}{xmlns}>")
        self._content(resource, self._tables[name])
        self._append(f"</{name}>")

    def _content(self, element: Element, table: Table) -> None:
        properties = table.by_property
        for name in sorted(element, key=table.ranks.__getitem__):
            found = properties.get(name)
            if found is None:
                continue
            value = element[name]
            if found.kind is Kind.PRIMITIVE:
                if name == found.twin:
                    if found.name not in element:
                        self._primitives(found, None, value)
                elif found.many or found.twin in element:
                    self._primitives(found, value, element.get(found.twin))
                else:
                    self._append(f'<{name} value="{_TEXT[type(value)](value)}"/>')
            else:
                for each in _items(value) if found.many else (value,):
                    self._complex(found, each)

    def _complex(self, found: Property, value: Json) -> None:
        if found.kind is Kind.XHTML:
            self._append(_div(value))
        elif found.kind is Kind.RESOURCE:
            self._append(f"<{found.name}>")
            self.resource(value)
            self._append(f"</{found.name}>")
        else:
            table = self._tables[found.type]
            self._append(f"<{found.name}{_attributes(value, table)}>")
            self._content(value, table)
            self._append(f"</{found.name}>")

    def _primitives(self, found: Property, value: Json, twin: Json) -> None:
        if not found.many:
            self._primitive(found.name, value, twin)
            return
        values, twins = _items(value or []), _items(twin or [])
        for index in range(max(len(values), len(twins))):
            self._primitive(found.name, _at(values, index), _at(twins, index))

    def _primitive(self, name: str, value: Json, twin: Json) -> None:
        text = "" if value is None else f' value="{_TEXT[type(value)](value)}"'
        if twin is None:
            self._append(f"<{name}{text}/>")
            return
        table = self._tables["Element"]
        start = f"<{name}{_attributes(twin, table)}{text}"
        if "extension" not in twin:
            self._append(f"{start}/>")
            return
        self._append(f"{start}>")
        self._content(twin, table)
        self._append(f"</{name}>")


def _attributes(element: Element, table: Table) -> str:
    if "id" not in element and "url" not in table.attributes:
        return ""
    return "".join(
        f' {name}="{_TEXT[type(element[name])](element[name])}"'
        for name in ("id", "url")
        if name in table.attributes and name in element
    )


def _items(value: Json) -> list[Json]:
    if type(value) is not list:
        raise TypeError(value)
    return value


def _at(values: list[Json], index: int) -> Json:
    return values[index] if index < len(values) else None


def _escaped(text: str) -> str:
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], _REPLACEMENT), text)


_TEXT: dict[type, Callable[[Json], str]] = {
    str: _escaped,
    bool: lambda value: "true" if value else "false",
    int: str,
    Decimal: str,
}


def _div(text: str) -> str:
    """Return a narrative as it is, unless that could not be read again: then what it says."""
    if fits_xml(text):
        return text
    return f'<div xmlns="{XHTML}">{_escaped(text)}</div>'


def _indented(parts: Iterable[str]) -> Iterator[str]:
    depth = 0
    for part in parts:
        is_whole = part.endswith("/>") or part.startswith("<div ")
        depth -= part.startswith("</")
        yield _INDENT * depth + part
        depth += not is_whole and not part.startswith("</")
