"""The decision cases of domain research 4.5 that root-level directives can say.

Ana's records lie at a crisis team (MCT, not Part 2) and at a Part 2 program (SUDP).
"""

from dataclasses import replace

import pytest

from fhir_server.consent.decide import _opens, decide
from fhir_server.consent.model import (
    Asked,
    Content,
    Directive,
    Narrowing,
    Obligation,
    Provision,
    Reason,
    Request,
)
from fhir_server.consent.purposes import ANY_BUT_EMERGENCIES, spoken_of
from fhir_server.search.labels import TREATING, Family, Purpose

MCT, SUDP, EHR_1, EHR_2, ED, PD, PH = range(1, 8)
ENCOUNTER, OBSERVATION = 10, 20
TODAY = 1_000

E1 = Asked(type_id=ENCOUNTER, custodian=MCT, families=Family.BASE)
O1 = Asked(type_id=OBSERVATION, custodian=MCT, families=Family.BASE | Family.MH)
C1 = Asked(type_id=30, custodian=MCT, families=Family.BASE | Family.MH | Family.SUD)
S1 = Asked(type_id=ENCOUNTER, custodian=SUDP, families=Family.BASE | Family.SUD | Family.PART2)
N1 = Asked(type_id=40, custodian=MCT, families=Family.BASE | Family.MH | Family.NOTES)
H1 = Asked(type_id=30, custodian=MCT, families=Family.BASE | Family.MH | Family.HIV)
F1 = Asked(type_id=40, custodian=MCT, families=Family.BASE | Family.LAW_ENFORCEMENT)
ANONYMOUS = Asked(type_id=ENCOUNTER, custodian=MCT, families=Family.BASE | Family.ANONYMOUS)


def request(
    organization: int, purpose: Purpose = Purpose.TREAT, *, treats: bool = False
) -> Request:
    return Request(
        organization=organization,
        actors=frozenset({organization}),
        purpose=purpose,
        at=TODAY,
        treats=treats,
    )


TREATING_EHR = request(EHR_1, treats=True)
STRANGER = request(EHR_2)
EMERGENCY = replace(request(ED, Purpose.ETREAT), medical_personnel=True)


def directive(*, custodian: int = MCT, permit: bool = False, made: int = 1) -> Directive:
    return Directive(
        custodian=custodian,
        series=(custodian, ("IDSCL",), (), False),
        made=(made, made),
        permit=permit,
        purposes=ANY_BUT_EMERGENCIES,
    )


OPT_OUT = directive()
PERMIT_EHR_1 = replace(directive(permit=True), recipients=frozenset({EHR_1}))
TPO = replace(
    directive(custodian=SUDP, permit=True),
    recipients=frozenset({TREATING}),
    purposes=spoken_of(["TREAT", "HPAYMT", "HOPERAT"]),
    part2=True,
)


def permits(who: Request, what: Asked, *directives: Directive) -> bool:
    return decide(who, what, directives).permitted


def test_1_a_treating_provider_reads_without_a_consent() -> None:
    assert permits(TREATING_EHR, E1)
    assert permits(TREATING_EHR, C1)


def test_3_a_provider_without_relation_does_not() -> None:
    assert not permits(STRANGER, E1)


def test_4_a_denial_binds_the_treating_provider() -> None:
    assert decide(TREATING_EHR, E1, [OPT_OUT]).reasons == (Reason.CONSENT_DENIES,)


def test_4_a_denial_of_one_recipient_binds_no_other() -> None:
    denied = replace(OPT_OUT, recipients=frozenset({EHR_1}))

    assert not permits(TREATING_EHR, E1, denied)
    assert permits(request(EHR_2, treats=True), E1, denied)


def test_5_a_general_denial_does_not_bind_an_emergency() -> None:
    assert permits(EMERGENCY, E1, OPT_OUT)
    assert not permits(EMERGENCY, E1, replace(OPT_OUT, purposes=spoken_of(["ETREAT"])))


def test_8_a_permit_opens_the_record_to_whom_it_names_and_to_nobody_else() -> None:
    assert not permits(request(EHR_1), E1)
    assert permits(request(EHR_1), E1, PERMIT_EHR_1)
    assert not permits(STRANGER, E1, PERMIT_EHR_1)


def test_a_permit_without_recipients_opens_nothing() -> None:
    assert not permits(STRANGER, E1, replace(PERMIT_EHR_1, recipients=None))


def test_10_a_permit_covers_only_the_families_that_it_names() -> None:
    screens = replace(PERMIT_EHR_1, bears=Family.MH, names=Family.MH)

    assert permits(request(EHR_1), O1, screens)
    assert not permits(request(EHR_1), C1, screens)
    assert not permits(request(EHR_1), E1, screens)


