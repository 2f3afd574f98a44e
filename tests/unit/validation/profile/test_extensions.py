"""Extensions: extensibility.html and defining-extensions.html#context."""

import pytest

from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.validation.profile.report import Options
from tests.unit.validation.profile.making import (
    URL,
    an_extension,
    element,
    found,
    plain,
    profile,
    rules,
    validator,
)


def a_patient(*extensions: Element, **more: Json) -> Resource:
    return {"resourceType": "Patient", "extension": list(extensions), **more}


AGE = an_extension("age", element("Extension.value[x]", min=1, type=[{"code": "integer"}]))


def test_an_extension_has_the_type_that_its_definition_says() -> None:
    assert of_patient({"url": URL + "age", "valueInteger": 1}, AGE) == []
    assert of_patient({"url": URL + "age", "valueString": "1"}, AGE) == [
        ("type", "Patient.extension[0].value.ofType(string)")
    ]


def of_patient(extension: Element, *definitions: Resource) -> list[tuple[str | None, str | None]]:
    issues = validator(*definitions).validate(a_patient(extension))
    return rules([issue for issue in issues if issue.severity == "error"])


def test_extensions_are_checked_wherever_they_stand() -> None:
    wrong = {"url": URL + "age", "valueString": "1"}
    patient: Resource = {
        "resourceType": "Patient",
        "_birthDate": {"extension": [wrong]},
        "name": [{"_given": [None, {"extension": [wrong]}], "given": ["A", "B"]}],
        "contact": [{"name": {"text": "A"}, "extension": [wrong]}],
        "contained": [
            {"resourceType": "Basic", "id": "b", "code": {"text": "x"}, "extension": [wrong]}
        ],
        "extension": [{"url": URL + "of", "valueReference": {"reference": "#b"}}],
    }

    issues = validator(AGE).validate(patient)

    places = [issue.expression for issue in issues if issue.rule == "type"]
    assert places == [
        "Patient.birthDate.extension[0].value.ofType(string)",
        "Patient.name[0].given[1].extension[0].value.ofType(string)",
        "Patient.contact[0].extension[0].value.ofType(string)",
        "Patient.contained[0].extension[0].value.ofType(string)",
    ]


def test_an_extension_inside_another_is_a_slice_of_it() -> None:
    by_url = {"discriminator": [{"type": "value", "path": "url"}], "rules": "closed"}
    whole = an_extension(
        "whole",
        element("Extension.extension", slicing=by_url),
        element("Extension.extension:part", min=1, max="1"),
        element("Extension.extension:part.url", fixedUri="part"),
        element("Extension.extension:part.value[x]", min=1, type=[{"code": "string"}]),
        element("Extension.value[x]", max="0"),
    )
    part = {"url": "part", "valueString": "x"}

    assert of_patient({"url": URL + "whole", "extension": [part]}, whole) == []
    other = {"url": "other", "valueString": "x"}
    assert of_patient({"url": URL + "whole", "extension": [part, other]}, whole) == [
        ("slicing", "Patient.extension[0].extension[1]")
    ]
    wrong = {"url": "part", "valueBoolean": True}
    assert of_patient({"url": URL + "whole", "extension": [wrong]}, whole) == [
        ("type", "Patient.extension[0].extension[0].value.ofType(boolean)")
    ]
    assert of_patient({"url": URL + "whole", "valueString": "x"}, whole) == [
        ("cardinality", "Patient.extension[0].extension"),
        ("cardinality", "Patient.extension[0].value.ofType(string)"),
    ]


def test_a_profile_says_how_often_an_extension_must_be_there() -> None:
    by_url = {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}
    asked = profile(
        "asked",
        "Patient",
        [
            element("Patient.extension", slicing=by_url),
            element(
                "Patient.extension:age",
                min=1,
                max="1",
                type=[{"code": "Extension", "profile": [URL + "age"]}],
            ),
        ],
    )
    age = {"url": URL + "age", "valueInteger": 1}

    assert found(a_patient(age), asked, AGE) == []
    assert rules(found(a_patient(age, age), asked, AGE)) == [
        ("cardinality", "Patient.extension[1]")
    ]
    assert rules(found({"resourceType": "Patient"}, asked, AGE)) == [
        ("cardinality", "Patient.extension")
    ]
    wrong = a_patient({"url": URL + "age", "valueString": "1"})
    assert len(found(wrong, asked, AGE)) == 1


def test_what_is_not_known_is_told_as_such() -> None:
    patient = a_patient({"url": "http://b.org/unknown", "valueInteger": 1}, text=_text())
    issues = plain().validate(patient)

    assert [(issue.rule, issue.severity) for issue in issues] == [("extension", "information")]
    asked = Options(unknown_extension="error")
    assert [issue.severity for issue in plain().validate(patient, options=asked)] == ["error"]


def _text() -> Element:
    div = '<div xmlns="http://www.w3.org/1999/xhtml">A</div>'
    return {"status": "generated", "div": div}


def test_a_relative_url_is_for_parts_of_an_extension() -> None:
    issues = plain().validate(a_patient({"url": "age", "valueInteger": 1}, text=_text()))

    assert rules(issues) == [("extension", "Patient.extension[0]")]


