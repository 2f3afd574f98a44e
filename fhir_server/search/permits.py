"""What `ConsentPermits` means: the policy matrix, then the directives on file.

consent-sql form: a rule decides if it matches and none of its exceptions (children) does; a
resource is refused where a denial decides, and permitted where each of its label families is
permitted by the matrix or covered by permits that decide.
"""

from fhir_server.search.candidate import Candidate
from fhir_server.search.expression import ConsentPermits
from fhir_server.search.labels import SELF_ASSERTED_PURPOSES, TREATING, ConsentRow, Term


def permits(leaf: ConsentPermits, candidate: Candidate) -> bool:
    """Return whether the requester of `leaf` may have `candidate`, of each of its patients."""
    return all(_permits(leaf, one) for one in (candidate, *candidate.also))


def _permits(leaf: ConsentPermits, candidate: Candidate) -> bool:
    if leaf.system or candidate.owner == 0:
        return True
    if candidate.custodian in leaf.own and not candidate.labels & leaf.own_withheld:
        return True
    if candidate.labels & leaf.absolute:
        return False
    if candidate.labels & ~(_matrix(leaf, candidate) | _cover(leaf, candidate)):
        return False
    return leaf.overrides_denials or not _denied(leaf, candidate)


def treats(leaf: ConsentPermits, candidate: Candidate) -> bool:
    """Return whether one of the requester's organisations treats the owner at that time.

    What an organisation only says of itself counts for some purposes of use and not for others.
    """
    return any(
        relation.patient == candidate.owner
        and relation.organization in leaf.actors
        and relation.since <= leaf.at < relation.until
        and (not relation.asserted_by_self or bool(leaf.purpose & SELF_ASSERTED_PURPOSES))
        for relation in candidate.relations
    )


def _matrix(leaf: ConsentPermits, candidate: Candidate) -> int:
    if leaf.matrix_treating & ~leaf.matrix and treats(leaf, candidate):
        return leaf.matrix | leaf.matrix_treating
    return leaf.matrix


def _cover(leaf: ConsentPermits, candidate: Candidate) -> int:
    cover = 0
    for rule in candidate.rules:
        if not rule.deny and rule.cover_mask and _decides(rule, leaf, candidate):
            cover |= rule.cover_mask
    return cover


def _denied(leaf: ConsentPermits, candidate: Candidate) -> bool:
    return any(rule.deny and _decides(rule, leaf, candidate) for rule in candidate.rules)


def _decides(rule: ConsentRow, leaf: ConsentPermits, candidate: Candidate) -> bool:
    return _applies(rule, leaf, candidate) and not (
        rule.has_kids
        and any(
            child.parent == rule.node and _applies(child, leaf, candidate)
            for child in candidate.rules
        )
    )


def _applies(rule: ConsentRow, leaf: ConsentPermits, candidate: Candidate) -> bool:
    """Return whether all selectors on the rule's path match: consent-sql's match(e)."""
    return (
        rule.owner == candidate.owner
        and _names(rule.actor, leaf, candidate)
        and (rule.not_actor == 0 or rule.not_actor not in leaf.actors)
        and bool(rule.purpose_mask & leaf.purpose)
        and rule.valid_from <= leaf.at < rule.valid_to
        and rule.type_id in {0, candidate.type_id}
        and rule.custodian in {0, candidate.custodian}
        and bool(rule.any_mask & candidate.labels)
        and all(_holds(term, leaf, candidate) for term in rule.terms)
    )


def _holds(term: Term, leaf: ConsentPermits, candidate: Candidate) -> bool:
    return (
        bool(term.labels & candidate.labels)
        or bool(term.within and not candidate.labels & ~term.within)
        or candidate.key in term.resources
        or any(_names(actor, leaf, candidate) for actor in term.actors)
    )


def _names(actor: int, leaf: ConsentPermits, candidate: Candidate) -> bool:
    if actor == TREATING:
        return treats(leaf, candidate)
    return actor == 0 or actor in leaf.actors
