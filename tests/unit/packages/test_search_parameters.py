"""The search parameters of packages, by type."""

from fhir_server.fhir.definitions import load, param_id
from fhir_server.fhir.resource import Json, Resource
from fhir_server.packages.built_in import core
from fhir_server.packages.packages import Packages
from fhir_server.packages.search_parameters import added
from fhir_server.packages.source import read
from tests.shared_data import shared_data


def source(code: str, *bases: str, **more: Json) -> Resource:
    return {
        "resourceType": "SearchParameter",
        "url": f"http://a.org/{code}",
        "code": code,
        "base": list(bases),
        "type": "token",
        "expression": " | ".join(f"{base}.language" for base in bases),
        **more,
    }


def test_each_base_has_its_own_branch_and_number() -> None:
    found = added([source("tongue", "Patient", "Person")], load()).parameters

    (patient,), (person,) = found["Patient"], found["Person"]
    assert (patient.expression, person.expression) == ("Patient.language", "Person.language")
    assert patient.param_id == param_id("Patient", "tongue")
    assert patient.url == "http://a.org/tongue"


def test_what_the_specification_has_is_left_to_it() -> None:
    again = source("birthdate", "Patient", expression="Patient.birthDate", type="date")
    assert added([again, source("_id", "Resource")], load()).parameters == {}


def test_a_parameter_of_every_resource_is_one_of_each_type() -> None:
    found = added([source("tongue", "Resource")], load()).parameters
    assert set(found) == set(load().resource_types)
    assert found["Task"][0].param_id == param_id("Task", "tongue")
    assert found["Task"][0].expression == "Resource.language"


def test_the_newest_version_counts() -> None:
    newer = source("tongue", "Patient", version="2.10", expression="Patient.communication")
    older = source("tongue", "Patient", version="2.9")
    (found,) = added([newer, older], load()).parameters["Patient"]
    assert found.expression == "Patient.communication"


def test_what_cannot_be_searched_by_is_named() -> None:
    broken = source("x", "Patient", base="Patient")
    without = source("y", "Patient")
    del without["expression"]
    found = added([broken, without, source("z", "Nothing")], load())

    assert found.parameters == {}
    (warning,) = found.warnings
    assert warning.startswith("Nothing is searched by `http://a.org/x`: ")


def test_those_of_us_core() -> None:
    resources = read(shared_data("hl7.fhir.us.core-7.0.0.tgz")).resources
    packages = Packages.of(resources, base=core())
    found = added(packages.additions("SearchParameter"), load())

    codes = {type_: [made.code for made in own] for type_, own in found.parameters.items()}
    assert found.warnings == ()
    assert codes["Patient"] == ["ethnicity", "gender-identity", "race"]
    assert codes["Condition"] == ["asserted-date"]
    assert "Observation" not in codes
