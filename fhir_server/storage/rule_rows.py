"""Effective consent rules as rows (consent_rule)."""

from collections.abc import Sequence

from fhir_server.search.labels import ConsentRow
from fhir_server.storage.session import Row


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
        )
        for number, rule in enumerate(rules)
    ]
