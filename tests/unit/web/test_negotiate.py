"""https://hl7.org/fhir/R4/http.html#mime-type ."""

import pytest

from fhir_server.fhir.outcome import (
    InvalidRequestError,
    NotAcceptableError,
    UnsupportedMediaTypeError,
)
from fhir_server.web.negotiate import (
    FHIR_JSON,
    FHIR_XML,
    body_is_xml,
    pretty,
    require_form,
    response_type,
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", FHIR_JSON),
        ("*/*", FHIR_JSON),
        ("application/fhir+json", FHIR_JSON),
        ("application/fhir+json; fhirVersion=4.0", FHIR_JSON),
        ("application/json", "application/json"),
        ("text/json", "text/json"),
        ("application/fhir+xml", FHIR_XML),
        ("application/fhir+xml;fhirVersion=4.0.1", FHIR_XML),
        ("application/xml", "application/xml"),
        ("text/xml", "text/xml"),
        ("application/fhir+xml;q=0.5, application/fhir+json", FHIR_JSON),
        ("application/fhir+xml, application/fhir+json;q=0.5", FHIR_XML),
        ("application/*", FHIR_JSON),
        ("application/json;q=0.5, application/fhir+json", FHIR_JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/xml"),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", FHIR_JSON),
    ],
)
def test_the_type_asked_for_is_given(accept: str, expected: str) -> None:
    assert response_type(accept, []) == expected


@pytest.mark.parametrize(
    "accept",
    [
        "text/turtle",
        "application/fhir+json; fhirVersion=5.0",
        "application/fhir+xml; fhirVersion=3.0",
        "application/json;q=0",
        "application/json;q=nonsense",
        "nonsense",
    ],
)
def test_what_cannot_be_given_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptableError):
        response_type(accept, [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("json", FHIR_JSON),
        ("application/fhir+json", FHIR_JSON),
        ("application/fhir json", FHIR_JSON),
        ("application/json", "application/json"),
        ("xml", FHIR_XML),
        ("application/fhir+xml", FHIR_XML),
        ("application/fhir xml", FHIR_XML),
        ("text/xml", "text/xml"),
    ],
)
def test_format_goes_before_accept(value: str, expected: str) -> None:
    assert response_type("text/turtle", [value]) == expected


@pytest.mark.parametrize("value", ["XML5", "text/turtle", "ttl", ""])
def test_an_unknown_format_is_refused(value: str) -> None:
    with pytest.raises(NotAcceptableError):
        response_type("*/*", [value])


@pytest.mark.parametrize(
    "content_type",
    ["", "application/fhir+json", "application/json; charset=utf-8", 'text/json; charset="UTF-8"'],
)
def test_json_in_utf_8_is_read(content_type: str) -> None:
    assert not body_is_xml(content_type)


@pytest.mark.parametrize(
    "content_type",
    ["application/fhir+xml", "application/xml; charset=utf-8", 'Text/XML; charset="UTF-8"'],
)
def test_xml_in_utf_8_is_read(content_type: str) -> None:
    assert body_is_xml(content_type)


@pytest.mark.parametrize(
    "content_type",
    ["text/turtle", "text/plain", "application/json; charset=latin-1", "text/xml; charset=utf-16"],
)
def test_another_body_is_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaTypeError):
        body_is_xml(content_type)


def test_a_search_by_post_is_a_form() -> None:
    require_form("application/x-www-form-urlencoded; charset=UTF-8")

    with pytest.raises(UnsupportedMediaTypeError):
        require_form("application/json")


def test_pretty_is_true_or_false() -> None:
    assert pretty(["true"])
    assert not pretty(["false"])
    assert not pretty([])

    with pytest.raises(InvalidRequestError):
        pretty(["yes"])
