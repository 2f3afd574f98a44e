"""Loading records: every fault by its JSON path, empty things as if they were absent."""

import pytest

from fhir_server.fhir.resource import Json
from fhir_server.intake.fault import CRIMINAL_JUSTICE, Fault, InvalidRecordError
from fhir_server.intake.records.consent import RECORD as CONSENT
from fhir_server.intake.records.crisis_encounter import RECORD as CRISIS_ENCOUNTER
from fhir_server.intake.records.directory import RECORD as DIRECTORY
from fhir_server.intake.records.episode import RECORD as EPISODE
from fhir_server.intake.records.person import RECORD as PERSON
from fhir_server.intake.records.referral import RECORD as REFERRAL
from tests.intake_messages import crisis_encounter, worked_record

KINDS = {
    kind.name: kind
    for record in (CONSENT, CRISIS_ENCOUNTER, DIRECTORY, EPISODE, PERSON, REFERRAL)
    for kind in record.kinds
}
REFERENCE = {"id": "1", "person": "P-1"}
AT = "2026-03-04T13:41:05-06:00"
EPISODE_OPEN = {**REFERENCE, "openedAt": AT, "status": "open"}
CONSENT_GIVEN = {**REFERENCE, "kind": "general-disclosure", "decision": "permit"}
PART2 = {
    "kind": "part2-specific",
    "recipients": [{"class": "treating-provider"}],
    "purposes": ["TREAT"],
    "expires": {"at": "2027-03-04"},
    "grantor": {"person": "P-1"},
}
AGENCY_GIVEN = {"id": "a", "name": "A", "type": "ems"}
HOLD = {
    "type": "emergency-hold",
    "statute": "S 1",
    "initiatorRole": "officer",
    "initiatedAt": AT,
    "expiresAt": "2026-03-07T13:41:05-06:00",
}
TO_JAIL: Json = {"transport": {"mode": "police"}, "destination": {"type": "jail"}}


def faults(kind: str, native: Json) -> dict[str, str]:
    with pytest.raises(InvalidRecordError) as refused:
        KINDS[kind].load(native)
    return {fault.path: fault.message for fault in refused.value.faults}


def warnings(kind: str, native: Json) -> set[str]:
    found = KINDS[kind]
    return {fault.path for fault in found.warnings(found.load(native))}


def test_every_fault_is_named_at_once() -> None:
    native = crisis_encounter(
        status="gone",
        units=[{"unitId": "1", "members": [{"practitionerId": "R", "role": 5}]}],
        risk={"suicide": None},
        colour="red",
    )

    assert faults("crisisEncounter", native).keys() == {
        "status",
        "units[0].members[0].role",
        "risk.suicide",
        "colour",
    }


@pytest.mark.parametrize("native", [None, [], "x", 5])
def test_record_must_be_an_object(native: Json) -> None:
    assert faults("crisisEncounter", native) == {"": "This must be an object."}


def test_null_is_refused_with_the_remedy() -> None:
    assert (
        "leave the field out"
        in faults("crisisEncounter", crisis_encounter() | {"risk": None})["risk"]
    )


def test_what_is_empty_is_as_if_it_were_absent() -> None:
    native = crisis_encounter()
    kind = KINDS["crisisEncounter"]

    assert kind.load({**native, "units": [], "weapon": {}, "caller": {}}) == kind.load(native)


def test_empty_object_is_not_enough_where_one_is_required() -> None:
    native = {**REFERENCE, "requestedAt": AT, "service": {}, "status": "draft"}

    assert faults("referral", native).keys() == {"service"}


