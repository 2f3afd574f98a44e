"""The code and the guide say the same: what URLs and codes of ours one knows, the other does."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fhir_server import operations, registry
from fhir_server.fhir import crisis, crisis_codes
from fhir_server.intake import extension
from fhir_server.intake.records.consent import mapping as consent
from fhir_server.intake.records.crisis_encounter import codes as encounter_codes
from fhir_server.intake.records.crisis_encounter import encounter, findings, follow_up
from fhir_server.intake.records.crisis_encounter import extensions as encounter_extensions
from fhir_server.intake.records.directory import mapping as directory
from fhir_server.intake.records.episode import mapping as episode
from fhir_server.intake.records.person import codes as person
from fhir_server.intake.records.person.schema import IDENTIFIER_TYPES
from fhir_server.intake.records.referral import mapping as referral
from fhir_server.interactions.operation import Operation
from fhir_server.reporting import measures
from fhir_server.reporting.measure import Measure
from fhir_server.reporting.measure_resource import measure_resource

Resource = dict[str, Any]
ROOT = Path(__file__).parents[2]
ARTIFACTS: dict[tuple[str, str], Resource] = {
    (found["resourceType"], found["url"]): found
    for folder in ("profiles", "terminology")
    for path in sorted((ROOT / folder).glob("*.json"))
    if (found := json.loads(path.read_text()))
}
# What the code may build a URL of ours from.
USES = re.compile(r'\b(profile|code_system)\(\s*f?"([a-z0-9-]+)"\s*\)|_?meta\(\s*"([a-z-]+)"')
PLAIN = re.compile(r'concept\("(crisis-[a-z-]+)"\)|coding\("(crisis-[a-z-]+)"')
# Code systems of agencies, whose codes are theirs.
OF_AGENCIES = {"agency", "agency-nature"}
# Profiles of records that intake does not take yet; only a consent names one.
NOT_YET = {"crisis-response-plan"}
TYPES = {"StructureDefinition": "profile", "CodeSystem": "code_system"}


def url(type_: str, name: str) -> str:
    return f"{crisis.CANONICAL}/{type_}/{name}"


def codes_of(name: str) -> set[str]:
    return {each["code"] for each in ARTIFACTS["CodeSystem", url("CodeSystem", name)]["concept"]}


def used() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "fhir_server").rglob("*.py")):
        text = path.read_text()
        for function, name, claimed in USES.findall(text):
            yield (
                ("CodeSystem" if function == "code_system" else "StructureDefinition"),
                (name or claimed),
            )
        for one, other in PLAIN.findall(text):
            yield "CodeSystem", one or other


def test_every_url_that_the_code_uses_is_defined() -> None:
    found = {each for each in used() if each[1] not in OF_AGENCIES | NOT_YET}

    assert len(found) > 60
    assert {each for each in found if (each[0], url(*each)) not in ARTIFACTS} == set()


@pytest.mark.parametrize(
    "name", sorted({*encounter_codes.PROFILES.values(), *consent.PROFILES.values()})
)
def test_profile_that_is_chosen_by_kind_is_defined(name: str) -> None:
    assert ("StructureDefinition", url("StructureDefinition", name)) in ARTIFACTS


LISTS: Mapping[str, frozenset[str]] = {
    "crisis-yes-no-unknown": crisis_codes.YES_NO_UNKNOWN,
    "crisis-dispatch-source": crisis_codes.DISPATCH_SOURCES_OPEN,
    "crisis-dispatch-decision": crisis_codes.DISPATCH_DECISIONS,
    "crisis-responder-model": crisis_codes.RESPONDER_MODELS,
    "crisis-call-type": crisis_codes.CALL_TYPES_OPEN,
    "crisis-encounter-type": crisis_codes.ENCOUNTER_TYPES,
    "crisis-disposition": crisis_codes.DISPOSITIONS,
    "crisis-transport-mode": crisis_codes.TRANSPORT_MODES,
    "crisis-hold-type": crisis_codes.HOLD_TYPES,
    "crisis-hold-outcome": crisis_codes.HOLD_OUTCOMES,
    "crisis-le-involvement": crisis_codes.LAW_ENFORCEMENT_INVOLVEMENTS,
    "crisis-force-type": crisis_codes.FORCE_TYPES,
    "crisis-timeline-event": crisis_codes.TIMELINE_EVENTS,
    "crisis-housing-status": crisis_codes.HOUSING_STATUSES,
    "crisis-episode-type": crisis_codes.EPISODE_TYPES,
    "crisis-episode-open-reason": crisis_codes.EPISODE_OPEN_REASONS,
    "crisis-episode-closure-reason": crisis_codes.CLOSURE_REASONS,
    "crisis-acuity": crisis_codes.ACUITIES,
    "crisis-agency-type": crisis_codes.AGENCY_TYPES,
    "crisis-destination-type": crisis_codes.DESTINATION_TYPES,
    "crisis-identifier-type": crisis_codes.IDENTIFIER_TYPES,
    "crisis-person-identifier-type": IDENTIFIER_TYPES,
    "crisis-response-status": crisis_codes.ENCOUNTER_STATUSES,
    "crisis-contact-mode": crisis_codes.CONTACT_MODES,
    "crisis-caller-relationship": crisis_codes.CALLER_RELATIONSHIPS,
    "crisis-place-type": crisis_codes.PLACE_TYPES,
    "crisis-weapon-type": crisis_codes.WEAPON_TYPES,
    "crisis-injury-level": crisis_codes.INJURY_LEVELS,
    "crisis-nature": crisis_codes.NATURES,
    "crisis-risk-level": crisis_codes.RISK_LEVELS,
    "crisis-intervention": crisis_codes.INTERVENTIONS_OPEN,
    "crisis-expected-destination": crisis_codes.WOULD_HAVE_GONE_TO,
    "crisis-offense-level": crisis_codes.OFFENSE_LEVELS,
    "crisis-note-kind": crisis_codes.NARRATIVE_KINDS,
    "crisis-identity-confidence": crisis_codes.IDENTITY_CONFIDENCES,
    "crisis-referral-status": crisis_codes.REFERRAL_STATUSES,
    "crisis-referral-status-reason": crisis_codes.REFERRAL_STATUS_REASONS_OPEN,
    "crisis-service": crisis_codes.SERVICES_OPEN,
    "crisis-capacity-state": crisis_codes.CAPACITY_STATES,
    "crisis-consent-kind": crisis_codes.CONSENT_KINDS,
    "crisis-consent-capture-method": crisis_codes.CAPTURE_METHODS,
    "crisis-purpose": crisis_codes.CRISIS_PURPOSES,
    "crisis-actor-class": crisis_codes.ACTOR_CLASSES,
    "crisis-responder-role": crisis_codes.RESPONDER_ROLES_OPEN,
}
PARTS: Mapping[str, frozenset[str]] = {
    "crisis-observation-code": frozenset(
        {*findings.RISKS.values(), *findings.RATINGS.values(), findings.METHOD, "satisfaction"}
    ),
    "crisis-followup-window": frozenset(follow_up.WINDOWS),
    "crisis-responder-role": crisis_codes.CLINICAL_ROLES | crisis_codes.LAW_ENFORCEMENT_ROLES,
}


@pytest.mark.parametrize("name", LISTS)
def test_list_that_intake_checks_against_is_the_code_system(name: str) -> None:
    assert codes_of(name) == LISTS[name]


@pytest.mark.parametrize("name", PARTS)
def test_codes_that_intake_writes_are_of_the_code_system(name: str) -> None:
    assert codes_of(name) >= PARTS[name]


def test_tags_that_an_author_may_raise_are_the_value_set() -> None:
    value_set = ARTIFACTS["ValueSet", url("ValueSet", "crisis-sensitivity-tag")]
    listed = {
        concept["code"]
        for include in value_set["compose"]["include"]
        for concept in include["concept"]
    }

    assert listed == crisis_codes.SENSITIVITY_TAGS


def test_every_list_of_codes_is_held_against_a_code_system() -> None:
    of_hl7 = {
        "GENDERS",
        "URGENCIES",
        "SENSITIVITY_TAGS",
        "SUBSTANCE_TAGS",
        "CONSENT_SENSITIVITIES",
        "CONSENT_DECISIONS",
        "CONSENT_ACTIONS",
        "CONFIDENTIALITIES",
        "HL7_PURPOSES",
    }
    derived = {"EPISODE_STATUSES", "INCIDENT_SYSTEMS", "CLINICAL_ROLES", "LAW_ENFORCEMENT_ROLES"}
    lists = {name for name, value in vars(crisis_codes).items() if isinstance(value, frozenset)}
    held = {
        name for name in lists if any(vars(crisis_codes)[name] is each for each in LISTS.values())
    }

    assert lists - held == of_hl7 | derived


def mapped(name: str) -> dict[tuple[str, str], str]:
    """Return {(target system, code): target code} of a ConceptMap."""
    concept_map = ARTIFACTS["ConceptMap", url("ConceptMap", name)]
    return {
        (group["target"], element["code"]): target["code"]
        for group in concept_map["group"]
        for element in group["element"]
        for target in element["target"]
        if "code" in target
    }


def test_map_of_dispositions_is_what_intake_applies() -> None:
    applied = {
        (encounter_codes.DISCHARGE_SYSTEM, k): v for k, v in encounter_codes.DISCHARGE.items()
    }

    assert mapped("crisis-disposition-to-discharge-disposition") == applied


def test_map_of_response_statuses_is_what_intake_applies() -> None:
    system = "http://hl7.org/fhir/encounter-status"

    assert mapped("crisis-response-status-to-encounter-status") == {
        (system, native): status for native, status in encounter_codes.STATUS.items()
    }


def test_map_of_referral_statuses_is_what_intake_applies() -> None:
    applied = {}
    for native, state in referral.STATES.items():
        applied["http://hl7.org/fhir/task-status", native] = state.task
        applied["http://hl7.org/fhir/request-status", native] = state.request
        if state.business is not None:
            applied[referral.BUSINESS_STATUS, native] = state.business

    assert mapped("crisis-referral-status-to-fhir") == applied


def test_maps_map_from_and_to_codes_that_there_are() -> None:
    for (type_, _), found in ARTIFACTS.items():
        for group in found.get("group", ()) if type_ == "ConceptMap" else ():
            for element in group["element"]:
                for system, code in (
                    (group["source"], element["code"]),
                    *((group["target"], each.get("code")) for each in element["target"]),
                ):
                    if system.startswith(crisis.CANONICAL) and code is not None:
                        assert code in codes_of(system.rpartition("/")[2]), (found["id"], code)


DECLARED = (
    *encounter_extensions.CONTACT,
    *encounter_extensions.RESPONSE,
    *encounter_extensions.CARE,
    *encounter_extensions.SOCIAL,
    *encounter_extensions.RELATED,
    *encounter_extensions.PLACE,
    encounter_extensions.ANONYMOUS,
    *person.PATIENT_EXTENSIONS,
    person.PHONE_SAFETY,
    *episode.EXTENSIONS,
    *referral.REQUEST,
    *referral.TASK,
    *consent.EXTENSIONS,
    *directory.AGENCY,
    *directory.TEAM,
    *directory.RESPONDER,
    *directory.SERVICE,
)


@pytest.mark.parametrize(
    "part",
    [each for each in DECLARED if each.url.startswith(crisis.CANONICAL)],
    ids=lambda part: part.url.rpartition("/")[2],
)
def test_extension_is_defined_with_the_parts_that_intake_writes(part: extension.Part) -> None:
    defined = ARTIFACTS["StructureDefinition", part.url]["differential"]["element"]

    assert shape(part, "Extension") == {
        each["id"] for each in defined if "sliceName" in each or each["id"] == "Extension.url"
    }


def shape(part: extension.Part, at: str) -> set[str]:
    """Return the ids of the parts of an extension's definition, and of its url."""
    found = {"Extension.url"}
    if isinstance(part.shape, extension.Value):
        return found
    for below in part.shape:
        here = f"{at}.extension:{below.url}"
        found |= {here} | shape(below, here)
    # A revocation may tell by whom, which the native record does not.
    extra = {"Extension.extension:by"} if part.url == crisis.CONSENT_REVOCATION else set()
    return found | extra


