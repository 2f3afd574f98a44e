"""Constraints: elementdefinition-definitions.html#constraint."""

import pytest

from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.validation.profile.report import Options
from tests.unit.validation.profile.making import (
    NOW,
    URL,
    element,
    found,
    profile,
    rules,
    validator,
)


def a_rule(expression: str, severity: str = "error", **more: Json) -> Element:
    return {
        "key": "r-1",
        "severity": severity,
        "human": "It must be so.",
        "expression": expression,
        **more,
    }


def asked(expression: str, at: str = "Patient", **more: Json) -> Resource:
    return profile("asked", "Patient", [element(at, constraint=[a_rule(expression, **more)])])


def told(patient: Resource, by: Resource, options: Options | None = None) -> list[Issue]:
    found_ = validator(by).validate(
        {"resourceType": "Patient", **patient},
        profiles=[URL + "asked"],
        options=options or Options(now=NOW),
    )
    return [issue for issue in found_ if issue.rule == "r-1"]


def test_a_constraint_must_be_true() -> None:
    by = asked("name.exists() or active = false")

    assert told({"active": False}, by) == []
    issues = told({"active": True}, by)
    assert rules(issues) == [("r-1", "Patient")]
    assert (issues[0].code, issues[0].severity) == ("invariant", "error")
    assert issues[0].profile == URL + "asked"
    assert issues[0].diagnostics == "r-1: It must be so."


def test_no_result_is_not_true() -> None:
    assert rules(told({}, asked("active"))) == [("r-1", "Patient")]
    assert told({"name": [{"text": "A"}, {"text": "B"}]}, asked("name")) == []


def test_a_constraint_holds_for_each_element() -> None:
    by = asked("family.exists()", "Patient.name")
    patient = {"name": [{"family": "A"}, {"text": "B"}]}

    assert rules(told(patient, by)) == [("r-1", "Patient.name[1]")]


def test_a_constraint_may_only_warn() -> None:
    assert [i.severity for i in told({}, asked("active", severity="warning"))] == ["warning"]


def test_a_best_practice_is_as_bad_as_the_caller_says() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice"
    by = asked("active", extension=[{"url": url, "valueBoolean": True}])

    assert [i.severity for i in told({}, by)] == ["warning"]
    assert [i.severity for i in told({}, by, Options(best_practice="error"))] == ["error"]
    assert told({}, by, Options(best_practice=None)) == []


@pytest.mark.parametrize("expression", ["name.given.", "nonsense()", "name.single()"])
def test_a_constraint_that_cannot_be_evaluated_is_named(expression: str) -> None:
    issues = told({"name": [{"text": "A"}, {"text": "B"}]}, asked(expression))

    assert [(i.rule, i.severity, i.code) for i in issues] == [("r-1", "error", "exception")]
    assert "could not be evaluated" in issues[0].diagnostics


def test_a_constraint_has_so_many_steps() -> None:
    patient = {"name": [{"given": ["A"] * 50}]}
    by = asked("name.given.all($this.length() < 2)")

    assert told(patient, by) == []
    assert [i.code for i in told(patient, by, Options(steps=20))] == ["exception"]


CONTEXT = "%context.type().name = '{}' and %resource.type().name = '{}'"


def test_the_resource_is_the_one_around_the_element() -> None:
    root = " and %rootResource.type().name = 'Patient'"
    by = profile(
        "asked",
        "Patient",
        [
            element(
                "Patient.contained",
                constraint=[a_rule(CONTEXT.format("Practitioner", "Patient") + root)],
            ),
            element(
                "Patient.contact",
                constraint=[a_rule("%resource.active and %rootResource.active")],
            ),
        ],
    )
    inner = profile(
        "inner",
        "Practitioner",
        [
            element(
                "Practitioner.name",
                constraint=[a_rule(CONTEXT.format("HumanName", "Practitioner") + root)],
            )
        ],
    )
    practitioner = {
        "resourceType": "Practitioner",
        "meta": {"profile": [URL + "inner"]},
        "id": "p",
        "name": [{"text": "A"}],
    }
    patient = {
        "resourceType": "Patient",
        "active": True,
        "contained": [practitioner],
        "generalPractitioner": [{"reference": "#p"}],
        "contact": [{"name": {"text": "B"}}],
    }

    assert found(patient, by, inner) == []
    assert rules(found({**patient, "active": False}, by, inner)) == [("r-1", "Patient.contact[0]")]


