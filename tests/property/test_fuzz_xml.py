"""XML that was right once: what is read of it is all that it says; the rest is refused.

`make fuzz` does the same for much longer. https://hl7.org/fhir/R4/xml.html
"""

import random
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from fhir_server.fhir import xml
from fhir_server.fhir.outcome import InvalidResourceError
from fhir_server.fhir.resource import Resource
from tests.strategies.fuzz import EXAMPLES, spoilt_text
from tests.strategies.resources import DEFINITIONS, SEEDS, resources

FHIR = "{http://hl7.org/fhir}"
DIV = "{http://www.w3.org/1999/xhtml}div"
MOST_SECONDS = 2.0
PARSER = etree.XMLParser(remove_comments=True, remove_pis=False, resolve_entities=False)
ELEMENT = f'<active xmlns="{FHIR[1:-1]}" value="true"/>'
fuzz = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Said = tuple[str, tuple[tuple[str, str], ...], tuple[object, ...]]


def said(node: etree._Element) -> Said:
    """Return what a document says: elements with their attributes, and narratives as they are."""
    if node.tag == DIV:
        return (DIV, (("", etree.tostring(node, method="c14n", with_tail=False).decode()),), ())
    inner = tuple(said(child) for child in node.iterchildren("*"))
    return (str(node.tag), tuple(sorted((str(k), str(v)) for k, v in node.items())), inner)


def read(document: bytes) -> Resource | None:
    """Return what is read, None if it is refused; either must be quick."""
    started = time.process_time()
    try:
        return xml.decode(document, DEFINITIONS)
    except InvalidResourceError:
        return None
    finally:
        assert time.process_time() - started < MOST_SECONDS


def says_all(document: bytes, resource: Resource) -> None:
    """Show that nothing of the document was lost: written again, it says the same."""
    again = xml.encode(resource, DEFINITIONS)
    ours = etree.fromstring(document, PARSER)
    assert said(etree.fromstring(again, PARSER)) == said(ours)


Change = Callable[[random.Random, etree._Element, etree._Element], None]


def _dropped(_: random.Random, node: etree._Element, __: etree._Element) -> None:
    _parent(node).remove(node)


def _doubled(_: random.Random, node: etree._Element, other: etree._Element) -> None:
    node.addnext(etree.fromstring(etree.tostring(other, with_tail=False)))


def _into(_: random.Random, node: etree._Element, other: etree._Element) -> None:
    node.append(etree.fromstring(etree.tostring(other, with_tail=False)))


def _moved(_: random.Random, node: etree._Element, __: etree._Element) -> None:
    following = node.getnext()
    if following is not None:
        following.addnext(node)


def _renamed(chance: random.Random, node: etree._Element, other: etree._Element) -> None:
    node.tag = chance.choice([other.tag, f"{FHIR}banana", "active", DIV, "{urn:x}active"])


def _valued(chance: random.Random, node: etree._Element, _: etree._Element) -> None:
    node.set("value", chance.choice(["", " ", "true", "1.0", "1E+5", "01", "x\ty\n"]))


def _attributed(chance: random.Random, node: etree._Element, _: etree._Element) -> None:
    name = chance.choice(["id", "url", "value", "x", "{urn:x}value", f"{FHIR}value"])
    node.set(name, chance.choice(["a", "", "true"]))


def _bare(_: random.Random, node: etree._Element, __: etree._Element) -> None:
    node.attrib.clear()


def _texted(chance: random.Random, node: etree._Element, _: etree._Element) -> None:
    text = chance.choice(["x", " ", "\n", "\u00a0", "\u2003"])
    if chance.random() < 0.5:
        node.text = text
    else:
        node.tail = text


def _noted(chance: random.Random, node: etree._Element, _: etree._Element) -> None:
    node.append(chance.choice([etree.Comment("x"), etree.ProcessingInstruction("x", "y")]))


def _nested(chance: random.Random, node: etree._Element, _: etree._Element) -> None:
    for _level in range(chance.choice([1, 70])):
        node = etree.SubElement(node, f"{FHIR}extension", url="u")


CHANGES: tuple[Change, ...] = (
    *(_dropped, _doubled, _into, _moved, _renamed, _valued, _attributed, _bare, _texted, _noted),
    _nested,
)


def _parent(node: etree._Element) -> etree._Element:
    parent = node.getparent()
    assert parent is not None
    return parent


def _changed(resource: Resource, seed: int, changes: int) -> bytes:
    chance = random.Random(seed)  # noqa: S311 - tests are no secret
    root = etree.fromstring(xml.encode(resource, DEFINITIONS))
    for _ in range(changes):
        nodes = [node for node in root.iter("*") if node is not root]
        if nodes:
            chance.choice(CHANGES)(chance, chance.choice(nodes), chance.choice(nodes))
    return etree.tostring(root, encoding="utf-8")


@fuzz
@given(st.builds(_changed, resources(), SEEDS, st.integers(1, 3)))
def test_what_is_read_of_a_changed_document_is_all_that_it_says(document: bytes) -> None:
    resource = read(document)

    if resource is not None:
        says_all(document, resource)


PIECES = (
    *("<", ">", "/>", "</", "&", "&amp;", "&#0;", "&#xFFFF;", "&lt;", '"', "'", "<!--", "-->"),
    *("<?x ?>", "<![CDATA[", "]]>", "<!DOCTYPE x>", '<!DOCTYPE x [<!ENTITY e "x">]>', "&e;"),
    *('<!ENTITY e SYSTEM "file:///etc/passwd">', "xmlns=''", "xmlns:h='u'", ' id="i"', ELEMENT),
    *(' value="1"', "</div>", "<div>", "\ufeff", "\x00", "\u00a0", "<x:y/>", "</Patient>", "%x;"),
)


@fuzz
@given(resources(richness=3), st.data())
def test_what_is_read_of_spoilt_text_is_all_it_says(made: Resource, data: st.DataObject) -> None:
    document = data.draw(spoilt_text(xml.encode(made, DEFINITIONS), PIECES))
    resource = read(document)

    if resource is not None:
        says_all(document, resource)


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE Patient [<!ENTITY a "x">]>',
        '<!DOCTYPE Patient SYSTEM "http://127.0.0.1/x.dtd">',
        '<!DOCTYPE Patient [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>',
        '<!doctype Patient [<!ENTITY a "x">]>',
        "<!DOCTYPE\tPatient>",
    ],
)
def test_a_document_type_is_never_read(prolog: str) -> None:
    for body in ("<Patient xmlns='http://hl7.org/fhir'><id value='&a;'/></Patient>", "<a/>"):
        assert read(f"{prolog}{body}".encode()) is None
        assert read(f"<?xml version='1.0'?>\n<!-- x -->{prolog}{body}".encode()) is None


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-32", "utf-7", "cp037"])
def test_a_document_type_cannot_hide_in_another_encoding(name: str) -> None:
    text = f'<?xml version="1.0" encoding="{name}"?><!DOCTYPE x [<!ENTITY a "x">]>{ELEMENT}'

    assert read(text.encode(name)) is None
