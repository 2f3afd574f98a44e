"""The reference evaluator: one request, one resource, the directives on file; step by step.

Written from domain research 4.3 as decisions.md corrects it, and not from the rules that
`compile` makes: that the two agree is a property test. Nothing on the path of a request calls it.
"""

from collections.abc import Sequence

from fhir_server.consent import matrix
from fhir_server.consent.model import Asked, Decision, Directive, Obligation, Reason, Request
from fhir_server.search.labels import TREATING, Family, Purpose


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
    speaking = [
        found
        for found in directives
        if _in_force(found, directives, request.at) and _speaks(found, request, asked)
    ]
    return _by_consent(row, request, asked, speaking)


def _by_consent(
    row: matrix.Row, request: Request, asked: Asked, speaking: list[Directive]
) -> Decision:
    """Return what the directives that speak, then the policy, decide: any denial wins."""
    if any(not found.permit for found in speaking):
        return _refused(Reason.CONSENT_DENIES)
    by_policy = row.anyone | (row.treating if _treats(request) else Family(0))
    lacking = [family for family in asked.families if family not in by_policy]
    if not lacking:
        return _permitted(Reason.MATRIX_PERMITS, asked)
    if all(any(_opens(found, family) for found in speaking) for family in lacking):
        return _permitted(Reason.CONSENT_PERMITS, asked)
    return _refused(Reason.MATRIX_DENIES)


def _permitted(reason: Reason, asked: Asked, *, own: bool = False) -> Decision:
    notice = Family.PART2 in asked.families and not own
    obligations = {Obligation.AUDIT} | ({Obligation.PART2_NOTICE} if notice else set())
    return Decision(permitted=True, reasons=(reason,), obligations=frozenset(obligations))


def _refused(reason: Reason) -> Decision:
    return Decision(permitted=False, reasons=(reason,))


def _treats(request: Request) -> bool:
    """Return whether the requester treats; its own word counts for treatment alone."""
    return request.treats or (request.treats_by_own_word and request.purpose is Purpose.TREAT)


def _in_force(directive: Directive, directives: Sequence[Directive], at: int) -> bool:
    """Return whether it holds and no later one of its series has come into effect."""
    replaced = any(
        other.series == directive.series and other.made > directive.made and other.effective <= at
        for other in directives
    )
    return directive.active and directive.effective <= at < directive.ends and not replaced


def _speaks(directive: Directive, request: Request, asked: Asked) -> bool:
    """Return whether all of its selectors match."""
    return (
        directive.custodian == asked.custodian
        and _addresses(directive, request)
        and bool(directive.purposes & request.purpose)
        and (directive.types is None or asked.type_id in directive.types)
        and bool(directive.bears & asked.families)
    )


def _addresses(directive: Directive, request: Request) -> bool:
    if directive.recipients is None:
        return True
    named = directive.recipients & request.actors
    return bool(named) or (TREATING in directive.recipients and _treats(request))


def _opens(directive: Directive, family: Family) -> bool:
    """Return whether a permit covers `family` for those whom it names."""
    if directive.recipients is None:
        return False
    match family:
        case Family.LAW_ENFORCEMENT | Family.ANONYMOUS:
            return False
        case Family.PART2:
            return directive.part2 and directive.names != Family(0)
        case Family.NOTES:
            return directive.names == Family.NOTES
        case Family.BASE:
            return directive.names != Family(0)
        case _:
            return directive.names is None or family in directive.names
