"""Slicing: profiling.html#slicing, with every kind of discriminator."""

import pytest

from fhir_server.fhir.resource import Element, Json, Resource
from tests.unit.validation.profile.making import URL, an_extension, element, found, profile, rules


def sliced(id_: str, kind: str, path: str, rule: str = "open", *, ordered: bool = False) -> Element:
    slicing = {
        "discriminator": [{"type": kind, "path": path}],
        "rules": rule,
        "ordered": ordered,
    }
    return element(id_, slicing=slicing)


def a_patient(*identifiers: Element, **more: Json) -> Resource:
    return {"resourceType": "Patient", "identifier": list(identifiers), **more}


def an_identifier(system: str, value: str = "1") -> Element:
    return {"system": f"http://a.org/{system}", "value": value}


def by_system(rule: str = "open", *, ordered: bool = False, **of_ssn: Json) -> Resource:
    """Return a profile of identifiers with the slices `mrn`, which must be there, and `ssn`."""
    return profile(
        "sliced",
        "Patient",
        [
            sliced("Patient.identifier", "value", "system", rule, ordered=ordered),
            element("Patient.identifier:mrn", min=1, max="1"),
            element("Patient.identifier:mrn.system", min=1, fixedUri="http://a.org/mrn"),
            element("Patient.identifier:ssn", **{"min": 0, "max": "2", **of_ssn}),
            element("Patient.identifier:ssn.system", min=1, fixedUri="http://a.org/ssn"),
            element("Patient.identifier:ssn.value", min=1),
        ],
    )


def test_slices_have_their_own_cardinality() -> None:
    ssn = an_identifier("ssn")

    assert found(a_patient(an_identifier("mrn"), ssn, ssn), by_system()) == []
    assert rules(found(a_patient(ssn), by_system())) == [("cardinality", "Patient.identifier")]
    twice = a_patient(an_identifier("mrn"), an_identifier("x"), an_identifier("mrn"))
    assert rules(found(twice, by_system())) == [("cardinality", "Patient.identifier[2]")]


def test_what_a_slice_demands_holds_for_its_items_alone() -> None:
    bare = {"system": "http://a.org/ssn"}
    other = {"system": "http://a.org/other"}

    issues = found(a_patient(an_identifier("mrn"), bare, other), by_system())

    assert rules(issues) == [("cardinality", "Patient.identifier[1].value")]


def test_a_closed_slicing_has_nothing_else() -> None:
    patient = a_patient(an_identifier("mrn"), an_identifier("x"))

    assert found(patient, by_system("open")) == []
    issues = found(patient, by_system("closed"))
    assert rules(issues) == [("slicing", "Patient.identifier[1]")]
    assert "`mrn`, `ssn`" in issues[0].diagnostics


def test_open_at_the_end_is_open_there_only() -> None:
    mrn, ssn, other = an_identifier("mrn"), an_identifier("ssn"), an_identifier("x")

    assert found(a_patient(ssn, mrn, other), by_system("openAtEnd")) == []
    issues = found(a_patient(mrn, other, ssn), by_system("openAtEnd"))
    assert rules(issues) == [("slicing", "Patient.identifier[2]")]


def test_ordered_slices_stand_in_order() -> None:
    mrn, ssn = an_identifier("mrn"), an_identifier("ssn")

    assert found(a_patient(mrn, ssn), by_system(ordered=True)) == []
    issues = found(a_patient(ssn, mrn), by_system(ordered=True))
    assert rules(issues) == [("slicing", "Patient.identifier[1]")]


def test_what_is_of_no_slice_may_belong_to_a_default_slice() -> None:
    asked = by_system("closed")
    elements = [
        *asked["differential"]["element"],
        element("Patient.identifier:@default", min=0, max="1"),
        element("Patient.identifier:@default.period", min=1),
    ]
    default = profile("default", "Patient", elements)
    dated = {**an_identifier("x"), "period": {"start": "2020"}}

    assert found(a_patient(an_identifier("mrn"), dated), default) == []
    issues = found(a_patient(an_identifier("x"), an_identifier("mrn")), default)
    assert rules(issues) == [("cardinality", "Patient.identifier[0].period")]