MODIFIER = an_extension(
    "not", element("Extension", isModifier=True, isModifierReason="It says no.")
)


def test_modifiers_stand_where_modifiers_stand() -> None:
    no = {"url": URL + "not", "valueBoolean": True}
    age = {"url": URL + "age", "valueInteger": 1}
    asked = validator(MODIFIER, AGE)

    def told(patient: Resource) -> list[tuple[str | None, str | None]]:
        return rules([i for i in asked.validate(patient) if i.severity == "error"])

    assert told({"resourceType": "Patient", "modifierExtension": [no], "extension": [age]}) == []
    assert told(a_patient(no)) == [("modifier", "Patient.extension[0]")]
    assert told({"resourceType": "Patient", "modifierExtension": [age]}) == [
        ("modifier", "Patient.modifierExtension[0]")
    ]


EXTENSION = {"url": URL + "here", "valueBoolean": True}


@pytest.mark.parametrize(
    ("expression", "patient", "allowed"),
    [
        ("Patient", {"extension": [EXTENSION]}, True),
        ("DomainResource", {"extension": [EXTENSION]}, True),
        ("Element", {"extension": [EXTENSION]}, True),
        ("Observation", {"extension": [EXTENSION]}, False),
        ("Patient.name", {"name": [{"text": "A", "extension": [EXTENSION]}]}, True),
        ("HumanName", {"name": [{"text": "A", "extension": [EXTENSION]}]}, True),
        ("Patient", {"name": [{"text": "A", "extension": [EXTENSION]}]}, False),
        ("HumanName.family", {"name": [{"_family": {"extension": [EXTENSION]}}]}, True),
        ("Patient.name.family", {"name": [{"_family": {"extension": [EXTENSION]}}]}, True),
        ("string", {"name": [{"_family": {"extension": [EXTENSION]}}]}, True),
        ("Patient.birthDate", {"_birthDate": {"extension": [EXTENSION]}}, True),
        (
            "Patient.deceased[x]",
            {"deceasedBoolean": True, "_deceasedBoolean": {"extension": [EXTENSION]}},
            True,
        ),
        ("Patient.contact", {"contact": [{"name": {"text": "A"}, "extension": [EXTENSION]}]}, True),
        ("BackboneElement", {"contact": [{"name": {"text": "A"}, "extension": [EXTENSION]}]}, True),
    ],
)
def test_a_context_names_elements_and_types(
    expression: str, patient: Resource, *, allowed: bool
) -> None:
    here = an_extension("here", context=[{"type": "element", "expression": expression}])
    issues = validator(here).validate({"resourceType": "Patient", **patient})

    assert [i.rule for i in issues if i.severity == "error"] == ([] if allowed else ["context"])


def test_a_context_may_be_another_extension() -> None:
    here = an_extension("here", context=[{"type": "extension", "expression": URL + "outer"}])
    outer = an_extension("outer")

    assert of_patient({"url": URL + "outer", "extension": [EXTENSION]}, here, outer) == []
    assert of_patient(EXTENSION, here, outer) == [("context", "Patient.extension[0]")]


def test_a_context_may_be_a_fhirpath() -> None:
    where = "Patient.name.where(use = 'official')"
    here = an_extension("here", context=[{"type": "fhirpath", "expression": where}])
    asked = validator(here)

    def told(use: str) -> list[tuple[str | None, str | None]]:
        name = {"use": use, "text": "A", "extension": [EXTENSION]}
        issues = asked.validate({"resourceType": "Patient", "name": [name]})
        return rules([issue for issue in issues if issue.severity == "error"])

    assert told("official") == []
    assert told("old") == [("context", "Patient.name[0].extension[0]")]


def test_a_context_has_invariants() -> None:
    here = an_extension("here", contextInvariant=["active = %extension.value"])

    assert [r for r, _ in of_patient(EXTENSION, here)] == ["context-invariant"]
    issues = validator(here).validate(a_patient(EXTENSION, active=True))
    assert [issue for issue in issues if issue.severity == "error"] == []


def test_a_context_may_be_an_interface_of_later_versions() -> None:
    here = an_extension("here", context=[{"type": "element", "expression": "CanonicalResource"}])
    asked = validator(here)

    def told(type_: str, **more: Json) -> list[str | None]:
        resource = {"resourceType": type_, "extension": [EXTENSION], **more}
        return [issue.rule for issue in asked.validate(resource) if issue.severity == "error"]

    assert told("Library", status="draft", type={"text": "x"}) == []
    assert told("Patient") == ["context"]


def test_a_context_may_be_an_element_of_a_profile() -> None:
    context = {"type": "element", "expression": f"{URL}named#Patient"}
    here = an_extension("here", context=[context])
    named = profile("named", "Patient", [element("Patient.name", min=1)])
    asked = validator(here, named)

    def told(**more: Json) -> list[str | None]:
        issues = asked.validate(a_patient(EXTENSION, **more))
        return [issue.rule for issue in issues if issue.severity == "error"]

    assert told(name=[{"text": "A"}]) == []
    assert told() == ["context"]
