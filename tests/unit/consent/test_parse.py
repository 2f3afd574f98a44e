"""Consent resources as directives: what is understood, and what doubt makes of the rest."""

import pytest

from fhir_server.consent.codes import ACT_CODE, CONFIDENTIALITY
from fhir_server.consent.model import Directive, Meaning, Narrowing, Provision
from fhir_server.consent.parse import parse
from fhir_server.consent.provisions import PROFILES, RESOURCE_TYPES, Source
from fhir_server.consent.purposes import ANY_BUT_EMERGENCIES
from fhir_server.fhir import dates
from fhir_server.fhir.crisis import ACTOR_CLASS, CONSENT_EXPIRY, code_system
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.search.labels import ALL_FAMILIES, ALL_PURPOSES, FOREVER, TREATING, Family, Purpose

CLINIC, CUSTODIAN = 7, 3


def organization(reference: Element) -> int | None:
    return CLINIC if reference.get("reference") == "Organization/clinic" else None


def address(reference: Element) -> tuple[str, str] | None:
    type_, _, id_ = str(reference.get("reference", "")).partition("/")
    return (type_, id_) if id_ and type_ != "http:" else None


SOURCE = Source(
    key=99,
    custodian=CUSTODIAN,
    organization=organization,
    address=address,
    type_ids={"Observation": 20, "Encounter": 10},
)


def concept(code: str, system: str = ACT_CODE) -> Element:
    return {"coding": [{"system": system, "code": code}]}


def actor(reference: Element | None = None, role: str = "IRCP") -> Element:
    return {
        "role": concept(role),
        "reference": reference or {"reference": "Organization/clinic"},
    }


def labelled(*codes: str, system: str = ACT_CODE) -> list[Element]:
    return [{"system": system, "code": code} for code in codes]


def purposes(*codes: str) -> list[Element]:
    return [{"code": code} for code in codes]


def consent(provision: Element | None = None, **changes: Json) -> Resource:
    base = {
        "resourceType": "Consent",
        "status": "active",
        "scope": concept("patient-privacy"),
        "category": [concept("IDSCL")],
        "patient": {"reference": "Patient/ana"},
        "dateTime": "2025-06-01",
        "provision": {"type": "deny"} if provision is None else provision,
        **changes,
    }
    return {name: value for name, value in base.items() if value is not None}


def directive(provision: Element | None = None, **changes: Json) -> Directive:
    found = parse(consent(provision, **changes), SOURCE)
    assert found is not None
    return found


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected", "entered-in-error"])
def test_what_never_held_directs_nothing(status: str) -> None:
    assert parse(consent(status=status), SOURCE) is None


def test_a_consent_to_treatment_directs_nothing_about_disclosure() -> None:
    assert parse(consent(scope=concept("treatment")), SOURCE) is None


def test_a_consent_to_research_speaks_of_research_alone() -> None:
    assert directive(scope=concept("research")).purposes == Purpose.HRESCH
    wide = {"type": "permit", "purpose": purposes("TREAT")}
    assert directive(wide, scope=concept("research")).purposes == 0


def test_a_deleted_consent_does_not_hold_but_is_known() -> None:
    found = parse(consent(), SOURCE, deleted=True)

    assert found is not None
    assert not found.active


def test_a_plan_for_officers_without_a_limit_is_absent() -> None:
    kind = concept("law-enforcement-plan", code_system("crisis-consent-kind"))
    plan = [{"system": RESOURCE_TYPES, "code": "Observation"}]

    assert parse(consent({"type": "permit"}, category=[kind]), SOURCE) is None
    assert directive({"type": "permit", "class": plan}, category=[kind]).permit
    assert not directive({"type": "deny"}, category=[kind]).permit


def test_a_revoked_consent_does_not_hold_but_is_known() -> None:
    assert not directive(status="inactive").active


def test_a_denial_of_everything() -> None:
    found = directive()

    assert not found.permit
    assert found.recipients is None
    assert found.types is None
    assert found.bears == ALL_FAMILIES
    assert found.purposes == ANY_BUT_EMERGENCIES
    assert found.custodian == CUSTODIAN


