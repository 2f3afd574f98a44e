"""What one crisis encounter becomes: the resources, and everything that readers rely on in them."""

import uuid

import pytest

from fhir_server.fhir import crisis, definitions
from fhir_server.fhir.resource import Json, Resource
from fhir_server.intake.build import ACT_CODE
from fhir_server.intake.record import Kind, Mapped
from fhir_server.intake.records.crisis_encounter import RECORD
from fhir_server.intake.source import Source
from fhir_server.validation.structure import check
from tests.intake_messages import crisis_encounter, worked_record

(KIND,) = RECORD.kinds
NAMESPACE = uuid.NAMESPACE_OID
CRISIS = "http://fhir.crisis-continuity.org"
AGENCY = "springfield-mct"


def identify(kind: str, agency: str, external_id: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{kind}|{agency}|{external_id}"))


SOURCE = Source(
    agency=AGENCY,
    organization="org-1",
    identify=identify,
    system="cad-lite",
    message_id="m-0009231",
    sent_at="2026-03-04T15:02:11-06:00",
    digest="ab" * 32,
)
ENCOUNTER_ID = identify("crisisEncounter", AGENCY, "CE-2026-001187")
PERSON_ID = identify("person", AGENCY, "P-5521")


def mapped(native: Json, kind: Kind = KIND) -> Mapped:
    return kind.to_fhir(kind.load(native), SOURCE)


def of_type(found: Mapped, type_: str) -> list[Resource]:
    return [each for each in found.everything if each["resourceType"] == type_]


def encounter_of(native: Json) -> Resource:
    (found,) = of_type(mapped(native), "Encounter")
    return found


def codes(concept: dict[str, Json]) -> list[str]:
    return [coding["code"] for coding in concept["coding"]]


def labels(resource: Resource) -> list[str]:
    return [label["code"] for label in resource["meta"]["security"]]


def extension(element: dict[str, Json], name: str) -> Json:
    """The value or the parts of the one extension `name` of ours."""
    url = name if ":" in name else f"{CRISIS}/StructureDefinition/{name}"
    (found,) = (each for each in element["extension"] if each["url"] == url)
    if "extension" not in found:
        return next(value for key, value in found.items() if key.startswith("value"))
    return {
        part["url"]: next((value for key, value in part.items() if key.startswith("value")), part)
        for part in found["extension"]
    }


@pytest.fixture(scope="module")
def worked() -> Mapped:
    return mapped(worked_record()["crisisEncounter"])


def test_worked_record_gives_exactly_its_resources(worked: Mapped) -> None:
    assert sorted(each["resourceType"] for each in worked.everything) == (
        ["Encounter"]
        + ["Observation"] * 3
        + ["Patient"]
        + ["Procedure"] * 2
        + ["Provenance"]
        + ["Task"] * 4
    )
    assert [each["resourceType"] for each in worked.if_absent] == ["Patient"]
    assert len({each["id"] for each in worked.everything}) == 12


def test_every_resource_keeps_the_rules_of_its_definition(worked: Mapped) -> None:
    found = definitions.load()

    assert [check(each, found) for each in worked.everything] == [()] * 12


def test_encounter_says_where_when_and_how_urgent(worked: Mapped) -> None:
    (encounter,) = of_type(worked, "Encounter")

    assert encounter["id"] == ENCOUNTER_ID
    assert encounter["status"] == "finished"
    assert encounter["class"] == {"system": ACT_CODE, "code": "HH"}
    assert codes(encounter["priority"]) == ["EM"]
    assert codes(encounter["type"][0]) == ["crisis-field-response"]
    assert encounter["period"] == {
        "start": "2026-03-04T14:07:00-06:00",
        "end": "2026-03-04T15:00:40-06:00",
    }
    assert encounter["subject"]["reference"] == f"Patient/{PERSON_ID}"
    assert encounter["serviceProvider"] == {"reference": "Organization/org-1"}
    assert labels(encounter) == ["R", "MH"]
    assert encounter["meta"]["profile"] == [f"{CRISIS}/StructureDefinition/crisis-encounter"]


def test_encounter_has_the_numbers_of_both_systems(worked: Mapped) -> None:
    (encounter,) = of_type(worked, "Encounter")
    own, cad = encounter["identifier"]

    assert (own["system"], own["value"], codes(own["type"])) == (
        f"{CRISIS}/sid/encounter/springfield-mct",
        "CE-2026-001187",
        ["encounter"],
    )
    assert (cad["system"], cad["value"], codes(cad["type"]), cad["use"]) == (
        f"{CRISIS}/sid/incident/springfield-psap",
        "26-0304-0871",
        ["cad"],
        "secondary",
    )
    psap = identify("agency", "", "springfield-psap")
    assert cad["assigner"]["reference"] == f"Organization/{psap}"


def test_the_one_who_leads_is_primary(worked: Mapped) -> None:
    (encounter,) = of_type(worked, "Encounter")

    assert [
        (codes(each["type"][0]), each["individual"]["reference"])
        for each in encounter["participant"]
    ] == [
        (["PPRF"], f"Practitioner/{identify('responder', AGENCY, 'R-18')}"),
        (["SPRF"], f"Practitioner/{identify('responder', AGENCY, 'R-31')}"),
    ]
    assert [each["type"][1]["text"] for each in encounter["participant"]] == ["clinician", "peer"]


def test_encounter_keeps_what_fhir_has_no_element_for(worked: Mapped) -> None:
    (encounter,) = of_type(worked, "Encounter")

    assert codes(extension(encounter, "crisis-dispatch-source")) == ["911"]
    assert codes(extension(encounter, "crisis-responder-model")) == ["mobile-crisis-team"]
    assert codes(extension(encounter, "crisis-call-type")) == ["suicidal-ideation", "10-96S"]
    assert extension(encounter, "crisis-dispatch-decision")["decision"] == "mct-dispatched"
    assert extension(encounter, "crisis-diversion-screen")["eligible"] is True
    disposition = extension(encounter, "crisis-disposition")
    assert codes(disposition["disposition"]) == ["resolved-on-scene"]
    assert disposition["voluntary"] is True
    assert disposition["wouldHaveGoneTo"] == "ed"
    assert extension(encounter, "crisis-weapon") == {"reported": "no", "found": "no"}
    police = extension(encounter, "crisis-law-enforcement")
    assert (police["involvement"], police["citTrained"]) == ("staged", True)
    assert extension(encounter, "crisis-jail-diversion") == {"arrestableOffense": "no"}
    assert extension(encounter, "crisis-engagement-at-contact") == {"engaged": "no"}
    assert extension(encounter, "crisis-interpreter-used") is True
    assert codes(encounter["hospitalization"]["dischargeDisposition"]) == ["home"]


def test_timeline_is_kept_event_by_event(worked: Mapped) -> None:
    (encounter,) = of_type(worked, "Encounter")
    events = [
        each["extension"] for each in encounter["extension"] if each["url"] == crisis.TIMELINE
    ]

    assert [(parts[0]["valueCode"], parts[1]["valueDateTime"][11:19]) for parts in events] == [
        ("received", "13:41:05"),
        ("dispatched", "13:44:30"),
        ("on-scene", "14:07:00"),
        ("at-patient", "14:09:20"),
        ("disposition", "14:55:00"),
        ("cleared", "15:00:40"),
    ]


def test_what_has_not_arrived_yet_is_referred_to(worked: Mapped) -> None:
    (encounter,) = of_type(worked, "Encounter")

    assert [
        extension(encounter, name)["reference"]
        for name in (
            "crisis-safety-plan-reference",
            "crisis-related-referral",
            "crisis-related-consent",
        )
    ] == [
        f"CarePlan/{identify('safetyPlan', AGENCY, 'SP-77')}",
        f"ServiceRequest/{identify('referral', AGENCY, 'REF-310')}",
        f"Consent/{identify('consent', AGENCY, 'CON-88')}",
    ]


def test_risk_is_the_clinicians_formulation_and_no_instrument(worked: Mapped) -> None:
    risk, before, after = of_type(worked, "Observation")

    assert codes(risk["code"]) == ["suicide-risk-level"]
    assert codes(risk["valueCodeableConcept"]) == ["moderate"]
    assert risk["performer"][0]["identifier"]["value"] == "R-18"
    assert extension(risk, "crisis-triage-policy") == "springfield-2026.1"
    assert risk["effectiveDateTime"] == "2026-03-04T14:55:00-06:00"
    assert [(codes(each["code"]), each["valueInteger"]) for each in (before, after)] == [
        (["distress-before"], 9),
        (["distress-after"], 4),
    ]
    assert all(labels(each) == ["R", "MH"] for each in (risk, before, after))


def test_each_intervention_is_a_procedure(worked: Mapped) -> None:
    found = of_type(worked, "Procedure")

    assert [codes(each["code"]) for each in found] == [
        ["safety-planning"],
        ["lethal-means-counseling"],
    ]
    assert {each["encounter"]["reference"] for each in found} == {f"Encounter/{ENCOUNTER_ID}"}


def test_follow_ups_are_due_after_the_clearing(worked: Mapped) -> None:
    found = of_type(worked, "Task")

    assert [
        (extension(each, "crisis-followup-window"), each["restriction"]["period"]["end"])
        for each in found
    ] == [
        ("24h", "2026-03-05T15:00:40-06:00"),
        ("72h", "2026-03-07T15:00:40-06:00"),
        ("7d", "2026-03-11T15:00:40-06:00"),
        ("30d", "2026-04-03T15:00:40-06:00"),
    ]
    assert {(each["status"], each["for"]["reference"]) for each in found} == {
        ("requested", f"Patient/{PERSON_ID}")
    }


def test_provenance_names_who_recorded_who_handed_in_and_the_message(worked: Mapped) -> None:
    (provenance,) = of_type(worked, "Provenance")

    assert [codes(agent["type"]) for agent in provenance["agent"]] == [["author"], ["transmitter"]]
    assert provenance["agent"][0]["who"]["identifier"]["value"] == "R-18"
    assert provenance["recorded"] == "2026-03-04T15:02:11-06:00"
    (entity,) = provenance["entity"]
    assert entity["what"]["identifier"]["value"] == "springfield-mct/cad-lite/m-0009231"
    assert extension(entity["what"], "crisis-message-digest") == "ab" * 32
    assert {target["reference"] for target in provenance["target"]} == {
        f"{each['resourceType']}/{each['id']}"
        for each in worked.everything
        if each["resourceType"] != "Provenance"
    }


def test_placeholder_has_the_agencys_id_and_what_the_encounter_knows(worked: Mapped) -> None:
    (patient,) = worked.if_absent

    assert patient["id"] == PERSON_ID
    assert patient["identifier"][0]["value"] == "P-5521"
    assert extension(patient, "crisis-identity-confidence") == "self-reported"
    assert codes(extension(patient, "crisis-housing-status")) == ["unstable"]
    assert codes(patient["communication"][0]["language"]) == ["es"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"location": {"type": "home"}}, "HH"),
        ({"location": {"type": "shelter", "atResidence": True}}, "HH"),
        ({"location": {"type": "street"}}, "FLD"),
        ({}, "FLD"),
        ({"location": {"type": "ed"}}, "EMER"),
        ({"responderModel": "crisis-facility"}, "OBSENC"),
        (
            {
                "status": "resolved-by-phone",
                "responderModel": None,
                "timeline": {"receivedAt": "2026-03-04T13:41:05-06:00"},
            },
            "VR",
        ),
    ],
)
def test_class_follows_from_channel_and_place(fields: dict[str, Json], expected: str) -> None:
    assert encounter_of(crisis_encounter(**fields))["class"]["code"] == expected


