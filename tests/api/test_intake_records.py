"""Persons, episodes, referrals, consents and the directory over HTTP (docs/guides/intake.md)."""

import json
from typing import Any

import pytest

from tests.api.deployment import Deployment
from tests.api.senders import Sender, reference, types
from tests.intake_messages import crisis_encounter, message, next_number

Json = Any
BSER = "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS"


@pytest.fixture(scope="session")
def sender(deployment: Deployment) -> Sender:
    return Sender(deployment)


def a_person(**fields: Json) -> Json:
    return {
        "id": f"P-{next_number()}",
        "recordVersion": 1,
        "name": {"family": "Rivera", "given": ["Ana"]},
        "birthDate": "1990-05-17",
        **fields,
    }


def a_referral(**fields: Json) -> Json:
    return {
        "id": f"REF-{next_number()}",
        "recordVersion": 1,
        "person": f"P-{next_number()}",
        "requestedAt": "2026-03-04T15:00:00-06:00",
        "service": {"organization": "county-clinic"},
        "status": "sent",
        **fields,
    }


def an_ssn() -> str:
    return f"{next_number() + 501_220_000}"


def test_person_becomes_a_patient(sender: Sender) -> None:
    (result,) = sender.take("persons", person=a_person(preferredLanguage="es"))

    patient = sender.read(result, "Patient")
    assert types(result) == ["Patient", "Provenance"]
    assert patient["name"] == [{"use": "official", "family": "Rivera", "given": ["Ana"]}]
    assert patient["communication"][0]["preferred"] is True


def test_person_fills_the_placeholder_that_an_encounter_made(sender: Sender) -> None:
    person = a_person()
    native = crisis_encounter(person={"id": person["id"]})
    (encounter,) = sender.take("crisis-encounters", crisisEncounter=native)

    (result,) = sender.take("persons", person=person)

    assert result["status"] == "updated"
    assert reference(result, "Patient") == reference(encounter, "Patient")


def test_encounter_leaves_a_person_on_file_as_it_is(sender: Sender) -> None:
    person = a_person()
    (known,) = sender.take("persons", person=person)
    native = crisis_encounter(person={"id": person["id"], "name": {"family": "Other"}})

    (result,) = sender.take("crisis-encounters", crisisEncounter=native)

    assert "Patient" not in types(result)
    assert sender.read(known, "Patient")["name"][0]["family"] == "Rivera"


def test_same_strong_identifier_at_two_agencies_links_their_patients(
    deployment: Deployment,
) -> None:
    one, other = Sender(deployment), Sender(deployment)
    ssn = [{"type": "ssn", "value": an_ssn()}]
    (first,) = one.take("persons", person=a_person(identifiers=ssn))

    (second,) = other.take("persons", person=a_person(identifiers=ssn))

    assert "link" not in one.read(first, "Patient")
    assert other.read(second, "Patient")["link"] == [
        {"other": {"reference": reference(first, "Patient")}, "type": "seealso"}
    ]


@pytest.mark.parametrize(
    "identifiers",
    [
        [{"type": "ssn", "value": "999-99-9999"}],
        [{"type": "ssn", "value": "123-45-6789"}],
        [],
    ],
)
def test_placeholder_numbers_and_demographics_link_nobody(
    deployment: Deployment, identifiers: Json
) -> None:
    one, other = Sender(deployment), Sender(deployment)
    one.take("persons", person=a_person(identifiers=identifiers))

    (second,) = other.take("persons", person=a_person(identifiers=identifiers))

    assert "link" not in other.read(second, "Patient")


def test_episode_is_included_with_its_encounters(sender: Sender) -> None:
    person, episode = f"P-{next_number()}", f"E-{next_number()}"
    sender.take(
        "episodes",
        episode={
            "id": episode,
            "recordVersion": 1,
            "person": {"id": person},
            "openedAt": "2026-03-04T15:00:40-06:00",
            "openReason": "crisis-encounter",
            "type": "crisis-follow-up",
            "status": "open",
        },
    )
    native = crisis_encounter(person=person, episodeId=episode)
    (result,) = sender.take("crisis-encounters", crisisEncounter=native)

    found = sender.found(
        "Encounter",
        patient=reference(result, "Patient"),
        date="ge2026-01-01",
        _sort="-date",
        _include="Encounter:episode-of-care",
    )

    assert [each["resourceType"] for each in found] == ["Encounter", "EpisodeOfCare"]
    assert found[1]["status"] == "active"


