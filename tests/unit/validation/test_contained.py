"""Contained resources, ids, and links of narratives within one resource."""

import pytest

from fhir_server.fhir.resource import Json, Resource
from fhir_server.validation.profile.report import Options
from tests.unit.validation.profile.making import plain

QUIET = Options(best_practice=None)


def told(resource: Resource, *wanted: str) -> list[tuple[str | None, str | None, str]]:
    return [
        (issue.rule, issue.expression, issue.severity)
        for issue in plain().validate(resource, options=QUIET)
        if issue.rule in wanted
    ]


def patient(**more: Json) -> Resource:
    return {"resourceType": "Patient", "id": "p", **more}


def narrated(text: str, **more: Json) -> Resource:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>'
    return patient(text={"status": "generated", "div": div}, **more)


def test_a_contained_resource_needs_an_id_of_its_own() -> None:
    organizations = [
        {"resourceType": "Organization", "name": "x", **id_} for id_ in ({}, {"id": "o"})
    ]

    assert told(patient(contained=organizations[:1]), "contained-id") == [
        ("contained-id", "Patient.contained[0]", "error")
    ]
    twice = told(patient(contained=[organizations[1]] * 2), "contained-id")
    assert [place for _, place, _ in twice] == ["Patient.contained[0]", "Patient.contained[1]"]


def test_an_id_stands_once_in_a_resource() -> None:
    twice = patient(
        name=[{"id": "1", "family": "x"}, {"id": "1", "family": "y"}],
        birthDate="1990-01-01",
        _birthDate={"id": "1"},
    )
    found = told(twice, "id")

    assert [place for _, place, _ in found] == ["Patient.name[1]", "Patient.birthDate"]


def test_ids_of_other_resources_are_their_own() -> None:
    inner = {"resourceType": "Organization", "id": "1", "name": "x", "alias": ["y"]}
    resource = patient(
        contained=[inner | {"contact": [{"id": "1", "name": {"text": "z"}}]}],
        name=[{"id": "1", "text": "x"}],
        managingOrganization={"reference": "#1"},
    )

    assert not told(resource, "id")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('<a href="#here">x</a><p id="here">y</p>', True),
        ('<a href="#here">x</a><a name="here">y</a>', True),
        ('<a href="#o">x</a>', True),
        ('<a href="#n">x</a>', True),
        ('<a href="#">x</a>', True),
        ('<a href="http://a.org/#there">x</a>', True),
        ('<a href="#there">x</a>', False),
    ],
)
def test_a_link_within_a_narrative_leads_somewhere(text: str, right: object) -> None:
    resource = narrated(
        text,
        contained=[{"resourceType": "Organization", "id": "o", "name": "x"}],
        name=[{"id": "n", "text": "x"}],
        managingOrganization={"reference": "#o"},
    )
    found = told(resource, "narrative-link")

    assert found == ([] if right else [("narrative-link", "Patient.text.div", "warning")])


def test_an_image_may_be_contained() -> None:
    image = {"resourceType": "Binary", "id": "i", "contentType": "image/png", "data": "AAAA"}

    assert not told(narrated('<img src="#i" alt="x"/>', contained=[image]), "dom-3")
    assert told(narrated("x", contained=[image]), "dom-3")


def linked(**parts: str) -> Resource:
    """Return a Patient whose narrative says which data it tells."""
    link = [
        {"url": name, "valueUri" if name == "data" else "valueString": v}
        for name, v in parts.items()
    ]
    url = "http://hl7.org/fhir/StructureDefinition/textLink"
    resource = narrated('<span id="here">x</span>', name=[{"id": "n", "text": "x"}])
    resource["text"]["extension"] = [{"url": url, "extension": link}]
    return resource


@pytest.mark.parametrize(
    ("resource", "right"),
    [
        (linked(htmlid="here", data="#n"), True),
        (linked(htmlid="there", data="#n"), False),
        (linked(htmlid="here", data="#m"), False),
        (linked(htmlid="here", data="#n", selector="name.given"), True),
        (linked(htmlid="here", data="#n", selector="Practitioner.name"), False),
        (linked(htmlid="here", data="#n", selector="name.("), False),
        (linked(htmlid="here", data="Group/unknown#x", selector="name"), True),
    ],
)
def test_both_ends_of_a_text_link_must_be_there(resource: Resource, right: object) -> None:
    assert (not told(resource, "text-link")) is right
