"""XML: what goes there comes back the same; whatever comes in is read or refused, and said so."""

import random
import re
from contextlib import suppress
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.fhir import narrative, xml
from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import InvalidResourceError
from fhir_server.fhir.resource import Json, Resource
from tests.resources_by_definition import DIVS, XMLNS, Author

DEFINITIONS = load()
TYPES = st.sampled_from(DEFINITIONS.resource_types)
SEEDS = st.integers(0, 2**64)


def authored(type_: str, seed: int) -> Resource:
    return Author(DEFINITIONS, random.Random(seed)).resource(type_)  # noqa: S311 - tests are no secret


def told(value: Json) -> Json:
    """Return a value in which each decimal stands with its digits."""
    if isinstance(value, dict):
        return {name: told(child) for name, child in value.items()}
    if isinstance(value, list):
        return [told(child) for child in value]
    return str(value) if isinstance(value, Decimal) else value


@settings(deadline=None)
@given(type_=TYPES, seed=SEEDS, pretty=st.booleans())
def test_json_to_xml_to_json_is_the_identity(type_: str, seed: int, *, pretty: bool) -> None:
    resource = authored(type_, seed)

    document = xml.encode(resource, DEFINITIONS, pretty=pretty)

    assert told(xml.decode(document, DEFINITIONS)) == told(resource)


PIECES = st.sampled_from(
    [
        *("<", ">", "/>", "</", "&", "&amp;", "&#0;", '"', "'", "x", " ", "\n", "<!--", "-->"),
        *("<?x ?>", "<![CDATA[", "]]>", "<!DOCTYPE x>", "xmlns:h=''", ' id="i"', ' value="1"'),
        *("<name/>", '<active value="true"/>', '<extension url="u"/>', "<Patient>", "</Patient>"),
        *(f"<text>{DIVS[2]}</text>", f"<div {XMLNS}>", "</div>", "\x00", "\ud7ff", "\ufffe"),
    ]
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=4)


@settings(deadline=None)
@given(TYPES, SEEDS, EDITS)
def test_a_spoilt_document_is_refused_or_read_without_loss(
    type_: str, seed: int, edits: list[tuple[float, int, str]]
) -> None:
    text = xml.encode(authored(type_, seed), DEFINITIONS).decode()
    for place, length, piece in edits:
        start = int(place * len(text))
        text = text[:start] + piece + text[start + length :]

    try:
        resource = xml.decode(text.encode(), DEFINITIONS)
    except InvalidResourceError:
        return

    again = xml.decode(xml.encode(resource, DEFINITIONS), DEFINITIONS)
    assert xml.encode(again, DEFINITIONS) == xml.encode(resource, DEFINITIONS)


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_whatever_comes_gets_an_answer(data: bytes) -> None:
    with suppress(InvalidResourceError):
        xml.decode(data, DEFINITIONS)


CONTENT = st.lists(
    st.sampled_from(
        [
            *("x", " ", "<p>", "</p>", "<b/>", "<script>", "</script>", "<img src='", "<a href='"),
            *(
                "javascript:",
                "data:text/html,",
                "#x",
                "'/>",
                "'>",
                "</a>",
                "<p onclick='x'>",
                "&#9;",
            ),
            *("<!-- ", " -->", "<![CDATA[", "]]>", "<?x ?>", "&nbsp;", "<p style='", "url(//x)"),
            *("<svg xmlns='http://www.w3.org/2000/svg'/>", "</div>", "<div>", "\x01", "&lt;"),
        ]
    ),
    max_size=8,
).map("".join)


# What a browser does not see either.
HIDDEN = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)


@settings(deadline=None)
@given(CONTENT)
def test_a_narrative_that_passes_has_nothing_active(content: str) -> None:
    div = f"<div {XMLNS}>{content}</div>"

    if narrative.check(div) == ():
        assert narrative.fits_xml(div)
        bare = HIDDEN.sub("", content)
        assert not any(word in bare for word in ("<script", "onclick", "<svg", "<?", "&nbsp;"))
        assert "='javascript:" not in bare.replace("&#9;", "")
