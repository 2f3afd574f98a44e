"""Small random worlds of resources, relations and directives, and what a search in them means.

The meaning is that of search/matches.py; storage is held against it (tests/contract).
"""

from dataclasses import dataclass, replace
from functools import cmp_to_key

from hypothesis import strategies as st

from fhir_server.access.neighbours import confined
from fhir_server.search.candidate import Around, Candidate
from fhir_server.search.expression import (
    And,
    Chain,
    Comparison,
    CompositeIs,
    ConsentPermits,
    DateIn,
    Everything,
    Expression,
    HasValue,
    IdIs,
    Not,
    Nothing,
    NumberIn,
    Or,
    OwnerIs,
    QuantityIn,
    Referrer,
    RefersTo,
    StringContains,
    StringIs,
    StringStarts,
    TokenIn,
    TokenIs,
    UpdatedIn,
    UriBelow,
    UriIs,
)
from fhir_server.search.indexed import (
    CompositeValue,
    Indexed,
    NumberValue,
    Part,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
)
from fhir_server.search.labels import ALL_PURPOSES, TREATING, ConsentRow, Purpose, Relation, Term
from fhir_server.search.matches import matches
from fhir_server.search.parameter import Parameter
from fhir_server.search.params.quantity import BASE_UNITS
from fhir_server.search.query import SortKey
from fhir_server.storage.rows import Address
from tests import builders
from tests.builders import (
    CHANCE,
    CLASS,
    CODE_LENGTH,
    CODE_RANGE,
    CODE_TEXT,
    DATE,
    LENGTH,
    NAME,
    NOW,
    PART_OF,
    PROVIDER,
    SOURCE,
    STATUS,
    SUBJECT,
    Draft,
    date,
)

