"""XML in and out without loss, for every resource, by its definition.

https://hl7.org/fhir/R4/xml.html

Reading gives the same resource as its JSON would, or refuses with the FHIRPath of each fault:
elements must be known, in the FHIR namespace, and in the order of their definition; there is no
text but in narratives; document types, entities and processing instructions are refused. Whatever
JSON can get wrong as well (types, cardinality, codes) is left to validation.
"""

import re

from lxml import etree

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import InvalidResourceError
from fhir_server.fhir.resource import Resource
from fhir_server.fhir.xml_read import Reader
from fhir_server.fhir.xml_table import tables
from fhir_server.fhir.xml_write import write

# Elements and attributes cost a hundred times their shortest text in memory.
MOST_NODES = 2_000_000

_PARSER = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    huge_tree=False,
    collect_ids=False,
)
_OTHER_ENCODING = re.compile(rb"""<\?xml\s[^>]*encoding\s*=\s*["'](?!utf-?8["'])""", re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"


def encode(resource: Resource, definitions: Definitions, *, pretty: bool = False) -> bytes:
    """Return `resource` as an XML document in UTF-8; `pretty` gives each element its line.

    Raises:
        InvalidResourceError: It is no resource, or has an element that its type does not have.
    """
    return write(resource, tables(definitions), pretty=pretty)


def decode(data: bytes, definitions: Definitions) -> Resource:
    """Return the resource that an XML document is, as `json.decode` would.

    Raises:
        InvalidResourceError: Not well-formed XML in UTF-8, or not a resource of FHIR R4: with an
            issue for each fault.
    """
    document = data.removeprefix(_BOM)
    text = _text(document)
    root = _parsed(document)
    reader = Reader(root, tables(definitions), text)
    resource = reader.document()
    issues = reader.issues()
    if issues:
        raise InvalidResourceError(issues[0].diagnostics, issues=issues)
    return resource


def _text(document: bytes) -> str:
    if not _OTHER_ENCODING.match(document):
        try:
            return document.decode()
        except UnicodeDecodeError:
            pass
    raise InvalidResourceError("The body must be XML in UTF-8.")


def _parsed(document: bytes) -> etree._Element:
    if b"<!DOCTYPE" in document:
        # Nothing of it is read: what it declares could be anything, of any size.
        raise InvalidResourceError("A document type declaration is not allowed.")
    if document.count(b"<") + document.count(b"=") > MOST_NODES:
        raise InvalidResourceError(f"The body has more than {MOST_NODES} elements and attributes.")
    try:
        return etree.fromstring(document, _PARSER)
    except etree.XMLSyntaxError as error:
        # The parser's own message may quote the body.
        line, column = error.position
        where = f"line {line}, column {column}"
        raise InvalidResourceError(f"The body is not well-formed XML at {where}.") from None
