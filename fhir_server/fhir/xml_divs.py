"""The narratives of an XML document as they were written.

https://hl7.org/fhir/R4/narrative.html

A parser forgets how quotes, characters and empty elements were spelled. JSON has a narrative as
text, so it is cut out of the document: JSON to XML to JSON changes not one character of it.
"""

import re
from collections.abc import Iterator

# Whatever may hold a `<div` that is none comes first. Attributes are taken whole, so that `>` in
# one of them ends nothing; nothing here is ever tried twice, however the document goes on.
_TAGS = re.compile(
    r"""<!--.*?-->|<!\[CDATA\[.*?\]\]>"""
    r"""|<(/?)(?:[^\s<>/:"'!?]+:)?div(?![^\s/>])((?:[^<>"']|"[^"]*+"|'[^']*+')*+)>""",
    re.DOTALL,
)
# Without it the text cannot stand for itself.
_OWN_NAMESPACE = re.compile(
    r"""<div\s(?:[^<>]*\s)?xmlns\s*=\s*["']http://www\.w3\.org/1999/xhtml["']"""
)


def divs(document: str) -> Iterator[str]:
    """Yield each outermost `div` of a well-formed document, in order.

    "" stands for one that depends on what the document declares elsewhere: it has a prefix, or no
    namespace of its own.
    """
    start = depth = 0
    for tag in _TAGS.finditer(document):
        end, attributes = tag[1], tag[2]
        if attributes is None:
            continue
        if end:
            depth -= 1
        else:
            start = start if depth else tag.start()
            depth += not attributes.endswith("/")
        if depth == 0:
            text = document[start : tag.end()]
            yield text if _OWN_NAMESPACE.match(text) else ""
