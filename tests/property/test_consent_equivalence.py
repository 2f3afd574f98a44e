"""Lock 3 of the gate: decide == matches(plan), for any directives, resource and requester.

That SQL says what the plan means is the business of storage's contract suite.
"""

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.consent.compile import compile_rules
from fhir_server.consent.decide import decide
from fhir_server.consent.model import (
    Asked,
    Content,
    Directive,
    Meaning,
    Narrowing,
    Provision,
    Request,
)
from fhir_server.consent.plan import directory_only, plan
from fhir_server.consent.purposes import ANY_BUT_EMERGENCIES, EMERGENCIES, spoken_of
from fhir_server.search.candidate import Candidate
from fhir_server.search.labels import (
    ALL_FAMILIES,
    OLD_VERSION,
    TREATING,
    ConsentRow,
    Family,
    Purpose,
    Relation,
)
from fhir_server.search.permits import permits

ANA = 100
# The resource that is asked for, one that it refers to, and one that refers to it.
KEY, ITSELF, TARGET, SOURCE = 7, ("Observation", "1"), ("Encounter", "1"), ("Provenance", "1")
CUSTODIAN, NAMED, OTHER = 1, 2, 3
ORGANIZATIONS = (CUSTODIAN, NAMED, OTHER)
TYPES = (10, 20)
NOW = 4

some_families = st.sets(st.sampled_from(list(Family)), max_size=3).map(
    lambda chosen: Family(sum(chosen))
)
named = st.none() | st.sampled_from(
    (
        Family(0),
        Family.MH,
        Family.MH | Family.SUD,
        Family.NOTES,
        Family.NOTES | Family.MH,
        Family.PART2 | Family.SUD,
        Family.HIV | Family.LAW_ENFORCEMENT,
    )
)
# Skewed to what is common, so that directives meet each other and the resources asked for.
organizations = st.sampled_from((CUSTODIAN, CUSTODIAN, CUSTODIAN, OTHER))
recipients = st.sampled_from(
    (None, frozenset({NAMED}), frozenset({NAMED}), frozenset({TREATING}), frozenset({OTHER, NAMED}))
)
times = st.integers(0, 6)
purposes = st.sampled_from(
    (
        (1 << 62) - 1,
        ANY_BUT_EMERGENCIES,
        spoken_of(["TREAT"]),
        spoken_of(["HOPERAT", "ETREAT"]),
        0,
    )
)


codes = st.sampled_from((("urn:s", "a"), ("urn:s", "b"), ("", "a")))
narrowings = st.builds(
    Narrowing,
    codes=st.none() | st.frozensets(codes, min_size=1, max_size=2),
    classes=st.none()
    | st.tuples(
        st.frozensets(st.sampled_from(TYPES), max_size=1),
        st.frozensets(st.sampled_from(("p", "q")), max_size=1),
    ),
    period=st.none() | st.sampled_from(((0, 3), (2, 9), (5, 6))),
    data=st.none()
    | st.frozensets(
        st.tuples(st.sampled_from(Meaning), st.sampled_from((ITSELF, TARGET, SOURCE))),
        min_size=1,
        max_size=2,
    ),
)
narrowed = st.none() | st.none() | narrowings


@st.composite
def exceptions(draw: st.DrawFn, above: int, depth: int = 3) -> tuple[Provision, ...]:
    """Exceptions to a provision that speaks of the purposes `above`.

    As parse makes them: below, fewer requests are spoken of, and emergencies where one names them.
    """
    found = []
    for _ in range(draw(st.integers(0, 2 if depth else 0))):
        spoken = draw(st.sampled_from((above, above, above & spoken_of(["TREAT"]))))
        if above == ANY_BUT_EMERGENCIES:
            spoken = draw(st.sampled_from((spoken, int(EMERGENCIES))))
        permit = draw(st.booleans())
        found.append(
            Provision(
                permit=permit,
                recipients=draw(recipients),
                purposes=spoken,
                types=draw(st.sampled_from((None, None, frozenset({10})))),
                bears=draw(st.just(ALL_FAMILIES) | some_families),
                names=draw(named) if permit else None,
                since=draw(st.sampled_from((0, 0, NOW))),
                until=draw(st.sampled_from((100, 100, NOW))),
                narrowing=draw(narrowed),
                exceptions=draw(exceptions(spoken, depth - 1)),
            )
        )
    return tuple(found)