@pytest.mark.parametrize(
    ("kind", "native", "path"),
    [
        ("crisisEncounter", crisis_encounter(responderModel=None), "responderModel"),
        ("crisisEncounter", crisis_encounter(disposition=None), "disposition"),
        ("crisisEncounter", crisis_encounter(recordVersion=None), "recordVersion"),
        ("crisisEncounter", crisis_encounter(recordedBy=None), "recordedBy"),
        ("crisisEncounter", crisis_encounter(risk={"assessor": "R"}), "risk"),
        (
            "crisisEncounter",
            crisis_encounter(risk={"homicide": "low", "method": "x"}),
            "risk.method",
        ),
        (
            "crisisEncounter",
            crisis_encounter(units=[{"unitId": "1"}, {"unitId": "1"}]),
            "units[1].unitId",
        ),
        (
            "crisisEncounter",
            crisis_encounter(person={"id": "P", "anonymous": True}),
            "person.anonymous",
        ),
        (
            "crisisEncounter",
            crisis_encounter(diversionScreen={"suicideQuestions": ["no"] * 5}),
            "diversionScreen.suicideQuestions",
        ),
        (
            "crisisEncounter",
            crisis_encounter(person={"ageEstimate": {"low": 40, "high": 30}}),
            "person.ageEstimate",
        ),
        (
            "person",
            {"id": "1", "noFixedAddress": True, "address": "5 Main St"},
            "noFixedAddress",
        ),
        ("person", {"id": "1", "identifiers": [{"value": "7"}]}, "identifiers[0]"),
        (
            "person",
            {
                "id": "1",
                "identifiers": [{"type": "mrn", "system": "urn:x", "issuer": "y", "value": "7"}],
            },
            "identifiers[0].issuer",
        ),
        (
            "person",
            {"id": "1", "identifiers": [{"type": "ssn", "system": "urn:x", "value": "7"}]},
            "identifiers[0]",
        ),
        ("episode", {**EPISODE_OPEN, "closedAt": "2026-03-04T13:41:05Z"}, "closedAt"),
        (
            "crisisEncounter",
            crisis_encounter(
                disposition={"code": "declined"},
                hold={name: HOLD[name] for name in HOLD if name != "expiresAt"},
            ),
            "hold.expiresAt",
        ),
        (
            "crisisEncounter",
            crisis_encounter(hold=HOLD, disposition={"code": "declined", "voluntary": True}),
            "disposition.voluntary",
        ),
        (
            "crisisEncounter",
            crisis_encounter(disposition={"code": "transported-home"}),
            "transport",
        ),
        (
            "crisisEncounter",
            crisis_encounter(
                disposition={"code": "transported-ed"}, transport={"mode": "ambulance"}
            ),
            "destination",
        ),
        (
            "crisisEncounter",
            crisis_encounter(
                disposition={"code": "transported-jail"},
                diversion={"arrestableOffense": True, "arrested": False},
                **TO_JAIL,
            ),
            "diversion.arrested",
        ),
        ("crisisEncounter", crisis_encounter(responderModel="co-responder"), "units"),
        (
            "agency",
            {**AGENCY_GIVEN, "part2Program": {"is": True, "from": "2025-01-01", "to": "2024"}},
            "part2Program.to",
        ),
        (
            "consent",
            {**CONSENT_GIVEN, "kind": "directory-optout"},
            "decision",
        ),
        ("consent", {**CONSENT_GIVEN, **PART2, "recipients": []}, "recipients"),
        ("consent", {**CONSENT_GIVEN, **PART2, "purposes": []}, "purposes"),
        ("consent", {**CONSENT_GIVEN, **PART2, "expires": {}}, "expires"),
        ("consent", {**CONSENT_GIVEN, **PART2, "grantor": {"capacity": "guardian"}}, "grantor"),
        (
            "consent",
            {**CONSENT_GIVEN, "effectiveAt": "2026-03-04", "expires": {"at": "2025"}},
            "expires.at",
        ),
        (
            "consent",
            {**CONSENT_GIVEN, "exclude": {"period": {"start": "2026", "end": "2025"}}},
            "exclude.period.end",
        ),
        (
            "consent",
            {**CONSENT_GIVEN, "include": {"period": {"start": "1985", "end": "1985-02"}}},
            "include.period.end",
        ),
        ("consent", {**CONSENT_GIVEN, "attachment": {"data": "QQ=="}}, "attachment.contentType"),
        ("consent", {**CONSENT_GIVEN, "include": {"types": ["Crisis"]}}, "include.types[0]"),
        (
            "consent",
            {
                **CONSENT_GIVEN,
                "kind": "law-enforcement-plan",
                "decision": "deny",
                "rules": [{"decision": "permit", "include": {"sensitivities": ["MH", "ETHUD"]}}],
            },
            "rules[0].include.sensitivities[1]",
        ),
        ("consent", {**CONSENT_GIVEN, "recipients": [{"role": "x"}]}, "recipients[0]"),
        (
            "consent",
            {
                **CONSENT_GIVEN,
                "rules": [
                    {
                        "decision": "deny",
                        "exceptions": [
                            {
                                "decision": "permit",
                                "recipients": [{"class": "treating-provider", "org": "x"}],
                            }
                        ],
                    }
                ],
            },
            "rules[0].exceptions[0].recipients[0]",
        ),
        ("consent", {**CONSENT_GIVEN, "expires": {"none": True, "event": "x"}}, "expires"),
        ("consent", {**CONSENT_GIVEN, "revokedHow": "by phone"}, "revokedHow"),
        (
            "consent",
            {**CONSENT_GIVEN, "grantor": {"person": "P", "representative": "M"}},
            "grantor",
        ),
        (
            "referral",
            {
                **REFERENCE,
                "requestedAt": AT,
                "service": {"code": "housing"},
                "status": "sent",
            },
            "service",
        ),
    ],
)
def test_fields_that_contradict_each_other_are_refused(kind: str, native: Json, path: str) -> None:
    assert faults(kind, native).keys() == {path}


