"""Constraints of the specification as plain code, where that is much faster than FHIRPath.

https://hl7.org/fhir/R4/domainresource.html#invs ; a property test shows that each says the same as
its expression. A constraint of the same key with another expression is evaluated.
"""

from collections.abc import Callable, Mapping

from fhir_server.validation.profile.node import Node

_Key = tuple[str, str]
# What the structural check sees to.
STRUCTURAL: frozenset[_Key] = frozenset(
    {
        ("ele-1", "hasValue() or (children().count() > id.count())"),
        ("ext-1", "extension.exists() != value.exists()"),
        ("dom-2", "contained.contained.empty()"),
        ("sqty-1", "comparator.empty()"),
        ("txt-1", "htmlChecks()"),
        ("txt-2", "htmlChecks()"),
    }
)
NATIVE: Mapping[_Key, Callable[[Node], bool]] = {}
