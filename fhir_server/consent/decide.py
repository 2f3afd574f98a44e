"""The reference evaluator: one request, one resource, the directives on file; step by step.

Written from domain research 4.3 as decisions.md corrects it, and not from the rules that
`compile` makes: that the two agree is a property test. Nothing on the path of a request calls it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fhir_server.consent import matrix
from fhir_server.consent.model import (
    Asked,
    Decision,
    Directive,
    Obligation,
    Provision,
    Reason,
    Request,
    Step,
)
from fhir_server.consent.narrowing import concerns
from fhir_server.search.labels import TREATING, Family, Purpose

# A provision that decides, last, and all above it, the root first.
_Path = tuple[Provision, ...]

LAWS: Mapping[Reason, str] = {
    Reason.DIRECTORY: "45 CFR 160.103: not individually identifiable health information",
    Reason.OWN: "45 CFR 164.506(c)(1); 42 CFR 2.12(c)(3)",
    Reason.ABSOLUTE: "45 CFR 164.508(a)(2); 42 CFR 2.12(d), 2.54, 2.61 to 2.67",
    Reason.CONSENT_DENIES: "45 CFR 164.522(a)",
    Reason.CONSENT_PERMITS: "45 CFR 164.508; 42 CFR 2.31, 2.33",
    Reason.MATRIX_PERMITS: "45 CFR 164.506(c), 164.510, 164.512; state law",
    Reason.MATRIX_DENIES: "45 CFR 164.502(a), 160.203; 42 CFR 2.13",
}
_ON_CONSENTS = "45 CFR 164.508, 164.522(a); 42 CFR 2.31"


def decide(request: Request, asked: Asked, directives: Sequence[Directive]) -> Decision:
    """Return whether `request` may have `asked`, and why; silence denies."""
    row = matrix.row(request.purpose, medical_personnel=request.medical_personnel)
    if not asked.about_person:
        return _permitted(Reason.DIRECTORY, asked)
    own = row.own and asked.custodian == request.organization
    if own and not asked.families & row.own_withheld:
        return _permitted(Reason.OWN, asked, own=True)
    if asked.families & row.absolute:
        return _refused(Reason.ABSOLUTE)
    looks = [
        _look(found, directives, request, asked)
        for found in sorted(directives, key=lambda found: found.made)
    ]
    deciding = [(look.directive, path) for look in looks for path in look.deciding]
    decided = _by_consent(row, request, asked, deciding)
    steps = tuple(look.step for look in looks)
    return replace(decided, trace=(*steps, *decided.trace))


def _by_consent(
    row: matrix.Row, request: Request, asked: Asked, deciding: Sequence[tuple[Directive, _Path]]
) -> Decision:
    """Return what the provisions that decide, then the policy, say: any denial wins."""
    if any(not path[-1].permit for _, path in deciding):
        return _refused(Reason.CONSENT_DENIES)
    by_policy = row.anyone | (row.treating if _treats(request) else Family(0))
    lacking = [family for family in asked.families if family not in by_policy]
    if not lacking:
        return _permitted(Reason.MATRIX_PERMITS, asked)
    if all(any(_opens(root, path, family) for root, path in deciding) for family in lacking):
        return _permitted(Reason.CONSENT_PERMITS, asked)
    return _refused(Reason.MATRIX_DENIES)


def _permitted(reason: Reason, asked: Asked, *, own: bool = False) -> Decision:
    notice = Family.PART2 in asked.families and not own
    obligations = {Obligation.AUDIT} | ({Obligation.PART2_NOTICE} if notice else set())
    return Decision(
        permitted=True,
        reasons=(reason,),
        trace=(_last(reason, "permitted"),),
        obligations=frozenset(obligations),
    )


def _refused(reason: Reason) -> Decision:
    return Decision(permitted=False, reasons=(reason,), trace=(_last(reason, "refused"),))


def _last(reason: Reason, found: str) -> Step:
    return Step(rule=reason.value, law=LAWS[reason], found=found)


def _treats(request: Request) -> bool:
    """Return whether the requester treats; its own word counts for treatment alone."""
    return request.treats or (request.treats_by_own_word and request.purpose is Purpose.TREAT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What became of one directive: which of its provisions decide, and the step of the trace."""

    directive: Directive
    deciding: Sequence[_Path]
    step: Step


