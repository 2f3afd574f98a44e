"""Effective consent rules as rows (consent_rule), and their terms (consent_term)."""

from collections.abc import Iterator, Sequence
from enum import IntEnum

from fhir_server.search.labels import ConsentRow, Term
from fhir_server.storage.session import Row


class Kind(IntEnum):
    """What a row of consent_term says."""

    ACTOR = 1
    LABELS = 2
    RESOURCE = 3
    WITHIN = 4


def rule_rows(owner: int, rules: Sequence[ConsentRow]) -> list[Row]:
    """Return the rows of the patient with the key `owner`, numbered in the order given."""
    return [
        (
            owner,
            int(rule.deny),
            number,
            rule.actor,
            rule.not_actor,
            rule.purpose_mask,
            rule.type_id,
            rule.custodian,
            rule.any_mask,
            rule.cover_mask,
            rule.valid_from,
            rule.valid_to,
            rule.node,
            rule.parent,
            int(rule.has_kids),
            len(rule.terms),
        )
        for number, rule in enumerate(rules)
    ]


def term_rows(owner: int, rules: Sequence[ConsentRow]) -> list[Row]:
    """Return the rows of the terms of a patient's rules."""
    terms = {rule.node: rule.terms for rule in rules}
    return [
        (owner, node, number, int(kind), value)
        for node, of_node in terms.items()
        for number, term in enumerate(of_node)
        for kind, value in _alternatives(term)
    ]


def _alternatives(term: Term) -> Iterator[tuple[Kind, int]]:
    yield from ((Kind.ACTOR, actor) for actor in sorted(term.actors))
    yield from ((Kind.LABELS, mask) for mask in [term.labels] if mask)
    yield from ((Kind.WITHIN, mask) for mask in [term.within] if mask)
    yield from ((Kind.RESOURCE, key) for key in sorted(term.resources))
