"""A snapshot is the differential, laid over its base."""

from collections.abc import Mapping

import pytest

from fhir_server.fhir.outcome import PackageError
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.packages.built_in import core
from fhir_server.packages.packages import Packages
from fhir_server.packages.snapshot import generate
from tests.packages import BASE, URL, profile

STRUCTURE = "StructureDefinition"


def at(path: str, **said: Json) -> Element:
    return {"path": path, **said}


def snapshot(
    type_: str, *elements: Element, more: tuple[Resource, ...] = ()
) -> Mapping[str, Element]:
    """Return the elements of a profile of `type_` by their ids."""
    made = profile("tested", type_, list(elements))
    packages = Packages.of([*more, made], base=core())
    assert packages.warnings == ()
    found = packages.resolve(STRUCTURE, made["url"])
    assert found is not None
    return {element["id"]: element for element in found["snapshot"]["element"]}


def types_of(element: Element) -> list[str]:
    return [kind["code"] for kind in element["type"]]


def test_what_is_not_said_is_the_bases() -> None:
    found = snapshot("Patient", at("Patient.birthDate", min=1))
    base = core().resolve(STRUCTURE, BASE + "Patient")

    assert base is not None
    assert list(found) == [element["id"] for element in base["snapshot"]["element"]]
    birth_date = found["Patient.birthDate"]
    assert (birth_date["min"], birth_date["max"], types_of(birth_date)) == (1, "1", ["date"])
    assert birth_date["base"] == {"path": "Patient.birthDate", "min": 0, "max": "1"}


def test_the_base_stays_as_it_was() -> None:
    base = core().resolve(STRUCTURE, BASE + "Patient")
    assert base is not None
    before = repr(base)

    snapshot(
        "Patient",
        at("Patient.name", min=1, constraint=[{"key": "x-1", "severity": "error"}]),
        at("Patient.name.family", min=1),
        at("Patient.extension", sliceName="one"),
    )

    assert repr(core().resolve(STRUCTURE, BASE + "Patient")) == before


def test_rules_are_added_and_marked_with_their_profile() -> None:
    rule = {"key": "x-1", "severity": "error", "human": "x", "expression": "true"}
    found = snapshot("Patient", at("Patient.contact", constraint=[rule]))
    rules = {rule["key"]: rule["source"] for rule in found["Patient.contact"]["constraint"]}

    assert rules["x-1"] == f"{URL}tested"
    assert rules["pat-1"] == f"{BASE}Patient"


def test_a_fixed_value_takes_the_place_of_another() -> None:
    below = profile(
        "below", "Observation", [at("Observation.value[x]", fixedString="a", short="Mine")]
    )
    made = profile(
        "above", "Observation", [at("Observation.value[x]", fixedCode="b")], base=URL + "below"
    )
    found = Packages.of([below, made], base=core()).resolve(STRUCTURE, URL + "above")
    assert found is not None
    (value,) = [e for e in found["snapshot"]["element"] if e["id"] == "Observation.value[x]"]
    assert (value["fixedCode"], value["short"]) == ("b", "Mine")
    assert "fixedString" not in value


def test_the_parts_of_a_datatype_are_listed_where_the_differential_goes_below_it() -> None:
    found = snapshot("Patient", at("Patient.name", min=1), at("Patient.name.family", min=1))
    parts = [id_ for id_ in found if id_.startswith("Patient.name.")]

    assert parts[:3] == ["Patient.name.id", "Patient.name.extension", "Patient.name.use"]
    assert found["Patient.name.family"]["min"] == 1
    assert found["Patient.name.family"]["base"]["path"] == "HumanName.family"
    assert not [id_ for id_ in found if id_.startswith("Patient.telecom.")]


def test_a_differential_may_go_through_datatypes_that_it_does_not_mention() -> None:
    found = snapshot("Observation", at("Observation.code.coding.system", min=1))
    assert found["Observation.code.coding.system"]["min"] == 1


def test_slices_begin_as_their_element_but_need_not_be_there() -> None:
    by = {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}
    found = snapshot(
        "Patient",
        at("Patient.identifier", slicing=by, min=2),
        at("Patient.identifier", sliceName="mrn", max="1"),
        at("Patient.identifier.system", min=1, fixedUri="http://a.org/mrn"),
        at("Patient.identifier", sliceName="ssn", min=1),
    )
    names = [id_ for id_ in found if id_.startswith("Patient.identifier")]

    assert names[:3] == [
        "Patient.identifier",
        "Patient.identifier:mrn",
        "Patient.identifier:mrn.id",
    ]
    assert names[-1] == "Patient.identifier:ssn"
    element, mrn = found["Patient.identifier"], found["Patient.identifier:mrn"]
    assert (element["min"], element["slicing"]) == (2, by)
    assert (mrn["min"], mrn["max"], mrn["sliceName"]) == (0, "1", "mrn")
    assert "slicing" not in mrn
    assert found["Patient.identifier:mrn.system"]["path"] == "Patient.identifier.system"
    assert found["Patient.identifier:ssn"]["min"] == 1


