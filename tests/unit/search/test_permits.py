"""The meaning of ConsentPermits: matrix, treating relation, directives, prohibitions."""

from dataclasses import replace

import pytest

from fhir_server.search.candidate import Candidate
from fhir_server.search.expression import ConsentPermits
from fhir_server.search.labels import (
    FOREVER,
    TREATING,
    ConsentRow,
    Family,
    Purpose,
    Relation,
)
from fhir_server.search.matches import matches

OWNER, OWN, OTHER, NETWORK, CUSTODIAN = 7, 20, 21, 22, 30
NOW = 1_000
ENCOUNTER = 44
LEAF = ConsentPermits(
    own=frozenset({OWN}),
    actors=frozenset({OWN, NETWORK}),
    purpose=Purpose.TREAT,
    at=NOW,
    matrix=0,
    matrix_treating=Family.BASE | Family.MH,
    absolute=Family.NOTES,
    own_withheld=Family.NOTES,
)
RESOURCE = Candidate(
    type="Encounter",
    type_id=ENCOUNTER,
    id="1",
    owner=OWNER,
    patient_id="9",
    custodian=CUSTODIAN,
    labels=Family.BASE,
    last_updated=NOW,
)
TREATS = Relation(patient=OWNER, organization=OWN, since=0, until=FOREVER, source=1)
DENY = ConsentRow(owner=OWNER, deny=True, node=1)
PERMIT = ConsentRow(owner=OWNER, deny=False, node=1, actor=OWN, cover_mask=Family.BASE | Family.MH)


def treated(*rules: ConsentRow, labels: int = Family.BASE) -> Candidate:
    return replace(RESOURCE, relations=(TREATS,), rules=rules, labels=labels)


def told(*rules: ConsentRow, labels: int = Family.BASE) -> Candidate:
    """Of a patient with whom the requester has no relation."""
    return replace(RESOURCE, rules=rules, labels=labels)


def test_directory_is_for_everyone() -> None:
    assert matches(LEAF, replace(RESOURCE, owner=0))


def test_system_work_is_not_bound() -> None:
    assert matches(replace(LEAF, system=True), told(DENY, labels=Family.NOTES))


def test_own_record_is_permitted_but_for_what_is_withheld_from_its_own() -> None:
    own = replace(told(DENY), custodian=OWN)

    assert matches(LEAF, own)
    assert not matches(LEAF, replace(own, labels=Family.BASE | Family.NOTES))


def test_matrix_permits_the_treating_only_where_it_says_so() -> None:
    assert not matches(LEAF, told())
    assert matches(LEAF, treated())
    assert matches(replace(LEAF, matrix=Family.BASE), told())
    assert not matches(LEAF, treated(labels=Family.BASE | Family.SUD))


@pytest.mark.parametrize(
    "relation",
    [
        replace(TREATS, organization=OTHER),
        replace(TREATS, patient=OWNER + 1),
        replace(TREATS, since=NOW + 1),
        replace(TREATS, until=NOW),
    ],
)
def test_relation_must_be_this_one_and_now(relation: Relation) -> None:
    assert not matches(LEAF, replace(RESOURCE, relations=(relation,)))


def test_relation_of_the_network_counts() -> None:
    relation = replace(TREATS, organization=NETWORK, since=NOW, until=NOW + 1)

    assert matches(LEAF, replace(RESOURCE, relations=(relation,)))


def test_self_asserted_relation_counts_for_treatment_only() -> None:
    candidate = replace(RESOURCE, relations=(replace(TREATS, asserted_by_self=True),))

    assert matches(LEAF, candidate)
    assert not matches(replace(LEAF, purpose=Purpose.CAREMGT), candidate)


def test_denial_overrides_the_matrix_and_every_permit() -> None:
    assert not matches(LEAF, treated(DENY))
    assert not matches(LEAF, treated(replace(PERMIT, node=2), DENY))


def test_emergency_overrides_denials_but_no_absolute_prohibition() -> None:
    emergency = replace(LEAF, overrides_denials=True)

    assert matches(emergency, treated(DENY))
    assert not matches(emergency, treated(DENY, labels=Family.BASE | Family.NOTES))


def test_permit_adds_to_the_matrix() -> None:
    assert matches(LEAF, told(PERMIT))
    assert matches(LEAF, told(PERMIT, labels=Family.BASE | Family.MH))
    assert not matches(LEAF, told(PERMIT, labels=Family.BASE | Family.SUD))


def test_several_permits_cover_together() -> None:
    sud = replace(PERMIT, node=2, cover_mask=int(Family.SUD))

    assert matches(LEAF, told(PERMIT, sud, labels=Family.BASE | Family.SUD))


def test_no_permit_lifts_an_absolute_prohibition() -> None:
    permit = replace(PERMIT, cover_mask=int(Family.BASE | Family.NOTES))

    assert not matches(LEAF, told(permit, labels=Family.BASE | Family.NOTES))


def test_permit_that_covers_nothing_adds_nothing() -> None:
    assert not matches(LEAF, told(replace(PERMIT, cover_mask=0)))


EXACT = replace(
    DENY,
    actor=OWN,
    not_actor=OTHER,
    purpose_mask=int(Purpose.TREAT),
    type_id=ENCOUNTER,
    custodian=CUSTODIAN,
    any_mask=int(Family.BASE),
    valid_from=NOW,
    valid_to=NOW + 1,
)


@pytest.mark.parametrize(
    "other",
    [
        replace(EXACT, owner=OWNER + 1),
        replace(EXACT, actor=OTHER),
        replace(EXACT, not_actor=NETWORK),
        replace(EXACT, purpose_mask=int(Purpose.HPAYMT)),
        replace(EXACT, type_id=ENCOUNTER + 1),
        replace(EXACT, custodian=CUSTODIAN + 1),
        replace(EXACT, any_mask=int(Family.SUD)),
        replace(EXACT, valid_from=NOW + 1),
        replace(EXACT, valid_to=NOW),
    ],
)
def test_rule_applies_only_where_every_selector_matches(other: ConsentRow) -> None:
    assert not matches(LEAF, treated(EXACT))
    assert matches(LEAF, treated(other))


def test_rule_for_those_who_treat_goes_by_the_relation() -> None:
    permit = replace(PERMIT, actor=TREATING, cover_mask=int(Family.SUD))
    sud = Family.BASE | Family.SUD

    assert matches(LEAF, treated(permit, labels=sud))
    assert not matches(replace(LEAF, matrix=Family.BASE), told(permit, labels=sud))


def test_exception_decides_in_place_of_its_parent() -> None:
    parent = replace(DENY, has_kids=True)
    exception = replace(PERMIT, node=2, parent=1)

    assert matches(LEAF, told(parent, exception))
    assert not matches(LEAF, told(parent, replace(exception, actor=OTHER)))


def test_exception_of_an_exception_restores_the_denial() -> None:
    parent = replace(DENY, has_kids=True)
    exception = replace(PERMIT, node=2, parent=1, has_kids=True)
    exception_of_it = replace(DENY, node=3, parent=2, custodian=CUSTODIAN)

    assert not matches(LEAF, told(parent, exception, exception_of_it))