def test_several_permits_cover_together() -> None:
    screens = replace(PERMIT_EHR_1, bears=Family.MH, names=Family.MH)
    substances = replace(
        PERMIT_EHR_1, bears=Family.SUD, names=Family.SUD, series=(MCT, ("OTHER",), (), False)
    )

    assert permits(request(EHR_1), C1, screens, substances)


def test_11_the_later_directive_of_a_series_replaces_the_earlier() -> None:
    denied_later = directive(made=2)

    assert not permits(TREATING_EHR, E1, PERMIT_EHR_1, denied_later)
    assert permits(TREATING_EHR, E1, directive(made=2), replace(PERMIT_EHR_1, made=(3, 3)))


def test_superseded_stays_superseded() -> None:
    permit_that_ended = replace(PERMIT_EHR_1, made=(2, 2), ends=TODAY - 1)
    permit_revoked = replace(PERMIT_EHR_1, made=(2, 2), active=False)

    assert permits(TREATING_EHR, E1, OPT_OUT, permit_that_ended)
    assert permits(TREATING_EHR, E1, OPT_OUT, permit_revoked)


def test_a_directive_that_is_not_yet_in_effect_replaces_nothing() -> None:
    tomorrow = replace(PERMIT_EHR_1, made=(2, 2), effective=TODAY + 1)

    assert not permits(TREATING_EHR, E1, OPT_OUT, tomorrow)


def test_14_a_permit_that_ended_covers_nothing() -> None:
    assert not permits(request(EHR_1), E1, replace(PERMIT_EHR_1, ends=TODAY))


def test_17_a_general_permit_does_not_reach_part_2() -> None:
    general = replace(PERMIT_EHR_1, custodian=SUDP)

    assert not permits(TREATING_EHR, S1, general)


def test_18_a_part_2_consent_for_treating_providers() -> None:
    decision = decide(TREATING_EHR, S1, [TPO])

    assert decision.reasons == (Reason.CONSENT_PERMITS,)
    assert decision.obligations == {Obligation.AUDIT, Obligation.PART2_NOTICE}
    assert not permits(STRANGER, S1, TPO)


@pytest.mark.parametrize("purpose", [Purpose.LEFIELD, Purpose.LEINVEST, Purpose.DIVERSION])
def test_20_21_a_part_2_consent_never_reaches_police_or_court(purpose: Purpose) -> None:
    for_anything = replace(TPO, recipients=frozenset({PD}), purposes=ANY_BUT_EMERGENCIES)

    assert decide(request(PD, purpose), S1, [for_anything]).reasons == (Reason.ABSOLUTE,)


def test_23_part_2_is_out_of_reach_in_an_emergency_until_there_is_break_glass() -> None:
    assert permits(EMERGENCY, H1)
    assert not permits(EMERGENCY, S1)
    assert not permits(replace(EMERGENCY, purpose=Purpose.BTG), E1)


def test_24_police_are_no_medical_personnel() -> None:
    assert not permits(request(PD, Purpose.ETREAT), E1)


def test_25_police_read_what_an_authorization_names() -> None:
    plan = replace(
        directive(permit=True),
        recipients=frozenset({PD}),
        purposes=spoken_of(["LEFIELD"]),
        types=frozenset({50}),
    )

    assert permits(request(PD, Purpose.LEFIELD), replace(E1, type_id=50), plan)
    assert not permits(request(PD, Purpose.LEFIELD), E1, plan)


def test_27_public_health_reads_no_record_even_of_its_own() -> None:
    assert not permits(request(PH, Purpose.PUBHLTH), E1)
    assert not permits(request(MCT, Purpose.PUBHLTH), E1)


def test_28_psychotherapy_notes_need_a_permit_of_their_own() -> None:
    notes = replace(PERMIT_EHR_1, bears=Family.NOTES, names=Family.NOTES)
    screens = replace(
        PERMIT_EHR_1, bears=Family.MH, names=Family.MH, series=(MCT, ("OTHER",), (), False)
    )

    assert not permits(TREATING_EHR, N1)
    assert not permits(TREATING_EHR, N1, PERMIT_EHR_1)
    assert permits(TREATING_EHR, N1, notes)
    assert not permits(request(EHR_1), N1, replace(notes, names=Family.NOTES | Family.MH), screens)
    assert permits(request(MCT), N1)
    assert not permits(request(MCT, Purpose.HOPERAT), N1)


def test_34_another_purpose_is_not_covered() -> None:
    for_treatment = replace(PERMIT_EHR_1, purposes=spoken_of(["TREAT"]))

    assert not permits(request(EHR_1, Purpose.HOPERAT), E1, for_treatment)
    assert permits(request(EHR_1, Purpose.COC), E1, for_treatment)