def test_a_slice_of_what_must_be_there_need_not_be_there_itself() -> None:
    by = {"discriminator": [{"type": "pattern", "path": "type"}], "rules": "open"}
    found = snapshot(
        "Provenance", at("Provenance.agent", slicing=by), at("Provenance.agent", sliceName="author")
    )
    assert found["Provenance.agent"]["min"] == 1
    assert found["Provenance.agent:author"]["min"] == 0


def test_a_slice_of_a_backbone_element_has_all_its_parts() -> None:
    by = {"discriminator": [{"type": "pattern", "path": "code"}], "rules": "open"}
    found = snapshot(
        "Observation",
        at("Observation.component", slicing=by),
        at("Observation.component", sliceName="systolic"),
        at("Observation.component.code", patternCodeableConcept={"text": "x"}),
    )
    assert found["Observation.component:systolic.code"]["patternCodeableConcept"] == {"text": "x"}
    assert "patternCodeableConcept" not in found["Observation.component.code"]
    assert found["Observation.component:systolic.referenceRange"]["contentReference"]


def test_a_slice_of_the_base_is_changed_and_new_ones_follow_it() -> None:
    by = {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}
    below = profile(
        "below",
        "Patient",
        [
            at("Patient.identifier", id="Patient.identifier", slicing=by),
            at("Patient.identifier", id="Patient.identifier:a", sliceName="a", max="1"),
            at("Patient.identifier", id="Patient.identifier:b", sliceName="b"),
        ],
    )
    made = profile(
        "above",
        "Patient",
        [
            at("Patient.identifier", id="Patient.identifier:c", sliceName="c"),
            # The slice itself is not mentioned: only the id tells to which one this belongs.
            at("Patient.identifier.value", id="Patient.identifier:a.value", min=1),
        ],
        base=URL + "below",
    )
    found = Packages.of([made, below], base=core()).resolve(STRUCTURE, URL + "above")
    assert found is not None
    elements = {e["id"]: e for e in found["snapshot"]["element"]}
    slices = [
        e["sliceName"]
        for e in elements.values()
        if e["path"] == "Patient.identifier" and "sliceName" in e
    ]

    assert slices == ["a", "b", "c"]
    assert elements["Patient.identifier:a"]["max"] == "1"
    assert elements["Patient.identifier:a.value"]["min"] == 1


def test_a_slice_can_be_sliced_again() -> None:
    by_system = {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}
    by_use = {"discriminator": [{"type": "value", "path": "use"}], "rules": "open"}
    found = snapshot(
        "Patient",
        at("Patient.telecom", id="Patient.telecom", slicing=by_system),
        at(
            "Patient.telecom",
            id="Patient.telecom:phone",
            sliceName="phone",
            max="3",
            slicing=by_use,
        ),
        at("Patient.telecom", id="Patient.telecom:phone/home", sliceName="phone/home", max="1"),
        at("Patient.telecom", id="Patient.telecom:mail", sliceName="mail"),
    )
    names = [id_ for id_ in found if id_.startswith("Patient.telecom")]

    assert names == [
        "Patient.telecom",
        "Patient.telecom:phone",
        "Patient.telecom:phone/home",
        "Patient.telecom:mail",
    ]
    assert found["Patient.telecom:phone"]["slicing"] == by_use
    assert found["Patient.telecom:phone/home"]["max"] == "1"
    assert "slicing" not in found["Patient.telecom:phone/home"]


def test_extensions_are_sliced_by_url_without_saying_so() -> None:
    extension = profile("ext", "Extension", [at("Extension.value[x]", min=1)], kind="complex-type")
    of_it = [{"code": "Extension", "profile": [extension["url"]]}]
    found = snapshot(
        "Patient",
        at("Patient.extension", sliceName="mine", max="1", type=of_it),
        more=(extension,),
    )
    assert found["Patient.extension"]["slicing"]["discriminator"] == [
        {"type": "value", "path": "url"}
    ]
    assert found["Patient.extension:mine"]["type"] == of_it


def test_below_a_profiled_type_stand_the_parts_of_the_profile() -> None:
    extension = profile(
        "ext",
        "Extension",
        [
            at("Extension.url", fixedUri=f"{URL}ext"),
            at("Extension.value[x]", min=1, type=[{"code": "string"}]),
        ],
        kind="complex-type",
    )
    found = snapshot(
        "Patient",
        at(
            "Patient.extension",
            sliceName="mine",
            type=[{"code": "Extension", "profile": [extension["url"]]}],
        ),
        at("Patient.extension.value[x]", maxLength=5),
        more=(extension,),
    )
    value = found["Patient.extension:mine.value[x]"]

    assert found["Patient.extension:mine.url"]["fixedUri"] == f"{URL}ext"
    assert (value["min"], types_of(value), value["maxLength"]) == (1, ["string"], 5)


