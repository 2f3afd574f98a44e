"""Directives as effective rules: the rows that a search tests, one probe per candidate.

Supersession is cut out in time here and nowhere else: a directive that a later one of its series
replaced does not revive when the later one ends or is revoked. Rows bind only what the Consent's
own custodian holds.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from fhir_server.consent.model import Directive, Series
from fhir_server.search.labels import ConsentRow, Family

# What a permit without labels covers: never Part 2, notes, police details, anonymous contacts.
GENERAL = Family.BASE | Family.MH | Family.SUD | Family.HIV | Family.SDV


def compile_rules(
    directives: Sequence[Directive], *, owner: int, at: int
) -> tuple[ConsentRow, ...]:
    """Return the rules of a patient that hold at `at` (microseconds) or later."""
    rows: list[ConsentRow] = []
    for series in _by_series(directives).values():
        for place, directive in enumerate(series):
            until = min([directive.ends, *(later.effective for later in series[place + 1 :])])
            if directive.active and max(directive.effective, at) < until:
                rows.extend(_rows(directive, owner=owner, until=until, node=len(rows) + 1))
    return tuple(rows)


def _by_series(directives: Sequence[Directive]) -> dict[Series, list[Directive]]:
    series: defaultdict[Series, list[Directive]] = defaultdict(list)
    for directive in sorted(directives, key=lambda found: found.made):
        series[directive.series].append(directive)
    return series


def _rows(directive: Directive, *, owner: int, until: int, node: int) -> Iterator[ConsentRow]:
    """Yield a row per alternative of recipient and type; of a permit that adds nothing, none."""
    cover = _cover(directive)
    if not directive.purposes or not directive.bears or (directive.permit and not cover):
        return
    for actor in sorted(directive.recipients or {0}):
        for type_id in sorted(directive.types or {0}):
            yield ConsentRow(
                owner=owner,
                deny=not directive.permit,
                actor=actor,
                purpose_mask=directive.purposes,
                type_id=type_id,
                custodian=directive.custodian,
                any_mask=int(directive.bears),
                cover_mask=int(cover),
                valid_from=directive.effective,
                valid_to=until,
                node=node,
            )


def _cover(directive: Directive) -> Family:
    """Return the families that a permit opens to those whom it names."""
    if not directive.permit or not directive.recipients:
        return Family(0)
    if directive.names is None:
        return GENERAL | (Family.PART2 if directive.part2 else Family(0))
    if not directive.names:
        return Family(0)
    cover = directive.names | Family.BASE
    if directive.names != Family.NOTES:
        # 45 CFR 164.508(b)(3)(ii): an authorization for notes is combined with no other.
        cover &= ~Family.NOTES
    return cover | Family.PART2 if directive.part2 else cover & ~Family.PART2