def _look(
    directive: Directive, directives: Sequence[Directive], request: Request, asked: Asked
) -> _Look:
    deciding: Sequence[_Path] = ()
    if directive.custodian != asked.custodian:
        found = "binds another custodian"
    elif _is_replaced(directive, directives, request.at):
        found = "was replaced by a later one of its series"
    elif not (directive.active and directive.effective <= request.at < directive.ends):
        found = "is not in force"
    else:
        deciding = _deciding(directive, (), request, asked)
        found = _said(deciding)
    step = Step(rule="R8", law=_ON_CONSENTS, found=found, consent=directive.made[1])
    return _Look(directive=directive, deciding=deciding, step=step)


def _said(deciding: Sequence[_Path]) -> str:
    if not deciding:
        return "does not speak of this"
    return "permits" if all(path[-1].permit for path in deciding) else "denies"


def _is_replaced(directive: Directive, directives: Sequence[Directive], at: int) -> bool:
    """Return whether a later one of its series has come into effect."""
    return any(
        other.series == directive.series and other.made > directive.made and other.effective <= at
        for other in directives
    )


def _deciding(
    provision: Provision, above: _Path, request: Request, asked: Asked
) -> Sequence[_Path]:
    """Return the provisions that decide: the deepest that match; an exception replaces its parent.

    Of an older version nobody knows what a rare selector would say of it: denials match it and
    permits do not.
    """
    path = (*above, provision)
    if not _matches(provision, request, asked) or not _lifts(provision, above, asked):
        return ()
    below = [
        one for found in provision.exceptions for one in _deciding(found, path, request, asked)
    ]
    if below:
        return below
    is_guess = asked.content is None and any(found.narrowing is not None for found in path)
    if not provision.purposes & request.purpose or (provision.permit and is_guess):
        return ()
    return (path,)


def _matches(provision: Provision, request: Request, asked: Asked) -> bool:
    """Return whether all of its selectors match but the purposes, which count where it decides."""
    narrowing, content = provision.narrowing, asked.content
    return (
        provision.since <= request.at < provision.until
        and _addresses(provision, request)
        and (provision.types is None or asked.type_id in provision.types)
        and bool(provision.bears & asked.families)
        and (
            narrowing is None
            or content is None
            or concerns(narrowing, content, permit=provision.permit)
        )
    )


def _lifts(provision: Provision, above: _Path, asked: Asked) -> bool:
    """Return whether an exception to a denial names all that the resource tells of.

    One that is permitted for some labels leaves what bears another one denied. Notes tell of
    mental health always, and what a Part 2 program holds that it does.
    """
    if not above or above[-1].permit or not provision.permit or provision.names is None:
        return True
    root = above[0]
    named = set(provision.names) | {Family.BASE}
    if Family.NOTES in named:
        named.add(Family.MH)
    if isinstance(root, Directive) and root.part2:
        named.add(Family.PART2)
    return set(asked.families) <= named


def _addresses(provision: Provision, request: Request) -> bool:
    if provision.recipients is None:
        return True
    named = provision.recipients & request.actors
    return bool(named) or (TREATING in provision.recipients and _treats(request))


def _opens(root: Directive, path: _Path, family: Family) -> bool:
    """Return whether a permit covers `family` for those whom it, or one above it, names."""
    if not path[-1].permit or all(found.recipients is None for found in path):
        return False
    named = _named(found.names for found in path if found.permit)
    if named == Family(0):
        return False
    match family:
        case Family.LAW_ENFORCEMENT | Family.ANONYMOUS:
            return False
        case Family.PART2:
            return root.part2
        case Family.NOTES:
            return root.for_notes_alone
        case _:
            return family is Family.BASE or named is None or family in named


def _named(names: Iterable[Family | None]) -> Family | None:
    """Return the families that all of `names` name; None where none has labels."""
    common: Family | None = None
    for found in names:
        if found is not None:
            common = found if common is None else common & found
    return common