def test_an_entry_is_a_root_of_its_own() -> None:
    by = profile(
        "asked",
        "Patient",
        [
            element(
                "Patient.name",
                constraint=[a_rule("%resource.id = 'a' and %rootResource.id = 'a'")],
            )
        ],
    )
    patient = {
        "resourceType": "Patient",
        "id": "a",
        "meta": {"profile": [URL + "asked"]},
        "name": [{"text": "A"}],
    }
    bundle = {
        "resourceType": "Bundle",
        "id": "b",
        "type": "collection",
        "entry": [{"fullUrl": "http://a.org/Patient/a", "resource": patient}],
    }

    assert [issue for issue in validator(by).validate(bundle) if issue.severity == "error"] == []


def test_expressions_ask_for_references_value_sets_profiles_and_the_time() -> None:
    named = profile("named", "Patient", [element("Patient.name", min=1)])
    expressions = [
        f"generalPractitioner.resolve().conformsTo('{URL}named') = false",
        "gender.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')",
        f"conformsTo('{URL}named')",
        "birthDate < today()",
        "text.`div`.htmlChecks()",
    ]
    by = profile(
        "asked",
        "Patient",
        [
            element(
                "Patient",
                constraint=[
                    {**a_rule(text), "key": f"r-{n}"} for n, text in enumerate(expressions)
                ],
            )
        ],
    )
    patient = {
        "resourceType": "Patient",
        "contained": [{"resourceType": "Practitioner", "id": "p"}],
        "generalPractitioner": [{"reference": "#p"}],
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml">A</div>',
        },
        "name": [{"text": "A"}],
        "gender": "female",
        "birthDate": "2000-01-01",
    }

    issues = validator(by, named).validate(
        patient, profiles=[URL + "asked"], options=Options(now=NOW)
    )

    assert [(i.rule, i.diagnostics) for i in issues] == []


def test_what_an_expression_cannot_know_here_is_no_error() -> None:
    by = asked("gender.memberOf('http://b.org/unknown')")

    issues = told({"gender": "male"}, by)

    assert [(i.severity, i.code) for i in issues] == [("information", "not-found")]


def test_constraints_of_types_hold_everywhere() -> None:
    patient = {
        "resourceType": "Patient",
        "identifier": [{"period": {"start": "2021", "end": "2020"}}],
        "contact": [{"gender": "male"}],
        "telecom": [{"value": "1"}],
        "managingOrganization": {"reference": "#o"},
    }

    assert rules(found(patient, profiles=[])) == [
        ("per-1", "Patient.identifier[0].period"),
        ("pat-1", "Patient.contact[0]"),
        ("cpt-2", "Patient.telecom[0]"),
        ("ref-1", "Patient.managingOrganization"),
    ]


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        ("{}.subsumes(maritalStatus)", True),
        ("maritalStatus.subsumedBy({})", True),
        ("maritalStatus.subsumes({})", False),
        ("{}.subsumes({})", True),
    ],
)
def test_expressions_ask_which_code_is_above(expression: str, *, kept: bool) -> None:
    system = "http://a.org/tree"
    tree: Resource = {
        "resourceType": "CodeSystem",
        "id": "tree",
        "url": system,
        "status": "active",
        "content": "complete",
        "hierarchyMeaning": "is-a",
        "concept": [{"code": "a", "concept": [{"code": "b"}]}],
    }
    above = "%resource.communication.language.first()"
    by = asked(expression.format(above, above))
    patient = {
        "resourceType": "Patient",
        "maritalStatus": {"coding": [{"system": system, "code": "b"}]},
        "communication": [{"language": {"coding": [{"system": system, "code": "a"}]}}],
    }

    issues = validator(by, tree).validate(patient, profiles=[URL + "asked"])

    assert [i.severity for i in issues if i.rule == "r-1"] == ([] if kept else ["error"])


def test_references_that_lead_nowhere_are_empty() -> None:
    by = asked("generalPractitioner.resolve().empty()")

    assert told({"generalPractitioner": [{"reference": "Practitioner/1"}]}, by) == []


def test_an_unknown_profile_cannot_be_asked_for() -> None:
    issues = told({}, asked("conformsTo('http://b.org/x')"))

    assert [(i.severity, i.code) for i in issues] == [("information", "not-found")]
