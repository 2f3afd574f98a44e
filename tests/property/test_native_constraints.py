"""Constraints in plain code say what their expressions say, wherever those have a result.

https://hl7.org/fhir/R4/fhirpath.html
"""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.definitions import load
from fhir_server.fhir.resource import Element, Json
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.item import Item
from fhir_server.packages.built_in import core
from fhir_server.validation.profile.engine import Engine
from fhir_server.validation.profile.native import NATIVE
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.ports import variables_of

EXTENSION = {"extension": [{"url": "http://a.org/e", "valueCode": "x"}]}
WORDS = st.sampled_from(["a", "b", "1"])
MOMENTS = st.sampled_from(
    ["2020", "2020-05", "2020-05-01", "2020-05-01T10:00:00Z", "2020-05-01T11:00:00+01:00",
     "2020-05-01T10:00:00.5Z", "2020-05-01T12:30:00+02:00", "2021", "2019-12-31"]
)  # fmt: skip
CODINGS = st.lists(st.builds(lambda code: {"code": code}, WORDS), min_size=1, max_size=2)
CONCEPTS = st.builds(lambda codings: {"coding": codings}, CODINGS)
QUANTITIES = st.builds(lambda value: {"value": value}, st.integers(0, 3))
NAMES = st.lists(st.builds(lambda text: {"text": text}, WORDS), min_size=1, max_size=2)


def some(**members: st.SearchStrategy[Json]) -> st.SearchStrategy[Element]:
    """Return elements that have any of these members."""
    return st.fixed_dictionaries({}, optional=members)


def primitive(name: str, values: st.SearchStrategy[Json] = WORDS) -> dict[str, Json]:
    return {name: values, f"_{name}": st.just(EXTENSION)}


CONTAINED = st.lists(
    some(id=WORDS).map(lambda e: {"resourceType": "Basic", **e}), min_size=1, max_size=2
)
RESOURCES = some(
    contained=CONTAINED,
    text=some(**primitive("div", st.just("<div>x</div>"))),
)
KINDS: dict[str, tuple[str, st.SearchStrategy[Element]]] = {
    "tim-9": (
        "Timing.repeat",
        some(offset=st.integers(1, 9), when=st.lists(st.sampled_from(["C", "PHS"]), max_size=2)),
    ),
    "bdl-8": (
        "Bundle.entry",
        some(fullUrl=st.sampled_from(["http://a.org/X/1", "http://a.org/X/1/_history/1"])),
    ),
    "ras-2": (
        "RiskAssessment.prediction",
        some(probabilityDecimal=st.integers(99, 101)) | some(probabilityRange=st.just({})),
    ),
    "que-7": (
        "Questionnaire.item.enableWhen",
        some(operator=st.sampled_from(["exists", "="]), answerInteger=st.integers(1, 2)),
    ),
    "dom-3": ("Patient", RESOURCES),
    "dom-4": ("Patient", RESOURCES),
    "dom-5": ("Patient", RESOURCES),
    "dom-6": ("Patient", RESOURCES),
    "ref-1": (
        "Reference",
        some(reference=st.sampled_from(["#a", "#b", "#c", "Patient/1"]), display=WORDS),
    ),
    "per-1": ("Period", some(start=MOMENTS, end=MOMENTS)),
    "qty-3": ("Quantity", some(**primitive("code"), **primitive("system"))),
    "cpt-2": ("ContactPoint", some(**primitive("value"), **primitive("system"))),
    "att-1": ("Attachment", some(**primitive("data"), **primitive("contentType"))),
    "rat-1": (
        "Ratio",
        some(
            numerator=QUANTITIES, denominator=QUANTITIES, extension=st.just(EXTENSION["extension"])
        ),
    ),
    "obs-6": (
        "Observation",
        some(dataAbsentReason=CONCEPTS, valueQuantity=QUANTITIES, **primitive("valueString")),
    ),
    "obs-7": (
        "Observation",
        some(
            valueQuantity=QUANTITIES,
            code=CONCEPTS,
            component=st.lists(some(code=CONCEPTS), min_size=1, max_size=2),
        ),
    ),
    "obs-3": (
        "Observation.referenceRange",
        some(low=QUANTITIES, high=QUANTITIES, **primitive("text")),
    ),
    "pd-1": (
        "PractitionerRole",
        some(telecom=st.just([{"value": "1"}]), endpoint=st.just([{"display": "x"}])),
    ),
    "pat-1": (
        "Patient.contact",
        some(
            name=st.just({"text": "A"}), telecom=st.just([{"value": "1"}]),
            address=st.just({"text": "A"}), organization=st.just({"display": "O"}),
        ),
    ),
}  # fmt: skip


@cache
def engine() -> Engine:
    return Engine(load(), core(), None)


def node_of(type_: str, value: Element) -> Node:
    """Return an element in a resource that contains `a` and `b`."""
    if type_[:1].isupper() and "." not in type_ and engine().definitions.is_resource_type(type_):
        return engine().tree.root({"resourceType": type_, **value})
    contained = [{"resourceType": "Basic", "id": id_} for id_ in ("a", "b")]
    root = engine().tree.root({"resourceType": "Patient", "contained": contained})
    return engine().tree.detached(Item(type_, value), root)


@pytest.mark.parametrize("constraint", NATIVE, ids=lambda constraint: constraint[0])
@given(data=st.data())
def test_plain_code_says_what_the_expression_says(
    constraint: tuple[str, str], data: st.DataObject
) -> None:
    key, text = constraint
    type_, elements = KINDS[key]
    node = node_of(type_, data.draw(elements))
    decided = NATIVE[constraint](node)
    try:
        result = engine().expression(text, type_).evaluate(node.item, variables=variables_of(node))
    except FhirPathError:
        return

    # Where the expression has no result, plain code says what is meant.
    if decided is not None and len(result) == 1:
        assert decided is (result[0].value is not False)