contents = st.none() | st.builds(
    Content,
    key=st.just(KEY),
    address=st.just(ITSELF),
    type_id=st.sampled_from(TYPES),
    profiles=st.frozensets(st.sampled_from(("p", "q")), max_size=1),
    codings=st.frozensets(st.sampled_from((("urn:s", "a"), ("urn:t", "a"))), max_size=2),
    period=st.none() | st.sampled_from(((0, 1), (2, 4), (5, 9))),
    authors=st.sampled_from((frozenset(), frozenset({TARGET}))),
    refers_to=st.sampled_from((frozenset(), frozenset({TARGET}))),
    referred_by=st.sampled_from((frozenset(), frozenset({SOURCE}))),
)


@st.composite
def directives(draw: st.DrawFn) -> Directive:
    custodian = draw(organizations)
    part2 = draw(st.booleans())
    permit = draw(st.booleans())
    spoken = draw(purposes)
    return Directive(
        custodian=custodian,
        series=(custodian, (draw(st.sampled_from("aab")),), (), part2),
        made=(draw(times), draw(st.integers(0, 99))),
        permit=permit,
        effective=draw(times),
        ends=draw(st.sampled_from((100, 100, 100, NOW, NOW + 1))),
        active=draw(st.sampled_from((True, True, True, False))),
        part2=part2,
        recipients=draw(recipients | st.just(frozenset[int]()) if permit else recipients),
        purposes=spoken,
        types=draw(st.sampled_from((None, None, frozenset({10}), frozenset({10, 20})))),
        bears=draw(st.just(ALL_FAMILIES) | some_families),
        names=draw(named) if permit else None,
        narrowing=draw(narrowed),
        exceptions=draw(exceptions(spoken)),
    )


def made_apart(found: list[Directive]) -> bool:
    """Keys are unique, so that no two directives are made at once."""
    return len({one.made for one in found}) == len(found)


# One permit that surely speaks stands in each file, unless another replaces it.
permits_that_speak = st.builds(
    Directive,
    custodian=st.just(CUSTODIAN),
    series=st.sampled_from(((CUSTODIAN, ("a",), (), True), (CUSTODIAN, ("c",), (), False))),
    made=st.just((0, 100)),
    permit=st.sampled_from((True,)),
    part2=st.booleans(),
    recipients=st.sampled_from((frozenset({NAMED}), frozenset({TREATING}))),
    purposes=purposes,
    names=named,
)
files = st.builds(
    lambda permit, others: [permit, *others],
    permits_that_speak,
    st.lists(directives(), max_size=4),
).filter(made_apart)
requests = st.builds(
    Request,
    organization=st.sampled_from(ORGANIZATIONS),
    actors=st.just(frozenset({NAMED})),
    purpose=st.sampled_from(list(Purpose)),
    at=times,
    medical_personnel=st.booleans(),
    treats=st.booleans(),
    treats_by_own_word=st.booleans(),
)
# Labels of a person's resource always hold BASE (labels.py).
resources = st.builds(
    Asked,
    type_id=st.sampled_from(TYPES),
    custodian=organizations,
    families=some_families.map(lambda found: found | Family.BASE),
    about_person=st.booleans(),
    content=contents,
)
# Every file is asked by each of these for each of these.
REQUESTERS = tuple(
    Request(
        organization=organization,
        actors=frozenset({organization, 9}),
        purpose=purpose,
        at=NOW,
        medical_personnel=True,
        treats=treats,
        treats_by_own_word=not treats,
    )
    for organization in ORGANIZATIONS
    for purpose in (Purpose.TREAT, Purpose.COC, Purpose.HOPERAT, Purpose.ETREAT, Purpose.LEFIELD)
    for treats in (True, False)
)
FAMILIES = tuple(
    Family.BASE | more
    for more in (
        Family(0),
        Family.MH,
        Family.MH | Family.SUD,
        Family.SUD | Family.PART2,
        Family.HIV,
        Family.MH | Family.NOTES,
        Family.LAW_ENFORCEMENT,
    )
)


