"""The paths of discriminators: profiling.html#discriminator."""

import pytest

from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.validation.profile.paths import parse_path
from tests.unit.validation.profile.making import URL, element, found, profile, rules


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$this", []),
        ("$this.name", [("name", "name")]),
        ("code.coding.code", [("name", "code"), ("name", "coding"), ("name", "code")]),
        (
            "extension('http://a.org/e.f').value",
            [("url", "http://a.org/e.f"), ("name", "value")],
        ),
        ("item.resolve().code", [("name", "item"), ("resolve", "resolve()"), ("name", "code")]),
        ("value.ofType(Coding).code", [("name", "value"), ("type", "Coding"), ("name", "code")]),
        ("value[x]", [("name", "value")]),
    ],
)
def test_a_path_has_steps(text: str, steps: list[tuple[str, str]]) -> None:
    assert [(step.kind, step.argument) for step in parse_path(text).steps] == steps


def a_list(*references: str, **contained: Resource) -> Resource:
    return {
        "resourceType": "List",
        "status": "current",
        "mode": "working",
        "contained": [{"id": id_, **each} for id_, each in contained.items()],
        "entry": [{"item": {"reference": reference}} for reference in references],
    }


def sliced(path: str, *elements: Element, **first: Json) -> Resource:
    slicing = {"discriminator": [{"type": "value", "path": path}], "rules": "open"}
    return profile(
        "sliced",
        "List",
        [
            element("List.entry", slicing=slicing),
            element("List.entry:main", min=1, **first),
            *elements,
        ],
    )


def test_a_path_leads_through_what_a_reference_names() -> None:
    final = profile("final", "Observation", [element("Observation.status", fixedCode="final")])
    by = sliced(
        "item.resolve().status",
        element(
            "List.entry:main.item",
            type=[{"code": "Reference", "targetProfile": [URL + "final"]}],
        ),
    )

    def observation(status: str) -> Resource:
        return {"resourceType": "Observation", "status": status, "code": {"text": "x"}}

    assert (
        found(a_list("#a", "#b", a=observation("amended"), b=observation("final")), by, final) == []
    )
    issues = found(a_list("#a", a=observation("amended")), by, final)
    assert rules(issues) == [("cardinality", "List.entry")]


@pytest.mark.parametrize("path", ["value.ofType(Coding).code", "value.code"])
def test_a_path_leads_through_one_type_of_a_choice(path: str) -> None:
    slicing = {"discriminator": [{"type": "value", "path": path}], "rules": "open"}
    kinds = {"discriminator": [{"type": "type", "path": "$this"}], "rules": "open"}
    by = profile(
        "typed",
        "Parameters",
        [
            element("Parameters.parameter", slicing=slicing),
            element("Parameters.parameter:main", min=1),
            element("Parameters.parameter:main.value[x]", slicing=kinds),
            element("Parameters.parameter:main.value[x]:valueCoding", type=[{"code": "Coding"}]),
            element("Parameters.parameter:main.value[x]:valueCoding.code", min=1, fixedCode="m"),
        ],
    )

    def parameters(**value: Json) -> Resource:
        other = {"name": "x", "valueCode": "m"}
        return {"resourceType": "Parameters", "parameter": [other, {"name": "y", **value}]}

    assert found(parameters(valueCoding={"code": "m"}), by) == []
    assert rules(found(parameters(valueCoding={"code": "n"}), by)) == [
        ("cardinality", "Parameters.parameter")
    ]


def test_what_a_profile_on_a_type_lays_down_tells_slices() -> None:
    mine = profile(
        "mine",
        "Identifier",
        [element("Identifier.system", min=1, fixedUri="http://a.org/mine")],
        kind="complex-type",
    )
    slicing = {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}
    by = profile(
        "by",
        "Patient",
        [
            element("Patient.identifier", slicing=slicing),
            element(
                "Patient.identifier:mine",
                min=1,
                type=[{"code": "Identifier", "profile": [URL + "mine"]}],
            ),
        ],
    )

    def patient(system: str) -> Resource:
        return {"resourceType": "Patient", "identifier": [{"system": system, "value": "1"}]}

    assert found(patient("http://a.org/mine"), by, mine) == []
    assert rules(found(patient("http://a.org/other"), by, mine)) == [
        ("cardinality", "Patient.identifier")
    ]
