"""https://hl7.org/fhir/R4/capabilitystatement.html ."""

from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from fhir_server.fhir.definitions import load
from fhir_server.fhir.json import encode
from fhir_server.fhir.resource import Resource
from fhir_server.interactions.capabilities import capability_statement
from fhir_server.packages.packages import Packages
from fhir_server.search.parameter import SearchType
from tests.unit.interactions.test_route import operation

KNOWN = (
    operation("recent", "Patient", instance=True),
    operation("ingest", instance=False, affects_state=True),
)


def profile(name: str, type_: str) -> Resource:
    return {
        "resourceType": "StructureDefinition",
        "url": f"http://a.org/{name}",
        "version": "1.0",
        "type": type_,
        "derivation": "constraint",
        "snapshot": {"element": [{"path": type_}]},
    }


GUIDE: Resource = {"resourceType": "ImplementationGuide", "url": "http://a.org/guide"}


def statement(*resources: Resource) -> Resource:
    return capability_statement(
        load(),
        KNOWN,
        Packages.of(resources),
        public_url="https://fhir.example",
        software_version="1.2.3",
    )


def test_it_is_valid_and_the_same_each_time() -> None:
    body = encode(statement())

    assert CapabilityStatement.model_validate_json(body).fhirVersion == "4.0.1"
    assert body == encode(statement())


def test_operations_stand_where_they_are_called() -> None:
    (rest,) = statement()["rest"]
    patient = next(found for found in rest["resource"] if found["type"] == "Patient")

    assert [found["name"] for found in rest["operation"]] == ["ingest"]
    assert [found["name"] for found in patient["operation"]] == ["recent"]


def test_the_profiles_and_guides_of_the_packages_are_stated() -> None:
    made = statement(profile("one", "Patient"), profile("two", "Extension"), GUIDE)
    (rest,) = made["rest"]
    supported = {
        f["type"]: f["supportedProfile"] for f in rest["resource"] if "supportedProfile" in f
    }

    assert supported == {"Patient": ["http://a.org/one|1.0"]}
    assert made["implementationGuide"] == ["http://a.org/guide"]
    assert "implementationGuide" not in statement()


def test_every_type_and_only_searchable_parameters_are_stated() -> None:
    (rest,) = statement()["rest"]
    kinds = {p["type"] for found in rest["resource"] for p in found["searchParam"]}

    assert len(rest["resource"]) == len(load().resource_types)
    assert kinds == {kind.value for kind in SearchType} - {"special"}


def test_the_token_endpoint_is_named() -> None:
    (rest,) = statement()["rest"]

    (uris,) = rest["security"]["extension"]
    assert uris["extension"][0]["valueUri"].startswith("https://fhir.example/")
