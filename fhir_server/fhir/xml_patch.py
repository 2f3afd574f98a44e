"""XML Patch: operations on the nodes of an XML document.

https://hl7.org/fhir/R4/http.html#patch and https://www.rfc-editor.org/rfc/rfc5261 ; the selectors
are XPath, in which `f:` is FHIR's namespace, `h:` that of XHTML, and others those of the patch.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from lxml import etree

from fhir_server.fhir.outcome import InvalidResourceError, UnprocessableError

MEDIA_TYPE = "application/xml-patch+xml"
_NAMESPACES = {"f": "http://hl7.org/fhir", "h": "http://www.w3.org/1999/xhtml"}
# Each operation evaluates an XPath.
MOST_OPERATIONS = 1000
_MOST_CHARACTERS = 1000
# The nodes that an XPath gives: elements, comments, and texts and attributes as strings that know
# where they are from.
_Node = Any


def patched(document: bytes, patch: bytes) -> bytes:
    """Return the XML `document` after all operations of `patch`.

    Raises:
        InvalidResourceError: The patch is no XML, or an operation of it is malformed.
        UnprocessableError: An operation does not fit the document.
    """
    root = _parsed(document, "There is no document to patch.")
    operations = list(_parsed(patch, "The patch is not XML.").iterchildren(tag=etree.Element))
    if not 0 < len(operations) <= MOST_OPERATIONS:
        raise InvalidResourceError(f"An XML Patch has 1 to {MOST_OPERATIONS} operations.")
    # The root itself may be a node that is looked for.
    tree = root.getroottree()
    for operation in operations:
        _apply(operation, tree)
    return etree.tostring(tree.getroot(), encoding="utf-8")


def _parsed(text: bytes, message: str) -> "etree._Element":
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise InvalidResourceError(message) from None


def _apply(operation: "etree._Element", tree: "etree._ElementTree") -> None:
    node = _selected(operation, tree)
    match etree.QName(operation).localname:
        case "add":
            _add(operation, node)
        case "replace":
            _replace(operation, node)
        case "remove":
            _remove(node)
        case name:
            raise InvalidResourceError(f"`{name}` is none of `add`, `replace`, `remove`.")


def _selected(operation: "etree._Element", tree: "etree._ElementTree") -> _Node:
    selector = operation.get("sel", "")
    if not selector or len(selector) > _MOST_CHARACTERS:
        raise InvalidResourceError("Each operation must have a `sel`.")
    try:
        found = tree.xpath(f"/{selector.lstrip('/')}", namespaces=_namespaces(operation.nsmap))
    except (etree.XPathError, TypeError):
        raise InvalidResourceError(f"`{selector}` is no XPath that selects nodes.") from None
    if not isinstance(found, list) or len(found) != 1:
        count = len(found) if isinstance(found, list) else 0
        raise UnprocessableError(
            f"`{selector}` selects {count} nodes and not one; nothing was changed."
        )
    return found[0]


def _namespaces(declared: Mapping[str | None, str]) -> dict[str, str]:
    return _NAMESPACES | {prefix: uri for prefix, uri in declared.items() if prefix}


def _add(operation: "etree._Element", node: _Node) -> None:
    kind, position = operation.get("type", ""), operation.get("pos", "")
    if not etree.iselement(node):
        raise UnprocessableError("Only to an element can something be added.")
    if kind.startswith("@"):
        node.set(kind[1:], operation.text or "")
    elif kind.startswith("namespace::"):
        # No name in the document uses the prefix yet, so that nothing changes.
        return
    elif position in {"before", "after"}:
        _beside(operation, node, after=position == "after")
    elif position in {"", "prepend"}:
        _into(operation, node, first=position == "prepend")
    else:
        raise InvalidResourceError(f"`{position}` is no `pos` of an `add`.")


def _into(operation: "etree._Element", node: "etree._Element", *, first: bool) -> None:
    children = [deepcopy(child) for child in operation]
    if first:
        node.text, tail = operation.text, node.text
        if children:
            children[-1].tail = (children[-1].tail or "") + (tail or "")
        else:
            node.text = (operation.text or "") + (tail or "")
        for place, child in enumerate(children):
            node.insert(place, child)
        return
    if len(node):
        node[-1].tail = (node[-1].tail or "") + (operation.text or "")
    else:
        node.text = (node.text or "") + (operation.text or "") or None
    node.extend(children)


def _beside(operation: "etree._Element", node: "etree._Element", *, after: bool) -> None:
    parent = node.getparent()
    if parent is None:
        raise UnprocessableError("Nothing can stand beside the root.")
    place = parent.index(node) + (1 if after else 0)
    if after:
        tail, node.tail = node.tail, None
    for child in reversed([deepcopy(child) for child in operation]):
        parent.insert(place, child)
    if after:
        last = parent[place + len(operation) - 1] if len(operation) else node
        last.tail = (last.tail or "") + (tail or "")


def _replace(operation: "etree._Element", node: _Node) -> None:
    if etree.iselement(node):
        parent = node.getparent()
        if parent is None or len(operation) != 1:
            raise UnprocessableError("An element is replaced by one, and the root by none.")
        new = deepcopy(operation[0])
        new.tail = node.tail
        parent.replace(node, new)
    elif node.is_attribute:
        node.getparent().set(node.attrname, operation.text or "")
    else:
        _set_text(node, operation.text)


def _remove(node: _Node) -> None:
    if not etree.iselement(node):
        if node.is_attribute:
            del node.getparent().attrib[node.attrname]
        else:
            _set_text(node, None)
        return
    parent = node.getparent()
    if parent is None:
        raise UnprocessableError("The root cannot be removed.")
    before, tail = node.getprevious(), node.tail or ""
    parent.remove(node)
    if before is not None:
        before.tail = (before.tail or "") + tail or None
    else:
        parent.text = (parent.text or "") + tail or None


def _set_text(node: _Node, text: str | None) -> None:
    """A text belongs to the element that it begins, or follows."""
    if node.is_tail:
        node.getparent().tail = text
    else:
        node.getparent().text = text
