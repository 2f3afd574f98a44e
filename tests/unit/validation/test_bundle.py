"""Bundles: https://hl7.org/fhir/R4/bundle.html , documents.html and messaging.html ."""

import pytest

from fhir_server.fhir.resource import Json, Resource
from fhir_server.validation.profile.report import Options
from tests.unit.validation.profile.making import plain

QUIET = Options(best_practice=None)
BASE = "http://a.org/fhir/"


def patient(id_: str = "p", **more: Json) -> Resource:
    return {"resourceType": "Patient", "id": id_, **more}


def composition(**more: Json) -> Resource:
    return {
        "resourceType": "Composition",
        "id": "c",
        "status": "final",
        "type": {"text": "x"},
        "date": "2026-03-04",
        "author": [{"reference": "Patient/p"}],
        "title": "x",
        **more,
    }


def entry(resource: Resource, **more: Json) -> Json:
    url = f"{BASE}{resource['resourceType']}/{resource.get('id')}"
    return {"fullUrl": url, "resource": resource, **more}


def bundle(type_: str, *entries: Json, **more: Json) -> Resource:
    document = {
        "identifier": {"system": "urn:x", "value": "1"},
        "timestamp": "2026-03-04T15:02:11Z",
    }
    extra = document if type_ == "document" else {}
    return {"resourceType": "Bundle", "type": type_, **extra, "entry": list(entries), **more}


def told(resource: Resource, severity: str = "error") -> list[tuple[str | None, str | None]]:
    """Return rule and place of what is said of the Bundle as a whole."""
    return [
        (issue.rule, issue.expression)
        for issue in plain().validate(resource, options=QUIET)
        if (issue.rule or "").startswith("bundle-") and issue.severity == severity
    ]


@pytest.mark.parametrize(
    ("url", "right"),
    [
        (f"{BASE}Patient/p", True),
        ("urn:uuid:3e2b1c62-5c6e-4d66-9b3b-0d4b8c9a1e2f", True),
        ("http://a.org/anything", True),
        (f"{BASE}Patient/other", False),
        (f"{BASE}Person/p", False),
        ("Patient/p", False),
    ],
)
def test_a_full_url_says_which_resource_it_is(url: str, right: object) -> None:
    wrong = told(bundle("collection", entry(patient(), fullUrl=url)))

    assert (not wrong) is right
    assert set(wrong) <= {("bundle-fullUrl", "Bundle.entry[0].fullUrl")}


def test_a_restful_full_url_needs_an_id() -> None:
    nameless = {"resourceType": "Patient"}
    url = f"{BASE}Patient/p"
    post = {"method": "POST", "url": "Patient"}

    assert told(bundle("collection", entry(nameless, fullUrl=url)))
    assert not told(bundle("transaction", entry(nameless, fullUrl=url, request=post)))


@pytest.mark.parametrize(
    ("type_", "wrong"), [("collection", True), ("searchset", True), ("batch-response", False)]
)
def test_an_entry_needs_a_full_url_unless_it_is_asked_for(type_: str, wrong: object) -> None:
    found = told(bundle(type_, {"resource": patient(), "response": {"status": "200"}}))

    assert (("bundle-fullUrl", "Bundle.entry[0]") in found) is wrong


def test_links_of_pages_stand_once_and_in_pages_only() -> None:
    links = [{"relation": name, "url": f"{BASE}Patient"} for name in ("self", "self", "next")]

    assert told(bundle("searchset", link=links, type="searchset")) == [
        ("bundle-link", "Bundle.link[1]")
    ]
    assert told(bundle("collection", link=links[1:])) == [("bundle-link", "Bundle.link[1]")]


@pytest.mark.parametrize(
    ("resource", "mode", "wrong"),
    [
        (patient(), "match", False),
        ({"resourceType": "Basic", "id": "b", "code": {"text": "x"}}, "include", False),
        ({"resourceType": "Basic", "id": "b", "code": {"text": "x"}}, "match", True),
        (patient(), "outcome", True),
        ({"resourceType": "Patient"}, "match", True),
    ],
)
def test_a_search_answers_what_was_searched_for(
    resource: Resource, mode: str, wrong: object
) -> None:
    link = [{"relation": "self", "url": f"{BASE}Patient?name=x"}]
    answer = entry(resource, fullUrl="urn:oid:1.2.3", search={"mode": mode})

    assert bool(told(bundle("searchset", answer, link=link))) is wrong


