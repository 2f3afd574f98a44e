"""Constraints of the specification as plain code, where that is much faster than FHIRPath.

https://hl7.org/fhir/R4/domainresource.html#invs ; a property test shows that each says the same as
its expression, but where that has no result, or a wrong one, for what is right: a reference without
an address, `#` for the container, an entry without a fullUrl, no probability, a time from several
events; `is Boolean`, which means the type of FHIR; contained resources, which should have no
narrative; a contained image that a narrative shows; and `telecom or endpoint`, which US Core means
of any number of them. A constraint of the same key with another expression is evaluated.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

from fhir_server.fhir.json import encode
from fhir_server.fhir.resource import Element, Json, items
from fhir_server.fhirpath.equality import compare_values
from fhir_server.fhirpath.item import Item, value_of
from fhir_server.validation.profile.node import Node

Key: TypeAlias = tuple[str, str]
# Whether a constraint is met; None: its expression has to be evaluated.
Native: TypeAlias = Callable[[Node], bool | None]

# What the structural check sees to.
STRUCTURAL: frozenset[Key] = frozenset(
    {
        ("ele-1", "hasValue() or (children().count() > id.count())"),
        ("ext-1", "extension.exists() != value.exists()"),
        ("dom-2", "contained.contained.empty()"),
        ("sqty-1", "comparator.empty()"),
        ("txt-1", "htmlChecks()"),
        ("txt-2", "htmlChecks()"),
    }
)


def _has(element: Element, name: str) -> bool:
    return name in element or f"_{name}" in element


def _contained_without(*names: str) -> Native:
    """Return the constraint that no contained resource has one of these in its `meta`."""

    def kept(node: Node) -> bool:
        contained = [each for each in items(node.value, "contained") if isinstance(each, dict)]
        metas = [each["meta"] for each in contained if isinstance(each.get("meta"), dict)]
        return not any(_has(meta, name) for meta in metas for name in names)

    return kept


_USED = re.compile(r'"reference":"#([A-Za-z0-9\-.]+)"')
# The address of an image, within quotes.
_SHOWN = re.compile(r"""["']#([A-Za-z0-9\-.]+)["']""")


def _all_contained_used(node: Node) -> bool | None:
    """Say that dom-3 holds where each contained resource is referred to, or shown as an image.

    "Images may be contained": the expression looks at references only. In JSON as we write it, a
    quote followed by a colon ends a key, so that no text can look like a reference.
    """
    contained = [each for each in items(node.value, "contained") if isinstance(each, dict)]
    if not contained:
        return True
    used = set(_USED.findall(encode(node.value).decode()))
    left = [each.get("id") for each in contained if each.get("id") not in used]
    shown = {id_ for div in _narratives(node.value) for id_ in _SHOWN.findall(div)} if left else ()
    return True if all(id_ in shown for id_ in left) else None


def _narratives(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        div = value.get("div")
        if isinstance(div, str):
            yield div
        for key, child in value.items():
            if key != "contained":
                yield from _narratives(child)
    elif isinstance(value, list):
        for child in value:
            yield from _narratives(child)


def _has_narrative(node: Node) -> bool:
    text = node.value.get("text")
    return node.root is not node or (isinstance(text, dict) and _has(text, "div"))


def _reference(node: Node) -> bool:
    text = node.value.get("reference")
    if not isinstance(text, str) or text[:1] != "#" or text == "#":
        return True
    contained = items(node.root.value, "contained")
    return any(isinstance(each, dict) and each.get("id") == text[1:] for each in contained)


def _period(node: Node) -> bool:
    start, end = node.value.get("start"), node.value.get("end")
    if start is None or end is None:
        return True
    if len(start) == len(end) and start[_OFFSET:] == end[_OFFSET:] and len(start) in _WHOLE:
        return bool(start <= end)
    one, other = value_of(Item("dateTime", start)), value_of(Item("dateTime", end))
    if one is None or other is None:
        return True
    order = compare_values(one, other)
    # A day and a time within it: which comes first is not known, so that it is not true.
    return order is not None and order <= 0


# A dateTime to the second, with its offset from there; `2026-03-04T15:02:11Z` or `...+00:00`.
_OFFSET = len("2026-03-04T15:02:11")
_WHOLE = frozenset({len("2026-03-04"), _OFFSET + len("Z"), _OFFSET + len("+00:00")})


def _implies(if_: str, then: str) -> Native:
    """Return the constraint that an element is there only beside another."""
    return lambda node: not _has(node.value, if_) or _has(node.value, then)


def _ratio(node: Node) -> bool:
    numerator, denominator = "numerator" in node.value, "denominator" in node.value
    return numerator == denominator and (numerator or "extension" in node.value)


def _value_or_reason(node: Node) -> bool:
    return not (node.children("dataAbsentReason") and node.children("value"))


def _component_codes(node: Node) -> bool | None:
    """Leave the comparison of codes to the expression."""
    return None if "component" in node.value and node.children("value") else True


def _offset_from_event(node: Node) -> bool:
    """The expression has no result where there are several events."""
    events = items(node.value, "when")
    return "offset" not in node.value or (bool(events) and _MEALS.isdisjoint(map(str, events)))


def _unversioned(node: Node) -> bool:
    return "/_history/" not in str(node.value.get("fullUrl", ""))


def _probability(node: Node) -> bool:
    value = node.value.get("probabilityDecimal")
    return not isinstance(value, int | Decimal) or value <= _ALL


def _asks_for_boolean(node: Node) -> bool:
    answers = node.children("answer")
    if node.value.get("operator") != "exists" or not answers:
        return True
    return answers[0].type == "boolean"


def _any_of(*names: str) -> Native:
    return lambda node: any(_has(node.value, name) for name in names)


_ALL = 100
_MEALS = frozenset({"C", "CM", "CD", "CV"})
_TIM_9 = "offset.empty() or (when.exists() and ((when in ('C' | 'CM' | 'CD' | 'CV')).not()))"
_DOM_3 = (
    "contained.where((('#'+id in (%resource.descendants().reference |"
    " %resource.descendants().as(canonical) | %resource.descendants().as(uri) |"
    " %resource.descendants().as(url))) or descendants().where(reference = '#').exists() or"
    " descendants().where(as(canonical) = '#').exists() or descendants().where(as(canonical) ="
    " '#').exists()).not()).trace('unmatched', id).empty()"
)
_REF_1 = (
    "reference.startsWith('#').not() or (reference.substring(1).trace('url') in"
    " %rootResource.contained.id.trace('ids'))"
)
_PER_1 = "start.hasValue().not() or end.hasValue().not() or (start <= end)"
_RAT_1 = (
    "(numerator.empty() xor denominator.exists()) and (numerator.exists() or extension.exists())"
)
_OBS_7 = (
    "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists())"
    ".empty()"
)
NATIVE: Mapping[Key, Native] = {
    ("tim-9", _TIM_9): _offset_from_event,
    ("bdl-8", "fullUrl.contains('/_history/').not()"): _unversioned,
    ("ras-2", "probability is decimal implies (probability as decimal) <= 100"): _probability,
    ("que-7", "operator = 'exists' implies (answer is Boolean)"): _asks_for_boolean,
    ("dom-3", _DOM_3): _all_contained_used,
    ("dom-4", "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()"): (
        _contained_without("versionId", "lastUpdated")
    ),
    ("dom-5", "contained.meta.security.empty()"): _contained_without("security"),
    ("dom-6", "text.`div`.exists()"): _has_narrative,
    ("ref-1", _REF_1): _reference,
    ("per-1", _PER_1): _period,
    ("qty-3", "code.empty() or system.exists()"): _implies("code", "system"),
    ("cpt-2", "value.empty() or system.exists()"): _implies("value", "system"),
    ("att-1", "data.empty() or contentType.exists()"): _implies("data", "contentType"),
    ("rat-1", _RAT_1): _ratio,
    ("obs-6", "dataAbsentReason.empty() or value.empty()"): _value_or_reason,
    ("obs-7", _OBS_7): _component_codes,
    ("pd-1", "telecom or endpoint"): _any_of("telecom", "endpoint"),
    ("obs-3", "low.exists() or high.exists() or text.exists()"): _any_of("low", "high", "text"),
    ("pat-1", "name.exists() or telecom.exists() or address.exists() or organization.exists()"): (
        _any_of("name", "telecom", "address", "organization")
    ),
}