@pytest.mark.parametrize(
    ("native", "task", "business", "request_"),
    [
        ("draft", "draft", None, "draft"),
        ("sent", "requested", "2.0", "active"),
        ("acknowledged", "received", "2.0", "active"),
        ("accepted", "accepted", "3.0", "active"),
        ("waitlisted", "accepted", "3.0", "active"),
        ("declined", "rejected", "4.0", "revoked"),
        ("scheduled", "in-progress", "5.1.1", "active"),
        ("no-show", "in-progress", "5.1.2", "active"),
        ("appt-cancelled", "in-progress", "5.1.3", "active"),
        ("attended", "in-progress", "5.1.4", "active"),
        ("cancel-requested", "in-progress", "5.2", "active"),
        ("cancelled", "cancelled", "6.0", "revoked"),
        ("closed", "completed", "7.0", "completed"),
        ("unable-to-contact", "failed", "4.0", "revoked"),
        ("person-declined", "rejected", "4.0", "revoked"),
    ],
)
def test_referral_status_follows_the_map(
    sender: Sender, native: str, task: str, business: str | None, request_: str
) -> None:
    (result,) = sender.take("referrals", referral=a_referral(status=native))

    found = sender.read(result, "Task")
    codings = found.get("businessStatus", {}).get("coding", [])
    assert types(result) == ["Provenance", "ServiceRequest", "Task"]
    assert found["status"] == task
    assert [each["code"] for each in codings if each["system"] == BSER] == (
        [business] if business else []
    )
    assert sender.read(result, "ServiceRequest")["status"] == request_
    assert found["focus"]["reference"] == reference(result, "ServiceRequest")


def test_referral_that_one_declined_is_still_active_for_the_others(sender: Sender) -> None:
    native = a_referral(status="declined", alternatives=[{"organization": "other-clinic"}])

    (result,) = sender.take("referrals", referral=native)

    assert sender.read(result, "ServiceRequest")["status"] == "active"


def test_referral_takes_three_alternatives_at_most(sender: Sender) -> None:
    native = a_referral(alternatives=[{"organization": f"c-{n}"} for n in range(4)])

    answer = sender.post(message(sender.agency, referral=native), "referrals")

    assert answer.status_code == 422
    ((error,),) = (each["errors"] for each in answer.json()["results"])
    assert error["path"] == "referral.alternatives"


def test_agency_that_accepts_a_referral_sees_the_person(deployment: Deployment) -> None:
    team, clinic = Sender(deployment), Sender(deployment)
    person = f"P-{next_number()}"
    native = crisis_encounter(person=person)
    (encounter,) = team.take("crisis-encounters", crisisEncounter=native)
    referral = a_referral(person=person, service={"organization": clinic.organization})
    team.take("referrals", referral=referral)
    url = f"/{reference(encounter, 'Encounter')}"
    before = clinic.fhir.get(url).status_code

    team.take("referrals", referral={**referral, "recordVersion": 2, "status": "accepted"})

    assert (before, clinic.fhir.get(url).status_code) == (404, 200)


ELEMENTS_OF_2_31 = {
    "recipients": [{"class": "treating-provider"}],
    "purposes": ["TREAT"],
    "expires": {"at": "2027-03-04"},
}


def a_consent(**fields: Json) -> Json:
    return {
        "id": f"CON-{next_number()}",
        "recordVersion": 1,
        "person": f"P-{next_number()}",
        "kind": "general-disclosure",
        "decision": "permit",
        "capture": {"method": "verbal-witnessed", "at": "2026-03-04T14:50:00-06:00"},
        **fields,
    }


def test_consent_lets_the_named_agency_read_until_it_is_revoked(deployment: Deployment) -> None:
    team, clinic = Sender(deployment), Sender(deployment)
    person = f"P-{next_number()}"
    native = crisis_encounter(person=person)
    (encounter,) = team.take("crisis-encounters", crisisEncounter=native)
    url = f"/{reference(encounter, 'Encounter')}"
    consent = a_consent(
        person=person, recipients=[{"org": clinic.organization}], purposes=["TREAT"]
    )
    before = clinic.fhir.get(url).status_code
    team.take("consents", consent=consent)
    during = clinic.fhir.get(url).status_code

    revoked = {**consent, "recordVersion": 2, "revokedAt": "2026-03-05T09:00:00-06:00"}
    team.take("consents", consent=revoked)

    assert (before, during, clinic.fhir.get(url).status_code) == (404, 200, 404)


@pytest.mark.parametrize(
    ("kind", "decision", "rule"),
    [
        ("general-disclosure", "permit", "OPTIN"),
        ("general-disclosure", "deny", "OPTOUT"),
        ("directory-optout", "deny", "OPTOUT"),
        ("part2-tpo", "permit", "42CFRPart2CD"),
        ("part2-specific", "permit", "42CFRPart2CD"),
        ("law-enforcement-plan", "permit", "HIPAAAuthCD"),
        ("research", "permit", "HIPAAAuthCD"),
    ],
)
def test_consent_states_its_base_twice(sender: Sender, kind: str, decision: str, rule: str) -> None:
    more = ELEMENTS_OF_2_31 if kind.startswith("part2-") else {}
    (result,) = sender.take("consents", consent=a_consent(kind=kind, decision=decision, **more))

    found = sender.read(result, "Consent")
    assert found["provision"]["type"] == decision
    assert found["policyRule"]["coding"][0]["code"] == rule
    assert found["scope"]["coding"][0]["code"] == "patient-privacy"