@pytest.mark.parametrize(
    ("native", "expected"),
    [
        ("received", "planned"),
        ("triaged", "triaged"),
        ("queued", "planned"),
        ("dispatched", "planned"),
        ("en-route", "planned"),
        ("on-scene", "in-progress"),
        ("transporting", "in-progress"),
        ("at-destination", "in-progress"),
        ("cleared", "finished"),
        ("resolved-by-phone", "finished"),
        ("cancelled", "cancelled"),
        ("duplicate", "cancelled"),
        ("entered-in-error", "entered-in-error"),
    ],
)
def test_status_follows_from_the_native_one(native: str, expected: str) -> None:
    assert encounter_of(crisis_encounter(status=native))["status"] == expected


def test_police_narrative_stays_with_its_agency() -> None:
    narrative = [{"kind": "le", "text": "Officer's view"}, {"kind": "clinical", "text": "Calm"}]
    police, clinical = of_type(mapped(crisis_encounter(narrative=narrative)), "DocumentReference")

    assert "law-enforcement" in labels(police)
    assert "law-enforcement" not in labels(clinical)


@pytest.mark.parametrize(
    "fields",
    [
        {"substance": {"suspected": "yes"}},
        {"substance": {"naloxoneGiven": 1}},
        {"callType": {"normalized": "overdose"}},
        {"presenting": {"problem": ["intoxication"]}},
        {"sensitivity": {"tags": ["SUD"]}},
    ],
)
def test_substance_use_raises_the_labels_of_all_that_is_clinical(fields: dict[str, Json]) -> None:
    found = mapped(crisis_encounter(risk={"suicide": "low"}, **fields))

    for type_ in ("Encounter", "Observation"):
        assert labels(of_type(found, type_)[0]) == ["R", "MH", "SUD"]