@pytest.mark.parametrize(
    ("kind", "native", "path"),
    [
        (
            "crisisEncounter",
            crisis_encounter(status="on-scene", hold={"type": "emergency-hold"}, disposition=None),
            "hold.expiresAt",
        ),
        ("crisisEncounter", crisis_encounter(incidentNumbers=None), "incidentNumbers"),
        (
            "crisisEncounter",
            crisis_encounter(status="transporting", disposition={"code": "transported-ed"}),
            "transport",
        ),
        (
            "crisisEncounter",
            crisis_encounter(
                disposition={"code": "transported-jail"},
                diversion={"arrested": False},
                **TO_JAIL,
            ),
            "diversion.arrested",
        ),
        (
            "crisisEncounter",
            crisis_encounter(
                units=[
                    {
                        "unitId": "1",
                        "dispatchedAt": "2026-03-04T14:00:00Z",
                        "onSceneAt": "2026-03-04T13:00:00Z",
                    }
                ]
            ),
            "units[0].onSceneAt",
        ),
        (
            "crisisEncounter",
            crisis_encounter(interventions=[{"code": {"code": "goat-therapy"}}]),
            "interventions[0].code",
        ),
        ("episode", {**EPISODE_OPEN, "status": "closed"}, "closureReason"),
        ("consent", {**CONSENT_GIVEN, "expires": {"none": True}}, "expires.none"),
        ("consent", {**CONSENT_GIVEN, "exclude": {"sensitivities": ["SUD"]}}, ""),
    ],
)
def test_doubtful_data_are_kept_with_a_warning(kind: str, native: Json, path: str) -> None:
    assert path in warnings(kind, native)


def test_contact_that_was_resolved_by_phone_ended_so() -> None:
    native = crisis_encounter(status="resolved-by-phone", disposition=None)

    assert KINDS["crisisEncounter"].load(native)["disposition"] == {"code": "resolved-by-phone"}


def test_whoever_is_held_did_not_go_by_their_own_will() -> None:
    native = crisis_encounter(hold=HOLD, disposition={"code": "declined"})

    assert KINDS["crisisEncounter"].load(native)["disposition"]["voluntary"] is False


def test_hold_that_was_lifted_does_not_bind_the_disposition() -> None:
    native = crisis_encounter(
        hold={**HOLD, "outcome": "converted-voluntary"},
        disposition={"code": "declined", "voluntary": True},
    )

    assert KINDS["crisisEncounter"].load(native)["disposition"]["voluntary"] is True


@pytest.mark.parametrize(
    "fields",
    [
        {
            "units": [{"unitId": "1", "members": [{"practitionerId": "a", "role": "clinician"}]}],
            "lawEnforcement": {"involvement": "team-member"},
        },
        {
            "units": [
                {
                    "unitId": "1",
                    "members": [
                        {"practitionerId": "a", "role": "nurse"},
                        {"practitionerId": "b", "role": "deputy"},
                    ],
                }
            ]
        },
    ],
)
def test_co_response_names_a_clinician_and_an_officer(fields: Json) -> None:
    native = crisis_encounter(responderModel="co-responder", **fields)

    assert KINDS["crisisEncounter"].load(native)["responderModel"] == "co-responder"


def test_worked_record_gives_no_warning() -> None:
    assert warnings("crisisEncounter", worked_record()["crisisEncounter"]) == set()


@pytest.mark.parametrize(
    "native",
    [
        crisis_encounter(criminalHistory="x"),
        crisis_encounter(person={"id": "P", "warrants": []}),
        crisis_encounter(person={"identifiers": [{"system": "urn:fbi-ncic", "value": "1"}]}),
    ],
)
def test_criminal_justice_information_is_refused(native: Json) -> None:
    assert CRIMINAL_JUSTICE in faults("crisisEncounter", native).values()


def test_fault_is_seen_from_further_up() -> None:
    fault = Fault(path="timeline.onSceneAt", message="x")

    assert fault.under("crisisEncounters[2]").path == "crisisEncounters[2].timeline.onSceneAt"
    assert fault.under("").path == "timeline.onSceneAt"
    assert Fault(path="[0].a", message="x").under("b").path == "b[0].a"
    assert Fault(path="", message="x").under("b").path == "b"


def test_social_security_number_has_one_form() -> None:
    kind = KINDS["person"]
    ways = [
        {"type": "ssn", "value": "501-22-0001"},
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "501220001"},
        {"type": "ssn", "system": "http://hl7.org/fhir/sid/us-ssn", "value": "501 22 0001"},
    ]

    found = [kind.load({"id": "1", "identifiers": [way]})["identifiers"] for way in ways]

    assert found == [[{"type": "ssn", "value": "501220001"}]] * 3