def test_types_of_a_search_are_in_its_parameters() -> None:
    link = [{"relation": "self", "url": f"{BASE}?_type=Basic,Group"}]
    answer = entry(patient(), search={"mode": "match"})

    assert told(bundle("searchset", answer, link=link)) == [
        ("bundle-search", "Bundle.entry[0].resource")
    ]


def test_a_search_without_modes_or_link_is_warned_of() -> None:
    assert len(told(bundle("searchset", entry(patient())), "warning")) == 2
    odd = [{"relation": "self", "url": "http://[::1"}]
    assert len(told(bundle("searchset", entry(patient()), link=odd), "warning")) == 1


def test_a_document_contains_what_its_composition_refers_to() -> None:
    whole = bundle("document", entry(composition()), entry(patient()))
    part = bundle("document", entry(composition()))
    section = [{"title": "x", "section": [{"title": "y", "entry": [{"reference": "Patient/q"}]}]}]

    assert not told(whole)
    assert told(part) == [("bundle-present", "Bundle.entry[0].resource.author[0]")]
    nested = bundle("document", entry(composition(section=section)), entry(patient()))
    assert told(nested) == [
        ("bundle-present", "Bundle.entry[0].resource.section[0].section[0].entry[0]")
    ]


def test_a_document_resolves_relative_references_below_restful_urls_only() -> None:
    id_ = "3e2b1c62-5c6e-4d66-9b3b-0d4b8c9a1e2f"
    author = composition(author=[{"reference": f"Patient/{id_}"}])
    first = entry(author, fullUrl="urn:uuid:11111111-5c6e-4d66-9b3b-0d4b8c9a1e2f")
    other = entry(patient(id_), fullUrl=f"urn:uuid:{id_}")

    assert ("bundle-present", "Bundle.entry[0].resource.author[0]") in told(
        bundle("document", first, other)
    )


def test_everything_in_a_document_belongs_to_it() -> None:
    alone = {"resourceType": "Basic", "id": "b", "code": {"text": "x"}}
    about = {**alone, "subject": {"reference": "Patient/p"}}

    def document(other: Resource) -> Resource:
        return bundle("document", entry(composition()), entry(patient()), entry(other))

    assert told(document(alone)) == [("bundle-reachable", "Bundle.entry[2]")]
    assert not told(document(about))
    assert told(document(about), "warning") == [("bundle-reachable", "Bundle.entry[2]")]


def test_a_provenance_may_point_at_a_document() -> None:
    provenance = {
        "resourceType": "Provenance",
        "id": "x",
        "target": [{"reference": "Composition/c"}],
        "recorded": "2026-03-04T15:02:11Z",
        "agent": [{"who": {"reference": "Patient/p"}}],
    }
    found = bundle("document", entry(composition()), entry(patient()), entry(provenance))

    assert not told(found)
    assert not told(found, "warning")


def message(*others: Resource, focus: str = "Patient/p") -> Resource:
    header = {
        "resourceType": "MessageHeader",
        "id": "h",
        "eventUri": "http://a.org/event",
        "source": {"endpoint": "http://a.org"},
        "focus": [{"reference": focus}],
    }
    return bundle("message", entry(header), *map(entry, others))


def test_a_message_contains_what_it_is_about() -> None:
    assert not told(message(patient()))
    assert told(message(patient(), focus="Patient/q")) == [
        ("bundle-present", "Bundle.entry[0].resource.focus[0]")
    ]


def test_what_a_message_does_not_need_is_warned_of() -> None:
    assert told(message(patient(), patient("q")), "warning") == [
        ("bundle-reachable", "Bundle.entry[2]")
    ]


def test_a_bundle_of_odd_shapes_is_no_crash() -> None:
    odd: Json = {
        "resourceType": "Bundle",
        "type": ["document"],
        "link": [1, {"relation": {}, "url": []}],
        "entry": [
            None,
            {"fullUrl": 1, "resource": [], "search": "x", "request": 2},
            {"resource": {}},
        ],
    }

    assert plain().validate(odd)