def test_the_rules_of_a_profile_on_a_type_come_along() -> None:
    simple = [{"code": "Quantity", "profile": [f"{BASE}SimpleQuantity"]}]
    found = snapshot("Observation", at("Observation.referenceRange.low", type=simple))
    rules = [rule["key"] for rule in found["Observation.referenceRange.low"]["constraint"]]
    assert "sqty-1" in rules


def test_a_type_of_a_choice_may_be_named_in_the_path() -> None:
    found = snapshot(
        "Observation",
        at("Observation.valueQuantity", mustSupport=True),
        at("Observation.valueQuantity.code", min=1),
    )
    value, quantity = found["Observation.value[x]"], found["Observation.value[x]:valueQuantity"]

    assert value["slicing"]["discriminator"] == [{"type": "type", "path": "$this"}]
    assert value["slicing"]["rules"] == "open"
    assert len(value["type"]) == 11
    assert (types_of(quantity), quantity["sliceName"]) == (["Quantity"], "valueQuantity")
    assert found["Observation.value[x]:valueQuantity.code"]["min"] == 1


def test_a_type_named_in_the_path_and_again_as_slice_is_one_slice() -> None:
    named = snapshot("Observation", at("Observation.valueQuantity", mustSupport=True))
    twice = snapshot(
        "Observation",
        at("Observation.valueQuantity", sliceName="valueQuantity", mustSupport=True),
    )
    assert twice == named


def test_a_type_that_must_be_there_is_the_only_one() -> None:
    value = snapshot("Observation", at("Observation.valueString", min=1))["Observation.value[x]"]
    assert (value["min"], types_of(value), value["slicing"]["rules"]) == (1, ["string"], "closed")


def test_within_a_slice_a_named_type_constrains_the_choice_itself() -> None:
    by = {"discriminator": [{"type": "pattern", "path": "code"}], "rules": "open"}
    found = snapshot(
        "Observation",
        at("Observation.component", slicing=by),
        at("Observation.component", sliceName="one"),
        at("Observation.component.valueQuantity", mustSupport=True),
    )
    assert types_of(found["Observation.component:one.value[x]"]) == ["Quantity"]
    assert "Observation.component:one.value[x]:valueQuantity" not in found


def test_types_of_a_choice_may_be_slices() -> None:
    found = snapshot(
        "Observation",
        at("Observation.value[x]", type=[{"code": "Quantity"}, {"code": "string"}]),
        at(
            "Observation.value[x]",
            sliceName="valueString",
            type=[{"code": "string"}],
            maxLength=10,
        ),
    )
    assert found["Observation.value[x]"]["slicing"]["rules"] == "open"
    assert types_of(found["Observation.value[x]:valueString"]) == ["string"]


def test_what_a_content_reference_names_is_listed_where_the_differential_goes_below() -> None:
    found = snapshot(
        "Observation",
        at("Observation.component.referenceRange", max="1"),
        at("Observation.component.referenceRange.low", min=1),
    )
    range_ = found["Observation.component.referenceRange"]

    assert (range_["max"], types_of(range_)) == ("1", ["BackboneElement"])
    assert "contentReference" not in range_
    assert found["Observation.component.referenceRange.low"]["min"] == 1
    assert found["Observation.referenceRange.low"]["min"] == 0


def test_a_content_reference_means_what_the_base_says_there() -> None:
    found = snapshot(
        "Observation",
        at("Observation.referenceRange.low", min=1),
        at("Observation.component.referenceRange.high", min=1),
    )
    assert found["Observation.component.referenceRange.low"]["min"] == 0


def test_below_a_choice_of_types_stand_the_parts_that_all_have() -> None:
    found = snapshot("Observation", at("Observation.value[x].extension", max="0"))
    assert [id_ for id_ in found if id_.startswith("Observation.value[x].")] == [
        "Observation.value[x].id",
        "Observation.value[x].extension",
    ]


def test_a_name_for_what_nobody_slices_is_no_slice() -> None:
    found = snapshot("Composition", at("Composition.date", sliceName="IssueDate", min=1))
    assert "Composition.date" not in found
    assert found["Composition.date:IssueDate"]["path"] == "Composition.date"


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ([at("Patient.shoeSize")], r"`Patient.shoeSize`: there is no such element"),
        ([at("Patient.deceasedString")], "there is no such element"),
        ([at("Observation.code")], "is of `Observation`, but its base of `Patient`"),
        ([at("Patient.id.length")], "no definition is known"),
        ([at("Patient.name", type=[{"code": "Nothing"}]), at("Patient.name.x")], "no definition"),
    ],
)
def test_a_differential_that_does_not_fit_is_refused(elements: list[Element], reason: str) -> None:
    base = core().resolve(STRUCTURE, BASE + "Patient")
    assert base is not None
    with pytest.raises(PackageError, match=reason):
        generate(
            profile("bad", "Patient", elements),
            base,
            lambda canonical: core().resolve(STRUCTURE, canonical),
        )


def test_a_base_without_elements_is_refused() -> None:
    with pytest.raises(PackageError, match="has no elements"):
        generate(profile("bad", "Patient", []), {"snapshot": {"element": []}}, lambda _: None)