PATIENTS: tuple[Address, ...] = tuple(("Patient", name) for name in ("ann", "bob", "cy"))
ORGANIZATIONS: tuple[Address, ...] = tuple(("Organization", name) for name in ("mct", "ehr", "ed"))
OPEN = 2**62
LABELS = 15
_INSTANTS = st.integers(0, 12)
_PURPOSES = (Purpose.TREAT, Purpose.ETREAT, Purpose.PUBHLTH)
_CODES, _SYSTEMS = ("a", "b"), ("", "urn:s", "urn:t")
_NAMES = ("a", "ab", "abc", "b", "é", "e\U0001f600")
_URLS = ("http://elsewhere.example/Patient/1", "urn:x")
_PATHS = ("http://a/b", "http://a/b/", "http://a/b/c", "http://a/bc", "http://a", "urn:x")
_NUMBERS = (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 99.5)
_UNITS = ("g", "mg")
_UNIT_SYSTEMS = ("", "http://unitsofmeasure.org", BASE_UNITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A ConsentRow whose actors are named by address."""

    patient: Address
    deny: bool
    actor: Address | None
    treating: bool
    not_actor: Address | None
    custodian: Address | None
    purpose_mask: int
    any_mask: int
    cover_mask: int
    valid: tuple[int, int]
    typed: bool
    node: int
    parent: int
    terms: tuple["RuleTerm", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTerm:
    """A Term whose actors and resources are named by address."""

    actors: frozenset[Address] = frozenset()
    treating: bool = False
    labels: int = 0
    within: int = 0
    resources: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    drafts: tuple[Draft, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """A ConsentPermits whose organisations are named by address."""

    own: frozenset[Address]
    actors: frozenset[Address]
    leaf: ConsentPermits

    def permits(self, keys: dict[Address, int]) -> ConsentPermits:
        return replace(
            self.leaf,
            own=frozenset(keys[address] for address in self.own),
            actors=frozenset(keys[address] for address in self.actors),
        )


def _interval(lo: int, length: int, ends: int) -> tuple[int, int]:
    return (-OPEN if ends == 1 else lo), (OPEN if ends == 2 else lo + length)


intervals = st.builds(_interval, _INSTANTS, st.integers(1, 5), st.sampled_from((0, 0, 0, 1, 2)))
masks = st.integers(0, LABELS)
patients = st.sampled_from(PATIENTS)
organizations = st.sampled_from(ORGANIZATIONS)


@st.composite
def _indexed(draw: st.DrawFn) -> Indexed:
    tokens = st.builds(
        TokenValue,
        param_id=st.sampled_from((CLASS.param_id, STATUS.param_id)),
        system=st.sampled_from(_SYSTEMS),
        code=st.sampled_from(_CODES),
    )
    strings = st.builds(
        lambda of, text: StringValue(param_id=of.param_id, normal=text.casefold(), exact=text),
        st.sampled_from((NAME, NAME, CLASS)),
        st.sampled_from((*_NAMES, "AB")),
    )
    local = st.builds(
        lambda param, address: ReferenceValue(param_id=param, type=address[0], id=address[1]),
        st.sampled_from((SUBJECT.param_id, PROVIDER.param_id)),
        st.sampled_from((*PATIENTS, *ORGANIZATIONS)),
    )
    parts = st.builds(
        lambda name: ReferenceValue(param_id=PART_OF.param_id, type="Encounter", id=name),
        st.sampled_from(("e0", "e1", "e2", "e3", "zz")),
    )
    foreign = st.builds(
        ReferenceValue, param_id=st.just(SUBJECT.param_id), url=st.sampled_from(_URLS)
    )
    return Indexed(
        tokens=tuple(draw(st.sets(tokens, max_size=3))),
        strings=tuple(draw(st.sets(strings, max_size=2))),
        dates=tuple(date(lo, hi) for lo, hi in draw(st.sets(intervals, max_size=2))),
        references=tuple(draw(st.sets(local | foreign | parts | parts, max_size=3))),
        numbers=tuple(draw(st.sets(_numbers, max_size=2))),
        quantities=tuple(draw(st.sets(_quantities, max_size=2))),
        uris=tuple(
            UriValue(param_id=SOURCE.param_id, value=value)
            for value in draw(st.sets(st.sampled_from(_PATHS), max_size=2))
        ),
        composites=tuple(draw(st.sets(_composites(), max_size=3))),
    )


_ranges = st.one_of(
    st.sampled_from(_NUMBERS).map(lambda number: (number, number)),
    st.tuples(st.sampled_from(_NUMBERS), st.sampled_from(_NUMBERS)).map(
        lambda pair: (min(pair), max(pair))
    ),
    st.sampled_from(_NUMBERS).map(lambda number: (number, float("inf"))),
)
_numbers = st.builds(
    lambda found: NumberValue(param_id=CHANCE.param_id, lo=found[0], hi=found[1]), _ranges
)
_quantities = st.builds(
    lambda found, system, code: QuantityValue(
        param_id=LENGTH.param_id, lo=found[0], hi=found[1], system=system, code=code
    ),
    _ranges,
    st.sampled_from(_UNIT_SYSTEMS),
    st.sampled_from(_UNITS),
)


def _composites() -> st.SearchStrategy[CompositeValue]:
    first = st.builds(
        TokenValue,
        param_id=st.just(0),
        system=st.sampled_from(_SYSTEMS),
        code=st.sampled_from(_CODES),
    )
    text = st.builds(
        lambda text: StringValue(param_id=0, normal=text, exact=text), st.sampled_from(_NAMES)
    )
    span = intervals.map(lambda found: date(*found))

    def of(param_id: int, *rest: st.SearchStrategy[Part]) -> st.SearchStrategy[CompositeValue]:
        return st.tuples(first, *rest).map(
            lambda parts: CompositeValue(param_id=param_id, parts=parts)
        )

    return st.one_of(
        of(CODE_LENGTH.param_id, _quantities),
        of(CODE_TEXT.param_id, text),
        of(CODE_TEXT.param_id + 100, span),
        of(CODE_RANGE.param_id, _numbers, _numbers),
    )


_relations = st.tuples(
    patients, organizations, st.integers(NOW - 2, NOW), st.integers(NOW, NOW + 2), st.booleans()
)


@st.composite
def _draft(draw: st.DrawFn, number: int) -> Draft:
    address: Address = ("Encounter", f"e{number}")
    owner = draw(st.sampled_from((*PATIENTS, *PATIENTS, None, address)))
    further = [patient for patient in PATIENTS if patient != owner]
    return Draft(
        id=address[1],
        owner=owner,
        custodian=draw(organizations),
        labels=draw(masks),
        indexed=draw(_indexed()),
        patients=tuple(draw(st.sets(st.sampled_from(further), max_size=1))),
        relations=tuple(draw(st.sets(_relations, max_size=2))),
    )


_terms = st.one_of(
    st.builds(RuleTerm, actors=st.frozensets(organizations, max_size=2), treating=st.booleans()),
    st.builds(RuleTerm, labels=masks),
    st.builds(RuleTerm, within=masks),
    st.builds(
        RuleTerm,
        resources=st.frozensets(st.sampled_from([("Encounter", f"e{n}") for n in range(4)])),
    ),
)


@st.composite
def _rules(draw: st.DrawFn, patient: Address) -> tuple[Rule, ...]:
    some = st.none() | organizations
    return tuple(
        Rule(
            patient=patient,
            deny=draw(st.booleans()),
            actor=draw(some),
            treating=draw(st.sampled_from((False, False, True))),
            not_actor=draw(st.none() | some),
            custodian=draw(some),
            purpose_mask=draw(st.sampled_from((ALL_PURPOSES, 1, 4, 5))),
            any_mask=draw(st.sampled_from((511, 1, 2, 6))),
            cover_mask=draw(masks),
            valid=draw(st.sampled_from(((0, OPEN), (0, NOW), (NOW, NOW + 1), (NOW + 1, OPEN)))),
            typed=draw(st.booleans()),
            node=node,
            parent=draw(st.integers(0, node - 1)),
            terms=tuple(draw(st.just([]) | st.lists(_terms, max_size=2))),
        )
        for node in range(1, draw(st.integers(0, 5)) + 1)
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    drafts = [draw(_draft(number)) for number in range(draw(st.integers(1, 8)))]
    rules = [rule for patient in PATIENTS for rule in draw(_rules(patient))]
    return World(drafts=tuple(drafts), rules=tuple(rules))


@st.composite
def requesters(draw: st.DrawFn) -> Requester:
    return Requester(
        own=draw(st.frozensets(organizations, max_size=2)),
        actors=draw(st.frozensets(organizations, max_size=3)),
        leaf=ConsentPermits(
            own=frozenset(),
            actors=frozenset(),
            purpose=int(draw(st.sampled_from(_PURPOSES))),
            at=NOW,
            matrix=draw(masks),
            matrix_treating=draw(masks),
            absolute=draw(st.sampled_from((0, 0, 8, 3))),
            own_withheld=draw(st.sampled_from((0, 8))),
            overrides_denials=draw(st.booleans()),
            system=draw(st.sampled_from((False, False, False, True))),
        ),
    )


def _leaves() -> st.SearchStrategy[Expression]:
    comparisons = st.sampled_from(Comparison)
    spans = st.tuples(_INSTANTS, st.integers(1, 4))
    tokens = st.sampled_from((CLASS, STATUS))
    numbers = st.builds(
        lambda comparison, found: NumberIn(
            parameter=CHANCE, comparison=comparison, lo=found[0], hi=found[1]
        ),
        comparisons,
        _ranges,
    )
    quantities = st.builds(
        lambda comparison, found, unit: QuantityIn(
            parameter=LENGTH,
            comparison=comparison,
            lo=found[0],
            hi=found[1],
            system=unit[0],
            code=unit[1],
        ),
        comparisons,
        _ranges,
        st.tuples(st.none() | st.sampled_from(_UNIT_SYSTEMS), st.none() | st.sampled_from(_UNITS)),
    )
    return st.one_of(
        st.builds(
            TokenIs,
            parameter=tokens,
            system=st.none() | st.sampled_from(_SYSTEMS),
            code=st.sampled_from(_CODES),
        ),
        st.builds(TokenIs, parameter=tokens, system=st.sampled_from(_SYSTEMS), code=st.none()),
        st.builds(
            lambda comparison, span: DateIn(
                parameter=DATE, comparison=comparison, lo=span[0], hi=sum(span)
            ),
            comparisons,
            spans,
        ),
        st.builds(
            lambda comparison, span: UpdatedIn(
                comparison=comparison, lo=NOW + span[0], hi=NOW + sum(span)
            ),
            comparisons,
            spans,
        ),
        st.builds(
            StringStarts,
            parameter=st.sampled_from((NAME, CLASS)),
            prefix=st.sampled_from(("", *_NAMES)),
        ),
        st.builds(
            lambda text: StringIs(parameter=NAME, normal=text.casefold(), exact=text),
            st.sampled_from(("AB", "ab", "é")),
        ),
        st.builds(StringContains, parameter=st.just(NAME), part=st.sampled_from(("b", "c", "é"))),
        st.builds(
            TokenIn,
            parameter=tokens,
            system=st.sampled_from(_SYSTEMS),
            codes=st.frozensets(st.sampled_from(("a", "b", "z")), max_size=2),
        ),
        numbers,
        quantities,
        st.builds(UriIs, parameter=st.just(SOURCE), value=st.sampled_from(_PATHS)),
        st.builds(UriBelow, parameter=st.just(SOURCE), url=st.sampled_from(_PATHS)),
        _composed(numbers, quantities),
        st.builds(
            HasValue,
            parameter=st.sampled_from(
                (CLASS, NAME, DATE, SUBJECT, LENGTH, CHANCE, SOURCE, CODE_LENGTH)
            ),
        ),
        st.builds(
            lambda param, address: RefersTo(parameter=param, type=address[0], id=address[1]),
            st.sampled_from((SUBJECT, PROVIDER)),
            st.sampled_from((*PATIENTS, *ORGANIZATIONS, ("Patient", "nobody"))),
        ),
        st.builds(RefersTo, parameter=st.just(SUBJECT), url=st.sampled_from(_URLS)),
        st.builds(
            IdIs,
            ids=st.lists(st.sampled_from(("e0", "e1", "e5", "zz")), max_size=3).map(tuple),
        ),
        st.builds(OwnerIs, patient_id=st.sampled_from(("ann", "bob", "nobody"))),
        st.sampled_from((Everything(), Nothing())),
    )


def _composed(
    numbers: st.SearchStrategy[NumberIn], quantities: st.SearchStrategy[QuantityIn]
) -> st.SearchStrategy[CompositeIs]:
    first = st.builds(
        TokenIs,
        parameter=st.just(CLASS),
        system=st.none() | st.sampled_from(_SYSTEMS),
        code=st.none() | st.sampled_from(_CODES),
    )
    texts = st.builds(StringStarts, parameter=st.just(NAME), prefix=st.sampled_from(_NAMES))
    return st.one_of(
        st.tuples(first, quantities).map(
            lambda parts: CompositeIs(parameter=CODE_LENGTH, parts=parts)
        ),
        st.tuples(first, texts).map(lambda parts: CompositeIs(parameter=CODE_TEXT, parts=parts)),
        st.tuples(first, numbers, numbers).map(
            lambda parts: CompositeIs(parameter=CODE_RANGE, parts=parts)
        ),
    )


def expressions() -> st.SearchStrategy[Expression]:
    def grown(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        operands = st.lists(inner, max_size=3).map(tuple)
        return st.one_of(
            st.builds(And, operands=operands),
            st.builds(And, operands=operands),
            st.builds(Or, operands=operands),
            st.builds(Not, operand=inner),
            st.builds(Chain, parameter=st.just(PART_OF), type=st.just("Encounter"), where=inner),
            st.builds(Referrer, parameter=st.just(PART_OF), type=st.just("Encounter"), where=inner),
        )

    return st.recursive(_leaves(), grown, max_leaves=5)


def sorts() -> st.SearchStrategy[tuple[SortKey, ...]]:
    others = (STATUS, LENGTH, CHANCE, SOURCE, PART_OF)
    keys = st.builds(
        SortKey,
        parameter=st.sampled_from((DATE, NAME, DATE, NAME, *others)),
        descending=st.booleans(),
    )
    columns = st.builds(SortKey, by_id=st.booleans(), descending=st.booleans())
    return st.lists(keys | keys | columns, max_size=2).map(tuple)


def consent_rows(world: World, keys: dict[Address, int], type_id: int) -> list[ConsentRow]:
    """Return the rules of all patients; a node has kids if another names it as parent."""
    parents = {(rule.patient, rule.parent) for rule in world.rules}
    return [
        ConsentRow(
            owner=keys[rule.patient],
            deny=rule.deny,
            actor=TREATING if rule.treating else keys[rule.actor] if rule.actor else 0,
            not_actor=keys[rule.not_actor] if rule.not_actor else 0,
            purpose_mask=rule.purpose_mask,
            type_id=type_id if rule.typed else 0,
            custodian=keys[rule.custodian] if rule.custodian else 0,
            any_mask=rule.any_mask,
            cover_mask=rule.cover_mask,
            valid_from=rule.valid[0],
            valid_to=rule.valid[1],
            node=rule.node,
            parent=rule.parent,
            has_kids=(rule.patient, rule.node) in parents,
            terms=tuple(_term(term, keys) for term in rule.terms),
        )
        for rule in world.rules
    ]


def _term(term: RuleTerm, keys: dict[Address, int]) -> Term:
    actors = {keys[address] for address in term.actors} | ({TREATING} if term.treating else set())
    return Term(
        actors=frozenset(actors),
        labels=term.labels,
        within=term.within,
        resources=frozenset(keys.get(address, -7) for address in term.resources),
    )


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The resources of a world, to which its chains lead."""

    all: tuple[Candidate, ...]

    def of(self, type_: str) -> tuple[Candidate, ...]:
        return tuple(found for found in self.all if found.type == type_)


def candidate(
    draft: Draft,
    world: World,
    keys: dict[Address, int],
    rules: list[ConsentRow],
    last_updated: int,
) -> Candidate:
    """Return the resource as its owner's, with what it is to its further patients."""
    first, *others = _faces(draft, world, keys, rules, last_updated)
    return replace(first, also=tuple(others))


def _faces(
    draft: Draft,
    world: World,
    keys: dict[Address, int],
    rules: list[ConsentRow],
    last_updated: int,
) -> list[Candidate]:
    """Return the resource as each of its patients' resource: its owner's first."""
    type_ids = {rule.type_id for rule in rules} - {0}
    relations = [
        Relation(
            patient=keys[patient],
            organization=keys[organization],
            since=since,
            until=until,
            source=0,
            asserted_by_self=by_self,
        )
        for other in world.drafts
        for patient, organization, since, until, by_self in other.relations
    ]
    owners = [draft.owner, *draft.patients]
    return [
        Candidate(
            type=draft.type,
            type_id=next(iter(type_ids), 1),
            id=draft.id,
            key=keys[draft.type, draft.id],
            owner=keys[owner] if owner else 0,
            patient_id=owner[1] if owner and owner[0] == "Patient" else None,
            custodian=keys[draft.custodian],
            labels=draft.labels,
            last_updated=last_updated,
            indexed=draft.indexed,
            relations=tuple(found for found in relations if owner and found.patient == keys[owner]),
            rules=tuple(rule for rule in rules if owner and rule.owner == keys[owner]),
        )
        for owner in owners
    ]


def meant(where: Expression, permits: ConsentPermits, found: Candidate, around: Around) -> bool:
    """Return whether a resource is to be found, by a query whose chains are confined too."""
    inner = confined(where, lambda _: permits)
    return matches(inner, found, around) and matches(permits, found)


def in_order(found: list[tuple[Candidate, int]], sort: tuple[SortKey, ...]) -> list[str]:
    """Return the ids in the order that `sort` asks for; the numbers are the resources' keys."""
    keys = sort or (SortKey(descending=True),)

    def compare(one: tuple[Candidate, int], other: tuple[Candidate, int]) -> int:
        for key in keys:
            left, right = _value(one[0], key), _value(other[0], key)
            if left != right:
                if left is None or right is None:
                    return 1 if left is None else -1
                return (1 if left > right else -1) * (-1 if key.descending else 1)
        return (one[1] - other[1]) * (-1 if keys[-1].descending else 1)

    return [candidate.id for candidate, _ in sorted(found, key=cmp_to_key(compare))]


def _value(candidate: Candidate, key: SortKey) -> tuple[float, bytes] | None:
    if key.by_id:
        return 0, candidate.id.encode()
    if key.parameter is None:
        return candidate.last_updated, b""
    pick = max if key.descending else min
    return pick(
        _sorted_by(candidate.indexed, key.parameter, descending=key.descending), default=None
    )


def _sorted_by(  # noqa: PLR0911 - one for each kind of index
    indexed: Indexed, of: Parameter, *, descending: bool
) -> list[tuple[float, bytes]]:
    match of:
        case builders.DATE:
            return [(value.lo, b"") for value in indexed.dates if value.param_id == of.param_id]
        case builders.STATUS:
            tokens = (value for value in indexed.tokens if value.param_id == of.param_id)
            return [(0, value.code.encode()) for value in tokens]
        case builders.SOURCE:
            return [(0, value.value.encode()) for value in indexed.uris]
        case builders.PART_OF:
            ids = (value.id for value in indexed.references if value.param_id == of.param_id)
            return [(0, id_.encode()) for id_ in ids if id_]
        case builders.CHANCE:
            return [(value.hi if descending else value.lo, b"") for value in indexed.numbers]
        case builders.LENGTH:
            found = indexed.quantities
            based = [value for value in found if value.system == BASE_UNITS]
            return [(value.hi if descending else value.lo, b"") for value in based or found]
        case _:
            texts = (value for value in indexed.strings if value.param_id == of.param_id)
            return [(0, value.normal.encode()) for value in texts]
