"""Whatever a package says, its profiles have snapshots or warnings; nothing else happens."""

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.resource import Element, Json
from fhir_server.packages.built_in import core
from fhir_server.packages.complete import complete
from fhir_server.packages.lean import lean
from tests.packages import BASE, URL, profile

NAMES = st.sampled_from(
    [
        *("Observation", "Observation.code", "Observation.code.coding", "Observation.value[x]"),
        *("Observation.valueQuantity", "Observation.valueQuantity.code", "Observation.component"),
        *("Observation.component.referenceRange.low", "Observation.extension", "Observation.id.x"),
        *("Observation.component.valueString", "Observation.contained.name", "Patient.x", "", "."),
    ]
)
PROFILES = st.sampled_from([URL + "x", URL + "y", BASE + "SimpleQuantity", "", "http://b.org/z"])
CODES = st.sampled_from(
    ["Quantity", "string", "Extension", "Reference", "BackboneElement", "", "?"]
)
TYPES = st.lists(
    st.builds(
        lambda code, urls: {"code": code, "profile": urls}, CODES, st.lists(PROFILES, max_size=2)
    ),
    max_size=3,
)
ANYTHING: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["path", "code", "url", "key", "element"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)
ELEMENTS: st.SearchStrategy[Element] = st.fixed_dictionaries(
    {"path": NAMES},
    optional={
        "id": NAMES | st.text(max_size=5),
        "sliceName": st.sampled_from(["a", "a/b", "a/b/c", "valueQuantity", "", "/"]),
        "min": st.integers(0, 2),
        "type": TYPES | ANYTHING,
        "slicing": st.just({"rules": "open"}) | ANYTHING,
        "constraint": st.lists(st.just({"key": "x-1", "severity": "error"}), max_size=2) | ANYTHING,
        "binding": st.just({"strength": "required"}) | ANYTHING,
        "extension": ANYTHING,
        "condition": ANYTHING,
        "contentReference": st.just("#Observation.component") | ANYTHING,
        "fixedString": ANYTHING,
    },
)


@given(st.lists(ELEMENTS, max_size=8), st.lists(ELEMENTS, max_size=3), PROFILES)
def test_every_profile_is_completed_or_warned_about(
    first: list[Element], second: list[Element], base: str
) -> None:
    resources = [
        profile("x", "Observation", first, base=base if base.startswith(URL) else ""),
        profile("y", "Observation", second),
    ]
    found, warnings = complete(resources, core().resolve)

    assert sum("snapshot" not in made for made in found) == len(warnings)
    for made in found:
        for element in lean(made).get("snapshot", {"element": []})["element"]:
            assert element["path"].startswith("Observation")
            assert element["id"]


@given(ANYTHING, ANYTHING, st.sampled_from(["snapshot", "differential", "baseDefinition", "type"]))
def test_any_structure_definition_is_survived(value: Json, other: Json, name: str) -> None:
    made = {**profile("x", "Observation", []), name: value, "derivation": other or "constraint"}
    (found,), warnings = complete([made], core().resolve)
    assert ("snapshot" in found) == (not warnings)
    lean(found)
