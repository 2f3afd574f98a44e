"""Every profile has a snapshot, or a warning says why not."""

from fhir_server.fhir.resource import Element, Resource
from fhir_server.packages.built_in import core
from fhir_server.packages.complete import complete
from tests.packages import URL, profile

PLAIN: list[Element] = [{"path": "Patient.birthDate", "min": 1}]


def completed(*resources: Resource) -> tuple[list[Resource], list[str]]:
    return complete(resources, core().resolve)


def test_a_snapshot_that_is_there_is_used() -> None:
    carried: Resource = {
        **profile("x", "Patient", []),
        "snapshot": {"element": [{"path": "Patient"}]},
    }
    assert completed(carried) == ([carried], [])


def test_one_that_is_not_there_is_generated() -> None:
    (found,), warnings = completed(profile("x", "Patient", PLAIN))
    assert len(found["snapshot"]["element"]) > 20
    assert warnings == []


def test_a_profile_may_build_upon_a_later_one() -> None:
    above = profile("above", "Patient", [], base=URL + "below")
    (first, second), warnings = completed(above, profile("below", "Patient", PLAIN))
    assert first["snapshot"] == second["snapshot"]
    assert warnings == []


def test_a_profile_without_elements_is_its_base() -> None:
    made = profile("x", "Patient", [])
    del made["differential"]
    (found,), _ = completed(made)
    assert found["snapshot"]["element"][0]["path"] == "Patient"


def test_two_versions_of_a_profile_are_two() -> None:
    other = {**profile("x", "Patient", PLAIN), "version": "2.0.0"}
    found, _ = completed(profile("x", "Patient", []), other)
    assert [len(one["snapshot"]["element"]) > 20 for one in found] == [True, True]
    assert found[0]["snapshot"] != found[1]["snapshot"]


def test_what_is_no_profile_is_left_alone() -> None:
    others: list[Resource] = [
        {"resourceType": "ValueSet", "url": "http://a.org/v"},
        {"resourceType": "StructureDefinition"},
    ]
    assert completed(*others) == (others, [])


def reason(*resources: Resource) -> str:
    found, (warning,) = completed(*resources)
    assert "snapshot" not in found[0]
    assert warning.startswith(f"Nothing is validated against `{resources[0]['url']}`: ")
    return warning.partition("`: ")[2]


def test_a_base_that_is_not_here_is_named() -> None:
    assert "`http://b.org/y`, which it is based on" in reason(
        profile("x", "Patient", [], base="http://b.org/y")
    )


def test_profiles_that_build_upon_each_other_are_refused() -> None:
    one = profile("one", "Patient", [], base=URL + "two")
    two = profile("two", "Patient", [], base=URL + "one")
    found, warnings = completed(one, two)
    assert not any("snapshot" in made for made in found)
    assert all("is not here, or is based on it" in warning for warning in warnings)


def test_a_profile_may_name_itself_below() -> None:
    of_itself = [{"code": "Extension", "profile": [URL + "x"]}]
    made = profile(
        "x", "Extension", [{"path": "Extension.extension", "sliceName": "inner", "type": of_itself}]
    )
    (found,), warnings = completed(made)
    ids = [element["id"] for element in found["snapshot"]["element"]]
    assert "Extension.extension:inner" in ids
    assert warnings == []


def test_a_bottomless_path_is_refused() -> None:
    path = "Extension" + ".extension" * 5000
    assert "more than 40 steps" in reason(profile("x", "Extension", [{"path": path}]))


def test_a_tower_of_slices_is_refused() -> None:
    names = ["/".join("a" * (n + 1)) for n in range(400)]
    tower = [{"path": "Patient.identifier", "sliceName": name} for name in names]
    assert "more than 40 steps" in reason(profile("x", "Patient", tower))


def test_a_tower_of_profiles_is_refused() -> None:
    tower = [profile(f"p{n}", "Patient", [], base=f"{URL}p{n + 1}") for n in range(900)]
    found, warnings = completed(*tower, profile("p900", "Patient", []))
    assert any("more than 60 others" in warning for warning in warnings)
    assert "snapshot" in found[-1]


def test_malformed_elements_are_refused() -> None:
    malformed: list[Resource] = [
        profile("x", "Patient", [{"path": 3}]),
        profile("x", "Patient", [{"path": "Patient", "type": [{"profile": []}]}]),
        {**profile("x", "Patient", []), "snapshot": {"element": "none"}},
        {**profile("x", "Patient", []), "differential": []},
    ]
    for found in malformed:
        assert "malformed" in reason(found)


def test_the_snapshot_of_another_type_is_refused() -> None:
    for elements in ([], [{"path": "Observation"}], [{"path": "Patient"}, {"path": "Other.x"}]):
        made = {**profile("x", "Patient", []), "snapshot": {"element": elements}}
        assert "not one of `Patient`" in reason(made)


def test_a_new_type_needs_to_bring_its_snapshot() -> None:
    made = {**profile("x", "Thing", []), "derivation": "specialization"}
    assert "is no profile" in reason(made)
