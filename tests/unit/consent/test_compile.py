"""Directives as rows: what is cut, what is left out."""

from dataclasses import replace

from fhir_server.consent.compile import GENERAL, compile_rules
from fhir_server.consent.model import Content, Directive, Meaning, Narrowing, Provision
from fhir_server.consent.purposes import ANY_BUT_EMERGENCIES
from fhir_server.search.labels import ALL_FAMILIES, OLD_VERSION, ConsentRow, Family, Term

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


def test_an_exception_is_a_row_with_the_selectors_of_its_parent() -> None:
    nested = Provision(permit=False, purposes=ANY_BUT_EMERGENCIES, bears=Family.SUD)
    root = replace(directive(permit=True), types=frozenset({10}), exceptions=(nested,))

    permit, deny = compiled(root)

    assert permit.has_kids
    assert (deny.parent, deny.actor, deny.type_id) == (permit.node, EHR_1, 10)
    assert deny.any_mask == Family.SUD


def test_what_a_permit_covers_is_what_all_permits_above_it_name() -> None:
    inner = Provision(
        permit=True, purposes=ANY_BUT_EMERGENCIES, bears=Family.MH, names=Family.MH | Family.HIV
    )
    root = replace(directive(permit=True), names=Family.MH | Family.SUD, exceptions=(inner,))

    assert [row.cover_mask for row in compiled(root)][1] == Family.BASE | Family.MH
    other = replace(inner, names=Family.HIV)
    assert [row.cover_mask for row in compiled(replace(root, exceptions=(other,)))][1] == 0


def test_notes_need_an_authorization_of_their_own() -> None:
    inner = Provision(permit=True, purposes=ANY_BUT_EMERGENCIES, names=Family.NOTES)
    alone = replace(
        directive(), recipients=None, exceptions=(replace(inner, recipients=frozenset({EHR_1})),)
    )
    combined = replace(directive(permit=True), names=Family.MH, exceptions=(inner,))

    assert compiled(alone)[1].cover_mask == Family.NOTES | Family.BASE
    assert not any(row.cover_mask & Family.NOTES for row in compiled(combined))


def test_a_second_selector_of_actors_or_labels_is_a_term() -> None:
    inner = Provision(
        permit=True,
        purposes=ANY_BUT_EMERGENCIES,
        recipients=frozenset({EHR_1, MCT}),
        bears=Family.HIV | Family.SUD,
    )
    root = replace(
        directive(),
        recipients=frozenset({EHR_1, EHR_2}),
        bears=Family.MH | Family.SUD,
        exceptions=(inner,),
    )

    rows = [row for row in compiled(root) if not row.deny]

    assert {row.actor for row in rows} == {EHR_1, EHR_2}
    assert rows[0].terms == (
        Term(actors=frozenset({EHR_1, MCT})),
        Term(labels=Family.HIV | Family.SUD),
    )


def test_rare_selectors_are_the_resources_that_match() -> None:
    there = Content(key=7, address=("Observation", "1"), type_id=20)
    narrowing = Narrowing(data=frozenset({(Meaning.INSTANCE, there.address)}))
    other = replace(there, key=8, address=("Observation", "2"))
    permit = replace(directive(permit=True), narrowing=narrowing)

    def resources(found: Directive) -> frozenset[int]:
        (row,) = compile_rules([found], owner=ANA, at=0, contents=[there, other])
        (term,) = row.terms
        return term.resources

    assert resources(permit) == {7}
    assert resources(replace(permit, permit=False)) == {7, OLD_VERSION}


def test_what_can_never_match_is_left_out_with_its_exceptions() -> None:
    inner = Provision(permit=True, purposes=ANY_BUT_EMERGENCIES, types=frozenset({20}))
    root = replace(directive(), types=frozenset({10}), exceptions=(inner,))

    assert len(compiled(root)) == 1
    over = replace(inner, types=None, until=5)
    assert len(compiled(replace(root, exceptions=(over,)), at=5)) == 1
    unspoken = replace(inner, types=None, purposes=0)
    assert len(compiled(replace(root, exceptions=(unspoken,)))) == 1
