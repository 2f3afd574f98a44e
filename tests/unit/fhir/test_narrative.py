"""https://hl7.org/fhir/R4/narrative.html ."""

import pytest

from fhir_server.fhir.narrative import MOST_ISSUES, check, fits_xml

XMLNS = 'xmlns="http://www.w3.org/1999/xhtml"'


def div(content: str, attributes: str = "") -> str:
    return f"<div {XMLNS}{attributes}>{content}</div>"


def codes(text: str) -> list[str]:
    return [issue.code for issue in check(text)]


def diagnostics(text: str) -> str:
    return " ".join(issue.diagnostics for issue in check(text))


@pytest.mark.spec("narrative.html#xhtml", "SHALL")
@pytest.mark.parametrize(
    "text",
    [
        div("text"),
        div("  <p>text</p>  "),
        div('<img src="#picture" alt="a chart"/>'),
        div('<img src="data:image/png;base64,AAAA"/>'),
        div(
            '<a href="tel:988">a</a><a href="sms:988">b</a><a href="#own">c</a><a href="p/x">d</a>'
        ),
        div('<a href="https://example.org/x" title="y">x</a><a name="z"/>'),
        div("<table border='1'><tbody><tr><td colspan=\"2\">x</td></tr></tbody></table>"),
        div('<h1>x</h1><address>y</address><bdo dir="rtl">z</bdo><kbd>k</kbd>'),
        div("x", ' lang="en" xml:lang="en" style="color: red; background: url(#own)"'),
        div("a &amp; b &#160; &lt; <!-- a comment --><![CDATA[x]]>"),
        f"\n {div('x')}\n",
        f"<div\n{XMLNS}>x</div>",
    ],
)
def test_formatted_text_is_right(text: str) -> None:
    assert check(text) == ()
    assert fits_xml(text)


@pytest.mark.spec("narrative.html#txt-2", "SHALL")
@pytest.mark.parametrize(
    "content", ["", " \n\t", "<p></p>", "<!-- only a comment -->", "<img alt='no source'/>"]
)
def test_a_narrative_says_something(content: str) -> None:
    assert codes(div(content)) == ["invariant"]
    assert diagnostics(div(content)).startswith("txt-2: ")


@pytest.mark.spec("narrative.html#txt-1", "SHALL")
@pytest.mark.parametrize(
    "name",
    [
        *("script", "style", "head", "body", "link", "base", "form", "input", "iframe", "frame"),
        *("object", "embed", "svg", "font", "center", "ins", "del", "SCRIPT", "banana"),
    ],
)
def test_an_element_that_is_not_listed_is_refused(name: str) -> None:
    assert diagnostics(div(f"x<{name}>y</{name}>")) == (
        f"txt-1: The element `{name}` is not allowed in a narrative."
    )


@pytest.mark.spec("narrative.html#txt-1", "SHALL")
@pytest.mark.parametrize("name", ["onclick", "onload", "OnError", "action", "target", "srcset"])
def test_an_attribute_that_is_not_listed_is_refused(name: str) -> None:
    expected = f"txt-1: The attribute `{name}` is not allowed in a narrative."

    assert diagnostics(div("x", f' {name}="y"')) == expected
    assert diagnostics(div(f'<b {name}="y">x</b>')) == expected


@pytest.mark.spec("narrative.html#txt-1", "SHALL")
@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java&#9;script:alert(1)",
        "java&#10;script:alert(1)",
        "vbscript:x",
        "data:text/html,x",
        "blob:x",
        "urn:uuid:7221aa91-d9e1-44fa-8b90-c5a8c7caeade",
    ],
)
def test_an_address_that_nobody_can_follow_is_refused(address: str) -> None:
    assert "`href`" in diagnostics(div(f'<a href="{address}">x</a>'))
    assert "`src`" in diagnostics(div(f'x<img src="{address}"/>'))


@pytest.mark.spec("narrative.html#txt-1", "SHALL")
@pytest.mark.parametrize(
    "style",
    [
        "background: url(http://example.org/x.png)",
        "background: url( '//example.org/x.png')",
        "background: URL(javascript:x)",
        "@import 'x'",
        "width: expression(alert(1))",
        "behavior: x",
        r"background: u\72l(http://example.org)",
    ],
)
def test_a_style_from_elsewhere_is_refused(style: str) -> None:
    assert "`style`" in diagnostics(div("x", f' style="{style}"'))


@pytest.mark.parametrize("style", ["scroll-behavior: smooth", "background: url(own.png)"])
def test_a_style_of_ones_own_is_right(style: str) -> None:
    assert check(div("x", f' style="{style}"')) == ()


@pytest.mark.spec("narrative.html#xhtml", "SHALL")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "<div",
        f"<div {XMLNS}>x",
        f"<p {XMLNS}>x</p>",
        div("a & b"),
        div("a &nbsp; b"),
        div("<b><i>x</b></i>"),
        div("<x:p>x</x:p>"),
        div("\x01"),
        div("\ufffe"),
        div("x") + div("y"),
        div("x") + "<?php x ?>",
        "<?xml version='1.0' encoding='utf-16'?>" + div("x"),
        f'<!DOCTYPE div [<!ENTITY e "x">]>{div("&e;")}',
        div("<b>" * 5000 + "x" + "</b>" * 5000),
    ],
)
def test_what_is_not_one_well_formed_div_is_refused(text: str) -> None:
    assert codes(text) == ["structure"]
    assert not fits_xml(text)


@pytest.mark.spec("narrative.html#xhtml", "SHALL")
@pytest.mark.parametrize("text", ["<div>x</div>", '<div xmlns="http://hl7.org/fhir">x</div>'])
def test_the_namespace_is_that_of_xhtml(text: str) -> None:
    assert "xmlns" in diagnostics(text)
    assert not fits_xml(text)


def test_an_element_of_another_namespace_is_refused() -> None:
    assert "txt-1" in diagnostics(div('x<b xmlns="http://www.w3.org/2000/svg">y</b>'))


def test_a_processing_instruction_is_refused() -> None:
    assert "processing instructions" in diagnostics(div("x<?php y ?>"))


def test_a_div_of_nothing_but_faults_is_answered_shortly() -> None:
    text = div("x" + "".join(f"<e{number}/>" for number in range(1000)))

    assert len(check(text)) == MOST_ISSUES


def test_a_long_name_is_not_repeated_whole() -> None:
    assert len(diagnostics(div(f"x<{'n' * 10_000}/>"))) < 200


def test_many_attributes_are_refused_at_once() -> None:
    attributes = " ".join(f"a{number}=''" for number in range(100_000))

    assert len(check(div("x", f" {attributes}"))) == MOST_ISSUES