@pytest.mark.parametrize(
    ("rule", "provision", "says"),
    [
        ("OPTIN", {}, "permit"),
        ("OPTOUT", {}, "deny"),
        ("OPTOUT", {"type": "permit"}, "permit"),
        ("OPTIN", {"type": "deny"}, "deny"),
        ("HIPAAConsentCD", {}, "deny"),
        (None, {}, "deny"),
    ],
)
def test_the_root_type_or_else_the_policy_rule_says_whether_it_permits(
    rule: str | None, provision: Element, says: str
) -> None:
    found = directive(provision, policyRule=concept(rule) if rule else None)

    assert found.permit is (says == "permit")


def test_a_consent_without_provision_follows_its_policy_rule() -> None:
    bare = consent(policyRule=concept("OPTOUT"))
    del bare["provision"]

    found = parse(bare, SOURCE)

    assert found is not None
    assert not found.permit


def test_a_permit_names_its_recipients() -> None:
    treating = actor({"identifier": {"system": ACTOR_CLASS, "value": "treating-provider"}})
    unknown = actor({"reference": "Practitioner/1"})
    found = directive({"type": "permit", "actor": [actor(), treating, unknown]})

    assert found.recipients == frozenset({CLINIC, TREATING})


def test_a_permit_to_nobody_known_names_nobody() -> None:
    other_class = actor({"identifier": {"system": ACTOR_CLASS, "value": "payer"}})

    assert directive({"type": "permit", "actor": [other_class]}).recipients == frozenset()


def test_a_denial_of_somebody_unknown_denies_everybody() -> None:
    practitioner = actor({"reference": "Practitioner/1"})

    assert directive({"type": "deny", "actor": [actor(), practitioner]}).recipients is None
    assert directive({"type": "deny", "actor": [actor(role="CST")]}).recipients is None
    assert directive({"type": "deny", "actor": [actor()]}).recipients == frozenset({CLINIC})


def test_an_unknown_purpose_narrows_a_permit_and_widens_a_denial() -> None:
    assert directive({"type": "permit", "purpose": purposes("X")}).purposes == 0
    assert directive({"type": "deny", "purpose": purposes("X")}).purposes == ANY_BUT_EMERGENCIES
    assert directive({"type": "deny", "purpose": purposes("HRESCH")}).purposes == Purpose.HRESCH


def test_types_are_understood() -> None:
    named = [{"system": RESOURCE_TYPES, "code": "Observation"}]

    assert directive({"type": "permit", "class": named}).types == frozenset({20})


@pytest.mark.parametrize(
    "selector",
    [
        {"code": [{"text": "drug test"}]},
        {"data": [{"meaning": "unheard-of", "reference": {"reference": "Observation/1"}}]},
        {"data": [{"meaning": "instance", "reference": {"display": "that one"}}]},
        {"provision": [{"type": "permit", "code": [{"text": "drug test"}]}]},
        {"class": [{"system": PROFILES}]},
        {"class": [{"system": RESOURCE_TYPES, "code": "Nonsense"}]},
        {"securityLabel": labelled("NOSUCH")},
        {"securityLabel": labelled("MH", system="http://example.org")},
    ],
)
def test_what_cannot_be_represented_denies_everybody(selector: Element) -> None:
    for type_ in ("permit", "deny"):
        found = directive({"type": type_, "actor": [actor()], **selector})

        assert found.narrowing is None
        assert found.exceptions == ()

        assert not found.permit
        assert found.recipients is None
        assert found.types is None
        assert found.bears == ALL_FAMILIES
        assert found.purposes == ANY_BUT_EMERGENCIES


def test_doubt_binds_an_emergency_only_where_emergencies_are_named() -> None:
    nested = {"type": "deny", "purpose": purposes("ETREAT"), "code": [{"text": "drug test"}]}

    assert directive({"type": "permit", "provision": [nested]}).purposes == ALL_PURPOSES


@pytest.mark.parametrize(
    ("labels", "bears", "names"),
    [
        ([], ALL_FAMILIES, None),
        (labelled("MH"), Family.MH, Family.MH),
        (labelled("BH"), Family.BASE | Family.MH, Family.MH),
        (labelled("SUD", "HIV"), Family.SUD | Family.HIV, Family.SUD | Family.HIV),
        (labelled("R", system=CONFIDENTIALITY), ALL_FAMILIES, None),
        (labelled("N", system=CONFIDENTIALITY), Family(0), Family(0)),
    ],
)
def test_labels_of_a_permit(labels: list[Element], bears: Family, names: Family | None) -> None:
    found = directive({"type": "permit", **({"securityLabel": labels} if labels else {})})

    assert (found.bears, found.names) == (bears, names)