def test_rules_of_a_consent_nest(sender: Sender) -> None:
    rules = [
        {
            "decision": "deny",
            "include": {"sensitivities": ["SUD"]},
            "exceptions": [{"decision": "permit", "recipients": [{"class": "treating-provider"}]}],
        }
    ]

    (result,) = sender.take("consents", consent=a_consent(rules=rules))

    (deny,) = sender.read(result, "Consent")["provision"]["provision"]
    (permit,) = deny["provision"]
    assert (deny["type"], deny["securityLabel"][0]["code"]) == ("deny", "SUD")
    assert permit["actor"][0]["reference"]["identifier"]["value"] == "treating-provider"
    assert any("denial" in each["message"] for each in result["warnings"])


def test_plan_for_police_never_opens_more_than_the_plan(sender: Sender) -> None:
    native = a_consent(kind="law-enforcement-plan", recipients=[{"org": "springfield-pd"}])

    (result,) = sender.take("consents", consent=native)

    provision = sender.read(result, "Consent")["provision"]
    assert [each["code"] for each in provision["purpose"]] == ["LEFIELD"]
    assert [each["code"].rsplit("/", 1)[1] for each in provision["class"]] == [
        "crisis-response-plan"
    ]


def test_part_2_permission_without_its_elements_is_refused(sender: Sender) -> None:
    native = a_consent(kind="part2-tpo", capture={"method": "written"})

    answer = sender.post(message(sender.agency, consent=native), "consents")

    (result,) = answer.json()["results"]
    assert answer.status_code == 422
    assert {each["path"] for each in result["errors"]} == {
        "consent.recipients",
        "consent.grantor",
        "consent.expires",
    }


def test_directory_takes_an_agency_with_all_that_it_has(deployment: Deployment) -> None:
    own = Sender(deployment)

    results = own.take(
        "directory",
        agency={
            "id": own.agency,
            "recordVersion": 1,
            "name": "Springfield Mobile Crisis Team",
            "type": "mobile-crisis",
            "npi": "1245319599",
            "part2Program": {"is": False},
        },
        units=[{"id": "MC-2", "recordVersion": 1, "model": "mobile-crisis-team"}],
        responders=[{"id": "R-18", "recordVersion": 1, "name": {"family": "Lee"}}],
        services=[
            {
                "id": "S-1",
                "recordVersion": 1,
                "name": "Bridge clinic",
                "capacity": {"state": "capacity", "available": 3},
            }
        ],
    )

    assert [(each["kind"], types(each)) for each in results] == [
        ("agency", ["Organization"]),
        ("unit", ["Organization"]),
        ("responder", ["Practitioner", "PractitionerRole"]),
        ("service", ["HealthcareService"]),
    ]
    assert reference(results[0], "Organization") == f"Organization/{own.organization}"


def test_directory_resolves_what_an_encounter_refers_to(deployment: Deployment) -> None:
    own = Sender(deployment)
    units = [{"unitId": "MC-2", "members": [{"practitionerId": "R-18"}]}]
    (encounter,) = own.take("crisis-encounters", crisisEncounter=crisis_encounter(units=units))
    (participant,) = own.read(encounter, "Encounter")["participant"]

    (result,) = own.take(
        "directory", responder={"id": "R-18", "recordVersion": 1, "name": {"family": "Lee"}}
    )

    assert participant["individual"]["reference"] == reference(result, "Practitioner")


def test_nobody_writes_another_agencys_entry(sender: Sender) -> None:
    native = {"id": "springfield-pd", "name": "Police", "type": "law-enforcement"}

    answer = sender.post(message(sender.agency, agency=native), "directory")

    assert answer.status_code == 422
    assert "another agency" in json.dumps(answer.json()["results"][0]["errors"])


def test_record_without_a_version_is_ordered_by_when_it_was_sent(sender: Sender) -> None:
    native = {k: v for k, v in a_person().items() if k != "recordVersion"}
    old = message(sender.agency, person=native, sent="2026-03-04T15:00:00Z")
    new = message(
        sender.agency,
        person={**native, "name": {"family": "Newer"}},
        sent="2026-03-04T16:00:00Z",
    )

    (first,) = sender.post(new, "persons").json()["results"]
    (second,) = sender.post(old, "persons").json()["results"]

    assert (first["status"], second["status"]) == ("created", "stale")
    assert sender.read(first, "Patient")["name"][0]["family"] == "Newer"
