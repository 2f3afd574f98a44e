"""What is allowed and often a mistake, told where asked; and what a profile asks of narratives."""

import pytest

from fhir_server.fhir.resource import Json, Resource
from fhir_server.validation.profile.report import Options
from tests.unit.validation.profile.making import element, found, plain, profile

CONTROL = "http://hl7.org/fhir/StructureDefinition/narrative-"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x <b>y</b>", True),
        ("<resource type>", True),
        ("x < y > z", False),
        ("<http://a.org>", False),
        ("<a@b.org>", False),
    ],
)
def test_html_in_markdown_is_told_where_asked(text: str, told: object) -> None:
    note = {"resourceType": "Communication", "status": "completed", "note": [{"text": text}]}
    asked = plain().validate(note, options=Options(html_in_markdown="error"))

    assert any(issue.rule == "markdown" for issue in asked) is told
    assert not any(issue.rule == "markdown" for issue in plain().validate(note))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://example.org/x", True),
        ("https://fhir.example.com:80", True),
        ("http://myexample.org/", False),
        ("http://a.org/example.org", False),
    ],
)
def test_addresses_of_examples_are_told_where_asked(url: str, told: object) -> None:
    patient = {"resourceType": "Patient", "photo": [{"contentType": "image/png", "url": url}]}
    asked = plain().validate(patient, options=Options(example_urls="warning"))

    assert any(issue.rule == "example-url" for issue in asked) is told
    assert not any(issue.rule == "example-url" for issue in plain().validate(patient))


def controlled(name: str, code: str) -> Resource:
    """Return a profile that asks something of the narrative."""
    extension: Json = [{"url": f"{CONTROL}{name}-control", "valueCode": code}]
    return profile("narrated", "Patient", [element("Patient.text", extension=extension)])


def narrated(text: str) -> Resource:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>'
    return {
        "resourceType": "Patient",
        "language": "en",
        "text": {"status": "additional", "div": div},
    }


SECTIONS = '<div lang="de">x</div><div lang="fr">y</div>'


@pytest.mark.parametrize(
    ("code", "text", "right"),
    [
        ("_no", "x", True),
        ("_no", SECTIONS, False),
        ("_yes", "x", False),
        ("_yes", SECTIONS, True),
        ("_resource", SECTIONS, False),
        ("_resource", SECTIONS + '<div lang="en">z</div>', True),
        ("de", SECTIONS, True),
        ("en", SECTIONS, False),
    ],
)
def test_sections_by_language_may_be_demanded(code: str, text: str, right: object) -> None:
    assert (not found(narrated(text), controlled("language", code))) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('<p class="generated">x <b>y</b></p>', True),
        ('<div class="big original"><p>x</p> y</div>', True),
        ('<p class="big">x</p>', False),
        ('<p class="generated">x</p> y', False),
    ],
)
def test_the_source_of_each_text_may_be_demanded(text: str, right: object) -> None:
    assert (not found(narrated(text), controlled("source", "error"))) is right