@pytest.mark.parametrize(
    "unit", [encounter.UNIT, encounter.RESPONDER_UNIT, crisis.TIMELINE, crisis.DISPOSITION]
)
def test_extension_that_is_written_by_hand_is_complex(unit: str) -> None:
    elements = ARTIFACTS["StructureDefinition", unit]["differential"]["element"]

    assert {"id": "Extension.value[x]", "path": "Extension.value[x]", "max": "0"} in elements


def test_operations_of_our_own_are_defined() -> None:
    own = [
        found
        for found in registry.discover(operations, "OPERATION", Operation)
        if found.definition.startswith(crisis.CANONICAL)
    ]

    assert own
    for operation in own:
        defined = ARTIFACTS["OperationDefinition", operation.definition]
        assert defined["code"] == operation.code
        assert tuple(defined["resource"]) == operation.types
        assert (defined["instance"], defined["affectsState"]) == (
            operation.instance,
            operation.affects_state,
        )


@pytest.mark.parametrize(
    "measure", registry.discover(measures, "MEASURE", Measure), ids=lambda measure: measure.id
)
def test_measure_of_the_guide_is_what_the_server_installs(measure: Measure) -> None:
    resource = measure_resource(measure)

    assert ARTIFACTS["Measure", resource["url"]] == json.loads(json.dumps(resource))


def test_groups_and_stratifiers_of_measures_are_coded() -> None:
    for measure in registry.discover(measures, "MEASURE", Measure):
        for group in measure.groups:
            assert group.code in codes_of("crisis-measure-group")
            if group.stratifier is not None:
                assert group.stratifier.code in codes_of("crisis-measure-stratifier")
                name = group.stratifier.system.rpartition("/")[2]
                assert set(group.stratifier.codes) <= codes_of(name)


def test_guide_lists_every_artifact_and_example() -> None:
    (guide,) = (found for (type_, _), found in ARTIFACTS.items() if type_ == "ImplementationGuide")
    listed = {each["reference"]["reference"] for each in guide["definition"]["resource"]}
    examples = [
        json.loads(path.read_text())
        for path in (ROOT / "profiles" / "examples").glob("*/valid-*.json")
    ]
    there = [found for found in ARTIFACTS.values() if found is not guide]

    assert listed == {f"{each['resourceType']}/{each['id']}" for each in (*there, *examples)}