def candidate(request: Request, asked: Asked, rules: tuple[ConsentRow, ...]) -> Candidate:
    """Return the resource as a search sees it, with its owner's relations and rules."""
    words = [(request.treats, False), (request.treats_by_own_word, True)]
    relations = tuple(
        Relation(
            patient=ANA,
            organization=min(request.actors),
            since=0,
            until=100,
            source=1,
            asserted_by_self=own,
        )
        for treats, own in words
        if treats
    )
    return Candidate(
        type="Observation",
        type_id=asked.type_id,
        id="1",
        owner=ANA if asked.about_person else 0,
        custodian=asked.custodian,
        labels=int(asked.families),
        last_updated=0,
        relations=relations,
        key=OLD_VERSION if asked.content is None else KEY,
        rules=rules,
    )


def compiled(asked: Asked, file: list[Directive], at: int = 0) -> tuple[ConsentRow, ...]:
    return compile_rules(file, owner=ANA, at=at, contents=filed(asked))


def filed(asked: Asked) -> list[Content]:
    """Return the patient's resources."""
    return [] if asked.content is None else [asked.content]


@given(files, organizations, st.sampled_from(TYPES), contents)
def test_the_plan_permits_exactly_what_decide_permits(
    file: list[Directive], custodian: int, type_id: int, content: Content | None
) -> None:
    rules = compile_rules(file, owner=ANA, at=0, contents=[] if content is None else [content])
    for request in REQUESTERS:
        for families in FAMILIES:
            asked = Asked(type_id=type_id, custodian=custodian, families=families, content=content)
            decided = decide(request, asked, file).permitted

            assert permits(plan(request), candidate(request, asked, rules)) == decided


@given(requests, resources, files)
def test_any_requester_gets_what_decide_permits(
    request: Request, asked: Asked, file: list[Directive]
) -> None:
    decided = decide(request, asked, file).permitted

    assert permits(plan(request), candidate(request, asked, compiled(asked, file))) == decided


@given(requests, resources, files)
def test_rules_compiled_later_decide_the_same(
    request: Request, asked: Asked, file: list[Directive]
) -> None:
    late = compiled(asked, file, request.at)

    assert (
        permits(plan(request), candidate(request, asked, late))
        == decide(request, asked, file).permitted
    )


@given(requests, resources, files, directives())
def test_a_denial_of_a_new_series_never_permits(
    request: Request, asked: Asked, file: list[Directive], denial: Directive
) -> None:
    new = Directive(
        custodian=denial.custodian,
        series=(denial.custodian, ("new",), (), False),
        made=(9, 999),
        permit=False,
        purposes=denial.purposes,
        bears=denial.bears,
    )

    with_it = decide(request, asked, [*file, new]).permitted

    assert not with_it or decide(request, asked, file).permitted


def never_denies(provision: Provision) -> bool:
    return provision.permit and all(map(never_denies, provision.exceptions))


@given(requests, resources, files)
def test_taking_a_permit_away_never_permits(
    request: Request, asked: Asked, file: list[Directive]
) -> None:
    """A permit of a series of its own: within a series it may have replaced a denial."""
    alone = [one for one in file if [two.series for two in file].count(one.series) == 1]
    permit = next((one for one in alone if never_denies(one)), None)
    less = [one for one in file if one is not permit]

    assert decide(request, asked, file).permitted or not decide(request, asked, less).permitted


@given(
    requests, resources, files.flatmap(lambda file: st.tuples(st.just(file), st.permutations(file)))
)
def test_the_order_of_directives_does_not_matter(
    request: Request, asked: Asked, both: tuple[list[Directive], list[Directive]]
) -> None:
    file, shuffled = both

    assert decide(request, asked, shuffled) == decide(request, asked, file)


@given(requests, resources, files)
def test_more_labels_never_permit(request: Request, asked: Asked, file: list[Directive]) -> None:
    """Without directives: a labelled resource is at least as restricted as a bare one."""
    del file
    bare = Asked(type_id=asked.type_id, custodian=asked.custodian, families=Family.BASE)
    full = Asked(type_id=asked.type_id, custodian=asked.custodian, families=asked.families)

    assert decide(request, bare, []).permitted or not decide(request, full, []).permitted


@given(requests, resources, files)
def test_directory_only_permits_nothing_about_a_person(
    request: Request, asked: Asked, file: list[Directive]
) -> None:
    leaf = directory_only(plan(request, system=True))

    assert permits(leaf, candidate(request, asked, compiled(asked, file))) is not asked.about_person