def test_slices_are_told_apart_by_a_pattern() -> None:
    coding = {"system": "http://a.org/kinds", "code": "vital"}
    asked = profile(
        "pattern",
        "Observation",
        [
            sliced("Observation.category", "pattern", "$this"),
            element(
                "Observation.category:vital", min=1, patternCodeableConcept={"coding": [coding]}
            ),
            element("Observation.category:vital.text", min=1),
        ],
    )
    observation = an_observation(category=[{"text": "x"}, {"coding": [{"code": "x"}, coding]}])

    assert rules(found(observation, asked)) == [
        ("cardinality", "Observation.category[1].text"),
    ]
    assert rules(found(an_observation(), asked)) == [("cardinality", "Observation.category")]


def an_observation(**more: Json) -> Resource:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **more}


def test_what_is_laid_down_below_the_path_tells_slices_too() -> None:
    asked = profile(
        "below",
        "Observation",
        [
            sliced("Observation.component", "value", "code"),
            element("Observation.component:systolic", min=1),
            element("Observation.component:systolic.code.coding.code", min=1, fixedCode="8480-6"),
        ],
    )
    right = {"code": {"coding": [{"code": "x"}, {"code": "8480-6"}]}}
    wrong = {"code": {"coding": [{"code": "x"}]}}

    assert rules(found(an_observation(component=[wrong]), asked)) == [
        ("cardinality", "Observation.component")
    ]
    # The code is of every coding of the slice, not of one of them.
    assert rules(found(an_observation(component=[right]), asked)) == [
        ("fixed", "Observation.component[0].code.coding[0].code")
    ]


def test_a_required_binding_tells_slices() -> None:
    url = "http://hl7.org/fhir/ValueSet/administrative-gender"
    asked = profile(
        "bound",
        "Patient",
        [
            sliced("Patient.identifier", "value", "type"),
            element("Patient.identifier:gendered", min=1, max="1"),
            element(
                "Patient.identifier:gendered.type",
                min=1,
                binding={"strength": "required", "valueSet": url},
            ),
        ],
    )
    gender = {"system": "http://hl7.org/fhir/administrative-gender", "code": "male"}

    assert found(a_patient({"type": {"coding": [gender]}}), asked) == []
    other = a_patient({"type": {"coding": [{**gender, "system": "http://a.org"}]}})
    assert rules(found(other, asked)) == [("cardinality", "Patient.identifier")]


def test_slices_are_told_apart_by_what_is_there() -> None:
    asked = profile(
        "exists",
        "Patient",
        [
            sliced("Patient.identifier", "exists", "period", "closed"),
            element("Patient.identifier:now", max="1"),
            element("Patient.identifier:now.period", max="0"),
            element("Patient.identifier:old", max="1"),
            element("Patient.identifier:old.period", min=1),
        ],
    )
    old: Element = {"value": "1", "period": {"end": "2020"}}

    assert found(a_patient(old, {"value": "2"}), asked) == []
    assert rules(found(a_patient(old, old), asked)) == [("cardinality", "Patient.identifier[1]")]
    issues = found(a_patient({"value": "1"}, {"value": "2"}), asked)
    assert rules(issues) == [("cardinality", "Patient.identifier[1]")]


def test_a_choice_is_sliced_by_type() -> None:
    asked = profile(
        "typed",
        "Observation",
        [
            sliced("Observation.value[x]", "type", "$this"),
            element("Observation.value[x]:valueQuantity", type=[{"code": "Quantity"}]),
            element("Observation.value[x]:valueQuantity.unit", min=1),
            element("Observation.value[x]:valueString", type=[{"code": "string"}], max="0"),
        ],
    )

    assert found(an_observation(valueBoolean=True), asked) == []
    assert rules(found(an_observation(valueQuantity={"value": 1}), asked)) == [
        ("cardinality", "Observation.value.ofType(Quantity).unit")
    ]
    assert rules(found(an_observation(valueString="x"), asked)) == [
        ("cardinality", "Observation.value.ofType(string)")
    ]