def test_part_2_program_is_labelled() -> None:
    found = encounter_of(crisis_encounter(sensitivity={"programPart2": True}))

    assert "42CFRPart2" in labels(found)


@pytest.mark.parametrize("person", [None, {"anonymous": True}])
def test_unnamed_contact_has_no_subject_and_leaves_no_work(person: Json) -> None:
    found = mapped(crisis_encounter(person=person, distress={"before": 5}))
    (encounter,) = of_type(found, "Encounter")
    (observation,) = of_type(found, "Observation")

    assert "subject" not in encounter
    assert "subject" not in observation
    assert encounter["meta"]["profile"] == [
        f"{CRISIS}/StructureDefinition/crisis-anonymous-contact"
    ]
    assert "anonymous-contact" in labels(observation)
    assert of_type(found, "Patient") == of_type(found, "Task") == []


def test_person_without_an_id_belongs_to_the_encounter() -> None:
    found = mapped(crisis_encounter(person={"name": {"family": "Doe"}}))
    (patient,) = of_type(found, "Patient")

    assert found.if_absent == ()
    assert patient["name"][0]["family"] == "Doe"
    assert patient["identifier"][0]["use"] == "temp"


@pytest.mark.parametrize("code", ["deceased", "cancelled", "unable-to-locate"])
def test_nobody_is_called_where_there_is_nobody_to_call(code: str) -> None:
    assert of_type(mapped(crisis_encounter(disposition={"code": code})), "Task") == []


def test_period_never_ends_before_it_starts() -> None:
    timeline = {
        "receivedAt": "2026-03-04T13:41:05-06:00",
        "onSceneAt": "2026-03-04T14:07:00-06:00",
        "clearedAt": "2026-03-04T13:50:00-06:00",
    }

    assert encounter_of(crisis_encounter(timeline=timeline))["period"] == {
        "start": "2026-03-04T14:07:00-06:00"
    }
    (warning,) = KIND.warnings(KIND.load(crisis_encounter(timeline=timeline)))
    assert warning.path == "timeline.clearedAt"


def test_finding_of_responders_stands_instead_of_dispatchs_belief() -> None:
    believed = encounter_of(crisis_encounter(callType={"normalized": "welfare-check"}))
    found = encounter_of(
        crisis_encounter(
            callType={"normalized": "welfare-check"}, presenting={"problem": ["psychosis"]}
        )
    )

    assert codes(believed["reasonCode"][0]) == ["welfare-check"]
    assert codes(found["reasonCode"][0]) == ["psychosis"]
    assert codes(extension(found, "crisis-call-type")) == ["welfare-check"]