@pytest.mark.parametrize(
    ("labels", "bears"),
    [
        (labelled("MH"), Family.MH | Family.NOTES),
        (labelled("PSY"), Family.MH | Family.NOTES),
        (labelled("BH"), ALL_FAMILIES),
        (labelled("SUD"), Family.SUD),
        (labelled("R", system=CONFIDENTIALITY), ALL_FAMILIES),
        (labelled("V", system=CONFIDENTIALITY), Family.NOTES),
    ],
)
def test_labels_of_a_denial(labels: list[Element], bears: Family) -> None:
    assert directive({"type": "deny", "securityLabel": labels}).bears == bears


def test_a_permit_to_collect_is_none_to_read() -> None:
    assert parse(consent({"type": "permit", "action": [concept("collect")]}), SOURCE) is None
    assert parse(consent({"type": "permit", "action": [concept("unheard-of")]}), SOURCE) is None
    assert parse(consent({"type": "deny", "action": [concept("correct")]}), SOURCE) is None


def test_an_unknown_action_is_denied_with_the_rest() -> None:
    assert not directive({"type": "deny", "action": [concept("unheard-of")]}).permit
    assert directive({"type": "permit", "action": [concept("access")]}).permit


def test_it_holds_from_its_signing_or_its_period_whichever_is_later() -> None:
    june = dates.parse("2025-06-01").lo
    july = dates.parse("2025-07-01").lo

    assert directive().effective == june
    assert directive(dateTime=None).effective == 0
    later = directive({"type": "deny", "period": {"start": "2025-07-01", "end": "2025-12-31"}})
    assert (later.effective, later.ends) == (july, dates.parse("2025-12-31").hi)
    assert directive({"type": "deny", "period": {"start": "2025-01"}}).effective == june
    assert directive().ends == FOREVER


def test_series_tell_forms_apart() -> None:
    plain = directive().series

    assert directive(category=[concept("INFA")]).series != plain
    assert directive(policy=[{"uri": "http://example.org/form/2"}]).series != plain
    assert directive(policy=[{"authority": "http://example.org"}]).series == plain
    assert directive({"type": "permit"}).series == plain


PART2 = {
    "policyRule": concept("42CFRPart2CD"),
    "organization": [{"reference": "Organization/program"}],
    "performer": [{"reference": "Patient/ana"}],
}
PART2_PROVISION = {
    "type": "permit",
    "actor": [actor()],
    "purpose": purposes("TREAT"),
    "period": {"end": "2027-01-01"},
}


def test_a_valid_part_2_consent() -> None:
    assert directive(PART2_PROVISION, **PART2).part2


@pytest.mark.parametrize("lacking", ["organization", "dateTime", "performer", "patient"])
def test_a_part_2_consent_that_lacks_an_element_is_absent(lacking: str) -> None:
    assert parse(consent(PART2_PROVISION, **{**PART2, lacking: None}), SOURCE) is None


@pytest.mark.parametrize("lacking", ["actor", "purpose", "period"])
def test_a_part_2_consent_that_lacks_a_selector_is_absent(lacking: str) -> None:
    provision = {name: value for name, value in PART2_PROVISION.items() if name != lacking}

    assert parse(consent(provision, **PART2), SOURCE) is None


def test_a_part_2_consent_may_say_that_it_does_not_expire() -> None:
    provision = {name: value for name, value in PART2_PROVISION.items() if name != "period"}
    none = {"url": CONSENT_EXPIRY, "extension": [{"url": "none", "valueBoolean": True}]}

    assert directive(provision, extension=[none], **PART2).part2


def test_a_denial_about_part_2_needs_no_form() -> None:
    assert not directive({"type": "deny"}, policyRule=concept("42CFRPart2CD")).permit


def nested(*found: Element, **root: Json) -> tuple[Provision, ...]:
    """Return the exceptions of a root that denies, unless `root` says otherwise."""
    return directive({"type": "deny", **root, "provision": list(found)}).exceptions


def test_exceptions_have_exceptions() -> None:
    drug_test = {"type": "permit", "code": [concept("1", "http://loinc.org")]}
    sud = {"type": "deny", "securityLabel": labelled("SUD"), "provision": [drug_test]}

    (denied,) = nested(sud, type="permit", actor=[actor()])
    (permitted,) = denied.exceptions

    assert (denied.permit, denied.bears) == (False, Family.SUD)
    assert permitted.permit
    assert permitted.narrowing == Narrowing(codes=frozenset({("http://loinc.org", "1")}))


