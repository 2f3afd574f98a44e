"""The value sets of R4, expanded, against the expansions that were published with it.

https://hl7.org/fhir/R4/terminologies-valuesets.html

The publishers' tool of 2019 left out what only groups codes and what is deprecated; with that said,
all agree but those whose reason stands here.
"""

import json
import tarfile
from functools import cache

import pytest

from fhir_server.fhir.outcome import FhirError, TooCostlyError
from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.packages import built_in
from fhir_server.terminology.expansion import Code, Expansion, Options
from fhir_server.terminology.terminology import Terminology
from tests.official_examples import PACKAGE

CORE = "http://hl7.org/fhir/ValueSet/"
V3 = "http://terminology.hl7.org/ValueSet/v3-"
# Of each of these more codes are found than were published, or others.
POLYHIERARCHY = "The property `child` puts more codes below; the tool went by nesting alone."
REASONS = {
    f"{CORE}currencies": "Currencies have come and gone since.",
    f"{CORE}c80-doc-typecodes": "It lists 6,000 codes of LOINC, of which the tool knew a part.",
    f"{CORE}detectedissue-category": POLYHIERARCHY,
    f"{V3}ActPharmacySupplyType": POLYHIERARCHY,
    f"{V3}ActCode": "Codes of consent directives that HL7 has added since are known here.",
}
EXPANDED = 1_227


@cache
def terminology() -> Terminology:
    return Terminology([built_in.core()])


@cache
def expansions() -> dict[str, Expansion | FhirError]:
    return {url: expanded(url) for url in built_in.core().urls("ValueSet")}


def expanded(url: str) -> Expansion | FhirError:
    try:
        return terminology().expand(url, Options(nested=False))
    except FhirError as error:
        return error


def published() -> list[Resource]:
    if not PACKAGE.exists():
        pytest.skip("the official examples are not in build/ (`make examples` fetches them)")
    with tarfile.open(PACKAGE) as tar:
        file = tar.extractfile("package/Bundle-valueset-expansions.json")
        assert file is not None
        return [entry["resource"] for entry in items(json.load(file), "entry")]


def contained(element: Element) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for each in items(element, "contains"):
        if "code" in each:
            found.add((each["system"], each["code"]))
        found |= contained(each)
    return found


def is_deprecated(code: Code) -> bool:
    system = terminology().code_system(code.system)
    concept = None if system is None else system.find(code.code)
    return concept is not None and (
        concept.inactive
        or any(p.get("valueCode") in ("deprecated", "retired") for p in concept.properties)
    )


def test_every_value_set_is_expanded_or_says_what_is_missing() -> None:
    found = expansions().values()
    errors = [each for each in found if isinstance(each, FhirError)]

    assert len(found) - len(errors) == EXPANDED
    assert all(
        isinstance(error, TooCostlyError) or "is not available here" in str(error)
        for error in errors
    )


def test_expansions_are_those_that_were_published() -> None:
    compared = 0
    different: set[str] = set()
    for resource in published():
        ours = expansions().get(resource["url"])
        if not isinstance(ours, Expansion):
            continue
        compared += 1
        theirs = contained(resource["expansion"])
        every = {(code.system, code.code) for code in ours.contains}
        kept = {
            (code.system, code.code)
            for code in ours.contains
            if (code.system, code.code) in theirs or not (code.abstract or is_deprecated(code))
        }
        if kept != theirs or not theirs <= every:
            different.add(resource["url"])

    assert different == REASONS.keys()
    assert compared == 497
