"""Directives as effective rules: the rows that a search tests, one probe per candidate.

One row per provision (and alternative of recipient and type), with the selectors of all provisions
above it; a row decides where no exception of it matches. Supersession is cut out in time here and
nowhere else: a directive that a later one of its series replaced does not revive when the later
one ends or is revoked. Rows bind only what the Consent's own custodian holds.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TypeVar

from fhir_server.consent.model import Content, Directive, Narrowing, Provision, Series
from fhir_server.consent.narrowing import concerns
from fhir_server.search.labels import ALL_FAMILIES, OLD_VERSION, ConsentRow, Family, Term

# What a permit without labels covers: never Part 2, notes, police details, anonymous contacts.
GENERAL = Family.BASE | Family.MH | Family.SUD | Family.HIV | Family.SDV

_T = TypeVar("_T")
_S = TypeVar("_S", frozenset[int], Family)


def compile_rules(
    directives: Sequence[Directive], *, owner: int, at: int, contents: Sequence[Content] = ()
) -> tuple[ConsentRow, ...]:
    """Return the rules of a patient that hold at `at` (microseconds) or later.

    `contents` are the patient's resources, wanted where a directive has rare selectors.
    """
    rows: list[ConsentRow] = []
    numbers = count(1)
    for series in _by_series(directives).values():
        for place, directive in enumerate(series):
            until = min([directive.ends, *(later.effective for later in series[place + 1 :])])
            if directive.active and max(directive.effective, at) < until:
                path = _Path(since=directive.effective, until=until, types=None)
                tree = _Tree(directive, owner=owner, at=at, contents=contents, numbers=numbers)
                rows.extend(tree.rows(directive, path))
    return tuple(rows)


def _by_series(directives: Sequence[Directive]) -> dict[Series, list[Directive]]:
    series: defaultdict[Series, list[Directive]] = defaultdict(list)
    for directive in sorted(directives, key=lambda found: found.made):
        series[directive.series].append(directive)
    return series


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    """The selectors of a provision and of all above it; `names` is what its permits name.

    `within`: beside which families a resource bears none, for exceptions that lift a denial for
    these alone. `node`: the number of the last provision, 0 above the root, and `permit` its type.
    """

    since: int
    until: int
    types: frozenset[int] | None
    recipients: tuple[frozenset[int], ...] = ()
    bears: tuple[Family, ...] = ()
    names: tuple[Family, ...] = ()
    narrowings: tuple[tuple[Narrowing, bool], ...] = ()
    within: tuple[Family, ...] = ()
    node: int = 0
    permit: bool = True

    def below(self, provision: Provision, node: int, *, part2: bool) -> "_Path":
        """Return the path on to a provision."""
        types = provision.types
        if types is not None and self.types is not None:
            types &= self.types
        named = provision.names if provision.permit else None
        narrowing = provision.narrowing
        return replace(
            self,
            since=max(self.since, provision.since),
            until=min(self.until, provision.until),
            types=self.types if types is None else types,
            recipients=_least([*self.recipients, *_given(provision.recipients)]),
            bears=_least([*self.bears, *_given(provision.bears)]),
            names=(*self.names, *_given(named)),
            narrowings=(
                self.narrowings
                if narrowing is None
                else (*self.narrowings, (narrowing, provision.permit))
            ),
            within=(
                self.within
                if self.permit or named is None
                else (*self.within, _lifted(named, part2=part2))
            ),
            node=node,
            permit=provision.permit,
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing can match, neither the provision nor an exception of it."""
        impossible = self.types == frozenset() or not all(self.bears) or not all(self.recipients)
        return impossible or self.since >= self.until


@dataclass(frozen=True, slots=True)
class _Tree:
    """One directive; `contents` are the resources of its patient."""

    directive: Directive
    owner: int
    at: int
    contents: Sequence[Content]
    numbers: "count[int]"

    def rows(self, provision: Provision, above: _Path) -> Iterator[ConsentRow]:
        """Yield a row per alternative of recipient and type, then those of the exceptions."""
        path = above.below(provision, next(self.numbers), part2=self.directive.part2)
        if path.is_empty or path.until <= self.at:
            return
        below = [row for found in provision.exceptions for row in self.rows(found, path)]
        cover = self._cover(provision, path)
        # A root that permits nothing is an exception to nothing.
        if provision.purposes and (above.node or cover or not provision.permit):
            yield from self._own_rows(provision, path, above.node, cover, has_kids=bool(below))
        yield from below

    def _own_rows(
        self, provision: Provision, path: _Path, parent: int, cover: Family, *, has_kids: bool
    ) -> Iterator[ConsentRow]:
        actors, *other_actors = path.recipients or (frozenset({0}),)
        bears, *other_bears = path.bears or (ALL_FAMILIES,)
        terms = [
            *self._resources(provision, path),
            *(Term(actors=others) for others in other_actors),
            *(Term(labels=int(others)) for others in other_bears),
            *(Term(within=int(families)) for families in path.within),
        ]
        for actor in sorted(actors):
            for type_id in sorted(path.types or {0}):
                yield ConsentRow(
                    owner=self.owner,
                    deny=not provision.permit,
                    actor=actor,
                    purpose_mask=provision.purposes,
                    type_id=type_id,
                    custodian=self.directive.custodian,
                    any_mask=int(bears),
                    cover_mask=int(cover),
                    valid_from=path.since,
                    valid_to=path.until,
                    node=path.node,
                    parent=parent,
                    has_kids=has_kids,
                    terms=tuple(terms),
                )

    def _resources(self, provision: Provision, path: _Path) -> Iterator[Term]:
        """Yield which resources all rare selectors of the path match, where there are some.

        Of the older versions of a resource nothing was written down: a denial speaks of them, a
        permit does not.
        """
        if not path.narrowings:
            return
        matching = frozenset(
            content.key
            for content in self.contents
            if all(concerns(found, content, permit=permit) for found, permit in path.narrowings)
        )
        old = frozenset() if provision.permit else frozenset({OLD_VERSION})
        yield Term(resources=matching | old)

    def _cover(self, provision: Provision, path: _Path) -> Family:
        """Return the families that a permit opens to those whom it, or one above it, names."""
        if not provision.permit or not path.recipients:
            return Family(0)
        part2 = Family.PART2 if self.directive.part2 else Family(0)
        if not path.names:
            return GENERAL | part2
        named = path.names[0]
        for found in path.names[1:]:
            named &= found
        if not named:
            return Family(0)
        cover = (named | Family.BASE) & ~Family.PART2 | part2
        return cover if self.directive.for_notes_alone else cover & ~Family.NOTES


def _lifted(named: Family, *, part2: bool) -> Family:
    """Return from which families a permit that names some lifts the denial to which it is made.

    Whatever bears another family as well stays denied. A note is never without MH.
    """
    with_notes = Family.MH if Family.NOTES in named else Family(0)
    return named | Family.BASE | with_notes | (Family.PART2 if part2 else Family(0))


def _given(found: _T | None) -> tuple[_T, ...]:
    return () if found is None else (found,)


def _least(found: Sequence[_S]) -> tuple[_S, ...]:
    """Return those of which none is implied by another: all that are needed, the least first."""
    kept: list[_S] = []
    for one in sorted(found, key=len):
        if not any(one & other == other for other in kept):
            kept.append(one)
    return tuple(kept)