def test_an_exception_without_a_type_is_of_its_parents_type() -> None:
    (found,) = nested({"actor": [actor()]})

    assert not found.permit


def test_an_exception_speaks_of_the_requests_of_all_above_it() -> None:
    (found,) = nested({"type": "permit"}, purpose=purposes("TREAT", "HOPERAT"))
    (narrower,) = nested({"purpose": purposes("TREAT")}, purpose=purposes("TREAT", "HOPERAT"))
    (emergency,) = nested({"type": "permit", "purpose": purposes("ETREAT")})
    (below,) = nested({"type": "permit"}, purpose=purposes("ETREAT"))

    assert found.purposes == directive({"purpose": purposes("TREAT", "HOPERAT")}).purposes
    assert narrower.purposes == Purpose.TREAT | Purpose.COC
    assert emergency.purposes == Purpose.ETREAT
    assert below.purposes == Purpose.ETREAT


def test_an_exception_holds_in_its_own_period() -> None:
    (found,) = nested({"type": "permit", "period": {"start": "2025-07-01", "end": "2025-07-31"}})

    assert found.since == dates.parse("2025-07-01").lo
    assert found.until == dates.parse("2025-07-31").hi


def test_rare_selectors_are_understood() -> None:
    profile = {"system": PROFILES, "code": "http://example.org/plan|1"}
    observation = {"system": RESOURCE_TYPES, "code": "Observation"}
    data = {"meaning": "related", "reference": {"reference": "Encounter/e1"}}
    found = directive(
        {
            "type": "permit",
            "actor": [actor()],
            "class": [profile, observation],
            "code": [{"coding": [{"code": "1"}, {"display": "no code"}]}],
            "dataPeriod": {"start": "2025-01-01"},
            "data": [data],
        }
    )

    assert found.types is None
    assert found.narrowing == Narrowing(
        codes=frozenset({("", "1")}),
        classes=(frozenset({20}), frozenset({"http://example.org/plan"})),
        period=(dates.parse("2025-01-01").lo, FOREVER),
        data=frozenset({(Meaning.RELATED, ("Encounter", "e1"))}),
    )
    until = directive({"type": "deny", "dataPeriod": {"end": "2025"}}).narrowing
    assert until is not None
    assert until.period == (-FOREVER, dates.parse("2025").hi)


def test_exceptions_about_something_else_than_reading_are_left_out() -> None:
    assert nested({"type": "permit", "action": [concept("collect")]}) == ()
    assert len(nested({"type": "permit", "action": [concept("use")]})) == 1


def test_what_doubt_has_widened_has_no_exceptions() -> None:
    permit = {"type": "permit", "actor": [actor()]}

    assert nested(permit, purpose=purposes("X")) == ()
    assert nested(permit, actor=[actor({"reference": "Practitioner/1"})]) == ()
    assert nested(permit, action=[concept("unheard-of")]) == ()


@pytest.mark.parametrize(
    "doubt",
    [
        {"purpose": purposes("X")},
        {"actor": [actor({"reference": "Practitioner/1"})]},
        {"action": [concept("unheard-of")]},
    ],
)
def test_doubt_about_a_permit_within_a_permit_that_has_exceptions_denies(doubt: Element) -> None:
    inner = {"type": "permit", **doubt, "provision": [{"type": "deny"}]}

    assert not directive({"type": "permit", "provision": [inner]}).permit
    assert directive({"type": "permit", "provision": [{"type": "permit", **doubt}]}).permit
    assert len(nested(inner)) == ("action" not in doubt)


def test_doubt_about_the_purposes_of_a_root_with_exceptions_denies() -> None:
    root = {"type": "permit", "purpose": purposes("X"), "provision": [{"type": "deny"}]}

    assert directive(root).purposes == ANY_BUT_EMERGENCIES
    assert not directive(root).permit


def test_exceptions_to_a_part_2_denial_need_the_elements_too() -> None:
    permit = {name: value for name, value in PART2_PROVISION.items() if name != "purpose"}

    def exceptions(nested: Element, **changes: Json) -> int:
        root = {"type": "deny", "provision": [nested]}
        return len(directive(root, **{**PART2, **changes}).exceptions)

    assert exceptions(PART2_PROVISION) == 1
    assert exceptions(permit) == 0
    assert exceptions(PART2_PROVISION, performer=None) == 0