def test_a_choice_may_be_sliced_by_its_short_form() -> None:
    short = profile(
        "short",
        "Observation",
        [{"path": "Observation.valueQuantity", "min": 1}],
    )

    assert found(an_observation(valueQuantity={"value": 1}), short) == []
    other = [issue.rule for issue in found(an_observation(valueString="x"), short)]
    assert other == ["type", "slicing", "cardinality"]


NAMED = profile("named", "Patient", [element("Patient.name", min=1)])


def an_entry(resource: Resource) -> Element:
    return {
        "fullUrl": f"http://a.org/{resource['resourceType']}/{resource['id']}",
        "resource": resource,
    }


def a_bundle(*resources: Resource) -> Resource:
    entries = [an_entry(resource) for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


@pytest.mark.parametrize("kind", ["type", "profile"])
def test_entries_are_sliced_by_their_resource(kind: str) -> None:
    asked = profile(
        "entries",
        "Bundle",
        [
            sliced("Bundle.entry", kind, "resource", "closed"),
            element("Bundle.entry:patient", min=1, max="1"),
            element(
                "Bundle.entry:patient.resource",
                min=1,
                type=[{"code": "Patient", "profile": [URL + "named"]}],
            ),
        ],
    )
    patient: Resource = {"resourceType": "Patient", "id": "a", "name": [{"text": "A"}]}
    nameless: Resource = {"resourceType": "Patient", "id": "a"}

    assert found(a_bundle(patient), asked, NAMED) == []
    if kind == "type":
        assert rules(found(a_bundle(nameless), asked, NAMED)) == [
            ("cardinality", "Bundle.entry[0].resource.name")
        ]
    else:
        assert rules(found(a_bundle(nameless), asked, NAMED)) == [
            ("slicing", "Bundle.entry[0]"),
            ("cardinality", "Bundle.entry"),
        ]


@pytest.mark.parametrize(("kind", "path"), [("type", "resolve()"), ("profile", "resolve()")])
def test_references_are_sliced_by_what_they_lead_to(kind: str, path: str) -> None:
    asked = profile(
        "resolved",
        "Observation",
        [
            sliced("Observation.performer", kind, path),
            element(
                "Observation.performer:patient",
                min=1,
                type=[{"code": "Reference", "targetProfile": [URL + "named"]}],
            ),
        ],
    )
    inside = {"resourceType": "Patient", "id": "p", "name": [{"text": "A"}]}
    organization = {"resourceType": "Organization", "id": "o", "name": "O"}
    observation = an_observation(contained=[inside, organization])
    both = [{"reference": "#o"}, {"reference": "#p"}]

    assert found({**observation, "performer": both}, asked, NAMED) == []
    subject = {**observation, "performer": both[:1], "subject": both[1]}
    assert rules(found(subject, asked, NAMED)) == [("cardinality", "Observation.performer")]


def test_a_path_may_lead_through_an_extension() -> None:
    kind = an_extension("kind", element("Extension.value[x]", min=1, type=[{"code": "code"}]))
    asked = profile(
        "through",
        "Patient",
        [
            sliced("Patient.identifier", "value", f"extension('{URL}kind').value"),
            element("Patient.identifier:main", min=1),
            element("Patient.identifier:main.extension", slicing=BY_URL),
            element(
                "Patient.identifier:main.extension:kind",
                min=1,
                type=[{"code": "Extension", "profile": [URL + "kind"]}],
            ),
            element("Patient.identifier:main.extension:kind.value[x]", fixedCode="main"),
        ],
    )

    def with_kind(code: str) -> Resource:
        extension = {"url": URL + "kind", "valueCode": code}
        return a_patient({"value": "1"}, {"value": "2", "extension": [extension]})

    assert found(with_kind("main"), asked, kind) == []
    assert rules(found(with_kind("other"), asked, kind)) == [("cardinality", "Patient.identifier")]


BY_URL = {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}


def test_several_discriminators_must_all_say_so() -> None:
    slicing = {
        "discriminator": [{"type": "value", "path": "system"}, {"type": "value", "path": "use"}],
        "rules": "open",
    }
    asked = profile(
        "both",
        "Patient",
        [
            element("Patient.identifier", slicing=slicing),
            element("Patient.identifier:main", min=1),
            element("Patient.identifier:main.system", min=1, fixedUri="http://a.org/mrn"),
            element("Patient.identifier:main.use", min=1, fixedCode="usual"),
        ],
    )
    mrn = an_identifier("mrn")

    assert found(a_patient(mrn, {**mrn, "use": "usual"}), asked) == []
    assert rules(found(a_patient(mrn), asked)) == [("cardinality", "Patient.identifier")]


def test_a_slice_may_be_sliced_again() -> None:
    again = {"discriminator": [{"type": "value", "path": "use"}], "rules": "closed"}
    asked = profile(
        "again",
        "Patient",
        [
            sliced("Patient.identifier", "value", "system"),
            element("Patient.identifier:mrn", slicing=again),
            element("Patient.identifier:mrn.system", min=1, fixedUri="http://a.org/mrn"),
            element("Patient.identifier:mrn/usual", min=1, max="1"),
            element("Patient.identifier:mrn/usual.system", min=1, fixedUri="http://a.org/mrn"),
            element("Patient.identifier:mrn/usual.use", min=1, fixedCode="usual"),
        ],
    )
    mrn = an_identifier("mrn")
    usual = {**mrn, "use": "usual"}

    assert found(a_patient(usual, an_identifier("x")), asked) == []
    assert rules(found(a_patient(usual, usual), asked)) == [
        ("cardinality", "Patient.identifier[1]")
    ]
    assert rules(found(a_patient(usual, {**mrn, "use": "old"}), asked)) == [
        ("slicing", "Patient.identifier[1]")
    ]
    none: Resource = {"resourceType": "Patient"}
    assert rules(found(none, asked)) == [("cardinality", "Patient.identifier")]


def test_slices_stand_in_slices() -> None:
    asked = profile(
        "nested",
        "Patient",
        [
            sliced("Patient.contact", "value", "gender"),
            element("Patient.contact:female", min=1),
            element("Patient.contact:female.gender", min=1, fixedCode="female"),
            sliced("Patient.contact:female.telecom", "value", "system"),
            element("Patient.contact:female.telecom:phone", min=1),
            element("Patient.contact:female.telecom:phone.system", min=1, fixedCode="phone"),
        ],
    )
    name = {"name": {"text": "A"}}
    phone = {"system": "phone", "value": "1"}

    def contacts(*telecom: Element) -> Resource:
        other = {**name, "gender": "male"}
        return {
            "resourceType": "Patient",
            "contact": [other, {**name, "gender": "female", "telecom": list(telecom)}],
        }

    assert found(contacts(phone), asked) == []
    assert rules(found(contacts({**phone, "system": "sms"}), asked)) == [
        ("cardinality", "Patient.contact[1].telecom")
    ]


def test_slices_without_a_discriminator_are_what_their_items_fit() -> None:
    asked = profile(
        "none",
        "Patient",
        [
            element("Patient.identifier", slicing={"rules": "closed"}),
            element("Patient.identifier:dated", min=1),
            element("Patient.identifier:dated.period", min=1),
        ],
    )

    assert found(a_patient({"value": "1", "period": {"start": "2020"}}), asked) == []
    assert ("slicing", "Patient.identifier[0]") in rules(found(a_patient({"value": "1"}), asked))
