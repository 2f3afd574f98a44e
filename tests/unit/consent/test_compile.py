"""Directives as rows: what is cut, what is left out."""

from dataclasses import replace

from fhir_server.consent.compile import GENERAL, compile_rules
from fhir_server.consent.model import Directive
from fhir_server.consent.purposes import ANY_BUT_EMERGENCIES
from fhir_server.search.labels import ALL_FAMILIES, ConsentRow, Family

ANA, MCT, EHR_1, EHR_2 = range(1, 5)


def directive(*, permit: bool = False, made: int = 1) -> Directive:
    return Directive(
        custodian=MCT,
        series=(MCT, (), (), False),
        made=(made, made),
        effective=made,
        permit=permit,
        recipients=frozenset({EHR_1}),
        purposes=ANY_BUT_EMERGENCIES,
    )


def compiled(*directives: Directive, at: int = 0) -> tuple[ConsentRow, ...]:
    return compile_rules(directives, owner=ANA, at=at)


def test_a_denial_is_one_row() -> None:
    assert compiled(directive()) == (
        ConsentRow(
            owner=ANA,
            deny=True,
            actor=EHR_1,
            purpose_mask=ANY_BUT_EMERGENCIES,
            custodian=MCT,
            any_mask=int(ALL_FAMILIES),
            valid_from=1,
            node=1,
        ),
    )


def test_a_later_directive_cuts_the_earlier() -> None:
    first, second = compiled(directive(made=5, permit=True), directive(made=2))

    assert (first.deny, first.valid_from, first.valid_to) == (True, 2, 5)
    assert not second.deny
    assert second.cover_mask == GENERAL


def test_a_revoked_directive_cuts_and_gives_no_row() -> None:
    (row,) = compiled(directive(), replace(directive(made=3), active=False))

    assert row.valid_to == 3


def test_a_directive_of_another_series_cuts_nothing() -> None:
    other = replace(directive(made=3), series=(MCT, ("X",), (), False))

    assert len(compiled(directive(), other)) == 2


def test_what_is_over_is_left_out() -> None:
    assert compiled(replace(directive(), ends=10), at=10) == ()
    assert len(compiled(replace(directive(), ends=10), at=9)) == 1


def test_alternatives_are_rows_of_their_own() -> None:
    wide = replace(directive(), recipients=frozenset({EHR_1, EHR_2}), types=frozenset({10, 20}))

    rows = compiled(wide)

    assert {(row.actor, row.type_id) for row in rows} == {
        (EHR_1, 10),
        (EHR_1, 20),
        (EHR_2, 10),
        (EHR_2, 20),
    }
    assert {row.node for row in rows} == {1}


def test_a_permit_that_adds_nothing_is_no_row() -> None:
    permit = directive(permit=True)

    assert compiled(replace(permit, recipients=None)) == ()
    assert compiled(replace(permit, recipients=frozenset())) == ()
    assert compiled(replace(permit, names=Family(0))) == ()
    assert compiled(replace(permit, purposes=0)) == ()
    assert compiled(replace(permit, bears=Family(0))) == ()


def test_cover_of_labelled_permits() -> None:
    permit = directive(permit=True)

    def cover(**changes: object) -> Family:
        (row,) = compiled(replace(permit, **changes))  # type: ignore[arg-type]
        return Family(row.cover_mask)

    assert cover(names=Family.MH) == Family.MH | Family.BASE
    assert cover(names=Family.NOTES) == Family.NOTES | Family.BASE
    assert cover(names=Family.NOTES | Family.MH) == Family.MH | Family.BASE
    assert cover(names=Family.PART2 | Family.SUD) == Family.SUD | Family.BASE
    assert cover(names=Family.SUD, part2=True) == Family.SUD | Family.BASE | Family.PART2
    assert cover(part2=True) == GENERAL | Family.PART2