def test_37_an_anonymous_contact_stays_where_it_was_made() -> None:
    named = replace(PERMIT_EHR_1, bears=Family.ANONYMOUS, names=Family.ANONYMOUS)

    assert not permits(TREATING_EHR, ANONYMOUS, named)
    assert permits(request(MCT), ANONYMOUS)


def test_what_police_did_stays_with_the_agency() -> None:
    assert not permits(TREATING_EHR, F1, PERMIT_EHR_1)
    assert not permits(EMERGENCY, F1)
    assert decide(request(MCT), F1, []).reasons == (Reason.OWN,)


def test_a_permit_below_restricted_covers_nothing() -> None:
    assert not permits(request(EHR_1), E1, replace(PERMIT_EHR_1, names=Family(0)))


def test_an_own_encounter_makes_treating_for_treatment_alone() -> None:
    by_own_word = replace(request(EHR_1), treats_by_own_word=True)

    assert permits(by_own_word, E1)
    assert not permits(replace(by_own_word, purpose=Purpose.COC), E1)
    assert permits(replace(TREATING_EHR, purpose=Purpose.COC), E1)


def test_a_directive_binds_only_its_custodian() -> None:
    assert permits(TREATING_EHR, E1, directive(custodian=SUDP))


def test_directory_data_is_open() -> None:
    directory = Asked(type_id=1, custodian=MCT, families=Family(0), about_person=False)

    assert decide(STRANGER, directory, []).reasons == (Reason.DIRECTORY,)
    assert permits(request(PH, Purpose.PUBHLTH), directory)


def test_a_court_reads_nothing_by_default() -> None:
    assert not permits(request(MCT, Purpose.LEINVEST), E1)
    assert not permits(request(MCT, Purpose.HRESCH), E1)


def test_no_permit_opens_what_police_did_even_where_policy_would() -> None:
    """Every row of the matrix forbids it already; a pack's might not."""
    assert not _opens(PERMIT_EHR_1, (PERMIT_EHR_1,), Family.LAW_ENFORCEMENT)


def test_9_an_exception_to_an_exception_wins() -> None:
    narrowing = Narrowing(codes=frozenset({("http://loinc.org", "1")}))
    drug_test = Content(
        key=1,
        address=("Observation", "1"),
        type_id=20,
        codings=frozenset({("http://loinc.org", "1")}),
    )
    permit = Provision(permit=True, purposes=ANY_BUT_EMERGENCIES, narrowing=narrowing)
    sud = Provision(
        permit=False, purposes=ANY_BUT_EMERGENCIES, bears=Family.SUD, exceptions=(permit,)
    )
    root = replace(PERMIT_EHR_1, exceptions=(sud,))
    tested = replace(C1, content=drug_test)

    assert permits(request(EHR_1), tested, root)
    assert not permits(
        request(EHR_1), replace(tested, content=replace(drug_test, codings=frozenset())), root
    )
    assert not permits(request(EHR_1), replace(tested, content=None), root)
    assert not permits(request(EHR_1), replace(S1, custodian=MCT), root)


def test_the_trace_names_rule_law_and_consent() -> None:
    replaced = replace(OPT_OUT, made=(1, 41))
    over = replace(directive(made=2), series=(MCT, ("other",), (), False), made=(2, 42), ends=5)
    elsewhere = replace(TPO, made=(3, 43))
    permit = replace(PERMIT_EHR_1, made=(4, 44))

    decision = decide(request(EHR_1), E1, [permit, elsewhere, over, replaced])

    assert [(step.consent, step.found) for step in decision.trace] == [
        (41, "was replaced by a later one of its series"),
        (42, "is not in force"),
        (43, "binds another custodian"),
        (44, "permits"),
        (0, "permitted"),
    ]
    assert all(step.rule and step.law for step in decision.trace)
    (denied, _) = decide(TREATING_EHR, E1, [OPT_OUT]).trace
    (silent, _) = decide(request(EHR_2), E1, [PERMIT_EHR_1]).trace
    assert (denied.found, silent.found) == ("denies", "does not speak of this")


def test_7_a_labelled_exception_lifts_a_denial_for_what_it_names_alone() -> None:
    permit = Provision(
        permit=True,
        purposes=ANY_BUT_EMERGENCIES,
        recipients=frozenset({EHR_1}),
        bears=Family.MH,
        names=Family.MH,
    )
    form = replace(OPT_OUT, exceptions=(permit,))
    notes = replace(OPT_OUT, exceptions=(replace(permit, bears=Family.NOTES, names=Family.NOTES),))

    assert permits(TREATING_EHR, O1, form)
    assert not permits(TREATING_EHR, C1, form)
    assert permits(TREATING_EHR, N1, notes)
    assert permits(
        TREATING_EHR,
        replace(S1, families=S1.families | Family.MH),
        replace(
            TPO,
            permit=False,
            recipients=None,
            exceptions=(replace(permit, names=Family.MH | Family.SUD),),
        ),
    )
