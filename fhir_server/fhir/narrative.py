"""The XHTML of `Narrative.div`: text that a person may read and a browser may show, nothing active.

https://hl7.org/fhir/R4/narrative.html

txt-1 allows the elements and attributes of chapters 7 to 11 (except 9.4) and 15 of HTML 4.0, links,
images and style attributes; txt-2 demands some content. The lists are those of the invariant's
XPath, with what its text allows as well (`address`, `bdo`, `kbd`, image maps). What would run in a
browser, or fetch a style from elsewhere, is refused in the values of attributes too.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from fhir_server.fhir.outcome import Issue

XHTML = "http://www.w3.org/1999/xhtml"
DIV = f"{{{XHTML}}}div"
# A div of nothing but faults must not become an answer many times its size.
MOST_ISSUES = 20

_PARSER = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
)
_ELEMENT_NAMES = (
    "a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div "
    "dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q samp small span strong sub sup "
    "table tbody td tfoot th thead tr tt ul var"
)
_ATTRIBUTE_NAMES = (
    "abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign "
    "char charoff charset cite class colspan compact coords dir frame headers height href hreflang "
    "hspace id ismap lang longdesc name nohref nowrap rel rev rowspan rules scope shape span src "
    "start style summary tabindex title type usemap valign value vspace width "
    "{http://www.w3.org/XML/1998/namespace}lang {http://www.w3.org/XML/1998/namespace}space"
)
_ELEMENTS = frozenset(f"{{{XHTML}}}{name}" for name in _ELEMENT_NAMES.split())
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
_ADDRESSES = frozenset({"href", "src", "cite", "longdesc", "usemap"})
_STARTS = re.compile(r"[ \t\r\n]*<div[ \t\r\n>/]")
_DEFAULT: dict[str, str] = {None: XHTML}  # type: ignore[dict-item]  # the stubs forget None
# Browsers overlook white space and control characters in an address.
_OVERLOOKED = re.compile(r"[\x00-\x20]+")
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
_SCHEMES = frozenset({"http", "https", "ftp", "mailto", "sms", "tel"})
_IMAGE = re.compile(r"data:image/", re.IGNORECASE)
# An address without a scheme names a file beside the resource; tools of HL7 write such.
# An escape could spell any of the others.
_FOREIGN_STYLE = re.compile(
    r"""\\|@import|expression\(|(?<![-\w])behavior|-moz-binding|javascript:|"""
    r"""url\([ \t\r\n]*["']?[ \t\r\n]*(?!data:[ ]?image/)(?://|[a-z][a-z0-9+.\-]*:)""",
    re.IGNORECASE,
)
_WHITE_SPACE = " \t\r\n"
_SOURCES = frozenset({"boilerplate", "generated", "original"})
# An attribute's name may be of any length; a message must not be.
_MOST_CHARACTERS = 64


def check(div: str) -> tuple[Issue, ...]:
    """Return what breaks the rules of a narrative, nothing if `div` keeps them.

    Issues have no expression; their place is the div. No message repeats its text.
    """
    root = _parsed(div)
    if root is None:
        return (Issue(code="structure", diagnostics=_ILL_FORMED),)
    found: dict[str, None] = {}
    for fault in _faults(root):
        found[fault] = None
        if len(found) == MOST_ISSUES:
            break
    return tuple(Issue(code="invariant", diagnostics=fault) for fault in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a narrative says of itself: `languages` of its sections, and `ids` that links may name.

    `unsourced` counts the texts of which no class says whether they are boilerplate, generated or
    original; `links` are the links to places within.
    """

    languages: frozenset[str] = frozenset()
    unsourced: int = 0
    ids: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()


def outline(div: str) -> Outline:
    """Return what a narrative says of itself, nothing if it is not well-formed."""
    root = _parsed(div)
    if root is None:
        return Outline()
    nodes = list(root.iter(etree.Element))
    places = {node.get(name) for node in nodes for name in ("id", "name")}
    addresses = {node.get("href", "") for node in nodes}
    return Outline(
        languages=frozenset(
            language for section in root.iterchildren(DIV) if (language := section.get("lang"))
        ),
        unsourced=sum(_texts(node) for node in nodes if not _is_sourced(node)),
        ids=frozenset(place for place in places if place),
        links=frozenset(found[1:] for found in addresses if found[:1] == "#" and len(found) > 1),
    )


def _texts(node: etree._Element) -> int:
    """Return how many texts stand directly in `node`."""
    return sum(map(_says, (node.text, *(child.tail for child in node))))


def _is_sourced(node: etree._Element) -> bool:
    above = (node, *node.iterancestors())
    return any(not _SOURCES.isdisjoint(each.get("class", "").split()) for each in above)


def fits_xml(div: str) -> bool:
    """Return whether `div` can stand in an XML document as it is."""
    root = _parsed(div)
    return root is not None and root.tag == DIV


def unprefixed(node: etree._Element) -> str:
    """Return the XHTML of `node` as a `div` that declares its namespace itself."""
    copy = etree.Element(node.tag, _attributes(node), nsmap=_DEFAULT)
    _fill(copy, node)
    return etree.tostring(copy, encoding="unicode")


def _fill(copy: etree._Element, node: etree._Element) -> None:
    copy.text = node.text
    for child in node:
        tag: object = child.tag
        if isinstance(tag, str):
            inner = etree.SubElement(copy, tag, _attributes(child))
            _fill(inner, child)
        else:
            inner = deepcopy(child)
            copy.append(inner)
        inner.tail = child.tail


def _attributes(node: etree._Element) -> dict[str, str]:
    """Return enough attributes to refuse `node` for, if it has more than are allowed."""
    names = islice(map(str, node.keys()), len(_ATTRIBUTES) + 1)
    return {name: node.get(name, "") for name in names}


_ILL_FORMED = (
    "The narrative must be one `div` of well-formed XML without entities such as `&nbsp;`; "
    "use characters or numbers (`&#160;`)."
)


def _parsed(div: str) -> etree._Element | None:
    if _STARTS.match(div) is None:
        return None
    try:
        root = etree.fromstring(div.encode(), _PARSER)
    except (etree.XMLSyntaxError, UnicodeEncodeError):
        return None
    return None if root.getnext() is not None else root


def _faults(root: etree._Element) -> Iterator[str]:
    if root.tag != DIV:
        yield f'The narrative must be a `div` with xmlns="{XHTML}".'
        return
    has_content = False
    for node in root.iter():
        tag: object = node.tag
        if isinstance(tag, str):
            yield from _of_element(node, tag)
            has_content = has_content or _has_content(node)
        elif tag is not etree.Comment:
            yield "txt-1: A narrative must have no processing instructions and no entities."
        has_content = has_content or (node is not root and _says(node.tail))
    if not has_content:
        yield "txt-2: The narrative must have some text or an image."


def _has_content(node: etree._Element) -> bool:
    return _says(node.text) or (node.tag == f"{{{XHTML}}}img" and "src" in node.attrib)


def _says(text: str | None) -> bool:
    return bool(text and text.strip(_WHITE_SPACE))


def _of_element(node: etree._Element, tag: str) -> Iterator[str]:
    if tag not in _ELEMENTS:
        yield f"txt-1: The element `{_shown(tag)}` is not allowed in a narrative."
    # Not `items()`: it looks each value up by name, which takes hours where there are many.
    for name in map(str, node.keys()):
        if name not in _ATTRIBUTES:
            yield f"txt-1: The attribute `{_shown(name)}` is not allowed in a narrative."
        elif name in _ADDRESSES and not _leads_somewhere(node.get(name, ""), name):
            yield f"txt-1: The address in `{name}` must be one that a person can follow."
        elif name == "style" and _FOREIGN_STYLE.search(node.get(name, "")):
            yield "txt-1: A `style` must be contained in the narrative, without escapes."


def _leads_somewhere(value: str, name: str) -> bool:
    """Say whether an address is relative or of a kind that runs nothing."""
    address = _OVERLOOKED.sub("", value)
    scheme = _SCHEME.match(address)
    is_image = name == "src" and _IMAGE.match(address) is not None
    return is_image or scheme is None or scheme[1].lower() in _SCHEMES


def _shown(name: str) -> str:
    local = name.removeprefix(f"{{{XHTML}}}")
    return local if len(local) <= _MOST_CHARACTERS else f"{local[:_MOST_CHARACTERS]}..."
