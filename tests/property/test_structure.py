"""Structure: whatever is done to a right resource is found, where it was done; nothing crashes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.definitions import load
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.resource import Json, Resource
from fhir_server.validation.structure import check

EXTENSION = {"url": "http://example.org/e", "valueDecimal": Decimal("1.0")}
CODING = {"system": "http://example.org/s", "code": "c", "userSelected": True}
ENCOUNTER: Resource = {
    "resourceType": "Encounter",
    "id": "e-1",
    "meta": {"tag": [CODING], "lastUpdated": "2026-03-04T15:02:11.123Z"},
    "text": {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>x</div>"},
    "contained": [
        {"resourceType": "Location", "id": "home", "position": {"longitude": 1, "latitude": 2}}
    ],
    "extension": [{"url": "http://example.org/many", "extension": [EXTENSION]}],
    "identifier": [{"use": "official", "system": "urn:oid:1.2", "value": "7"}],
    "status": "finished",
    "class": CODING,
    "type": [{"coding": [CODING, CODING], "text": "Crisis"}],
    "subject": {"reference": "Patient/1", "display": "A. Person"},
    "participant": [{"individual": {"reference": "Practitioner/2"}, "period": {"start": "2026"}}],
    "period": {"start": "2026-03-04T15:02:11Z", "end": "2026-03-04T16:00:00+01:00"},
    "location": [{"location": {"reference": "#home"}, "status": "active"}],
}
PATIENT: Resource = {
    "resourceType": "Patient",
    "active": True,
    "name": [{"family": "Person", "given": ["A", "B"]}, {"text": "AB"}],
    "telecom": [{"system": "phone", "value": "555", "rank": 1}],
    "birthDate": "1980-02-29",
    "photo": [{"contentType": "image/png", "data": "AAAA", "size": 3}],
    "communication": [{"language": {"coding": [CODING]}, "preferred": False}],
    "link": [{"other": {"reference": "Patient/2"}, "type": "seealso"}],
}
BUNDLE: Resource = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [{"fullUrl": "urn:uuid:1", "resource": PATIENT}, {"resource": ENCOUNTER}],
}
CHOICES = {"valueDecimal": "value.ofType(decimal)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A member of an object or array of a resource, and its FHIRPath."""

    container: Json
    key: str | int
    path: str

    def value(self) -> Json:
        return self.container[self.key]


def places(value: Json, path: str) -> Iterator[Place]:
    if isinstance(value, dict):
        for key, child in value.items():
            if key != "resourceType":
                step = f"{path}.{CHOICES.get(key, key)}"
                yield Place(container=value, key=key, path=step)
                yield from places(child, step)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield Place(container=value, key=index, path=f"{path}[{index}]")
            yield from places(child, f"{path}[{index}]")


def is_value(value: Json) -> bool:
    return not isinstance(value, dict | list)


# Each takes a value out of a right resource and returns a wrong one.
MUTATIONS: dict[str, tuple[Callable[[Json], bool], Callable[[Json], Json]]] = {
    "null": (lambda _: True, lambda _: None),
    "an empty object": (lambda _: True, lambda _: {}),
    "an empty array": (lambda _: True, lambda _: []),
    "an empty string": (lambda _: True, lambda _: ""),
    "a control character": (is_value, lambda _: "\x01"),
    "an unknown element": (lambda v: isinstance(v, dict), lambda v: {**v, "banana": 1}),
    "an array in the array": (lambda v: isinstance(v, list), lambda v: [v]),
    "no array": (lambda v: isinstance(v, list), lambda v: v[0]),
    "an array of a value": (is_value, lambda v: [v]),
    "an object of a value": (is_value, lambda v: {"value": v}),
    "another kind of value": (is_value, lambda v: 1.5 if isinstance(v, str | bool) else "1"),
    "an id alone": (lambda v: isinstance(v, dict), lambda _: {"id": "x"}),
}


@st.composite
def mutants(draw: st.DrawFn) -> tuple[Resource, str]:
    resource = decode(encode(draw(st.sampled_from([ENCOUNTER, PATIENT, BUNDLE]))))
    place = draw(st.sampled_from(list(places(resource, resource["resourceType"]))))
    applies, change = MUTATIONS[draw(st.sampled_from(sorted(MUTATIONS)))]
    if not applies(place.value()):
        change = MUTATIONS["null"][1]
    place.container[place.key] = change(place.value())
    return resource, place.path


def expressions(resource: Resource) -> list[str]:
    return [str(issue.expression) for issue in check(decode(encode(resource)), load())]


def test_the_originals_are_right() -> None:
    assert [expressions(resource) for resource in (ENCOUNTER, PATIENT, BUNDLE)] == [[], [], []]


@given(mutants())
def test_a_fault_is_found_where_it_was_made(mutant: tuple[Resource, str]) -> None:
    resource, path = mutant

    found = expressions(resource)

    assert found
    assert any(expression.startswith(path) for expression in found), (found, path)
    # A fault never spreads: what is named is the element, something in it, or what contains it.
    assert all(e.startswith(path) or path.startswith(e) for e in found), (found, path)


NAMES = st.sampled_from(
    [
        "resourceType",
        "id",
        "_id",
        "name",
        "given",
        "_given",
        "extension",
        "url",
        "valueString",
        "birthDate",
        "_birthDate",
        "contained",
        "entry",
        "resource",
        "link",
        "other",
        "reference",
        "maritalStatus",
        "coding",
        "system",
        "code",
        "active",
        "photo",
        "data",
        "text",
        "div",
        "x",
    ]
)
SCALARS = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        2**40,
        Decimal("1.5"),
        "",
        "x",
        "2020-02-30",
        "Patient/1",
        "Patient",
        "a\x00",
    ]
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=25,
)


@given(
    st.sampled_from(["Patient", "Bundle", "Encounter"]), st.dictionaries(NAMES, JSON, max_size=6)
)
def test_whatever_comes_gets_an_answer(type_: str, elements: Resource) -> None:
    check({**elements, "resourceType": type_}, load())


@given(st.dictionaries(NAMES, JSON, max_size=6))
def test_only_a_resource_that_is_refused_hides_a_null(elements: Resource) -> None:
    """Where check finds nothing, every null stands beside the twin that it makes room for."""
    resource = {**elements, "resourceType": "Patient"}

    if check(resource, load()) == ():
        for place in places(resource, "Patient"):
            assert place.value() is not None or isinstance(place.key, int)
