"""Limits of a value: its least and greatest, its length, and its regular expression.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.minValue_x_
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from fhir_server.fhir.definitions import CANONICAL
from fhir_server.fhir.resource import Element, Json
from fhir_server.fhirpath.equality import compare_values
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.expression import expression
from fhir_server.fhirpath.item import Item, Value, boolean, value_of
from fhir_server.fhirpath.regex import matches
from fhir_server.validation.profile.definition import objects
from fhir_server.validation.profile.invariants import now_of
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Check, Report
from fhir_server.validation.profile.subject import Subject
from fhir_server.validation.profile.values import shown

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

_REGEX = f"{CANONICAL}regex"
# A limit that is a duration is so far from now: UCUM's units as words of the calendar.
_CALENDAR = {
    "a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours", "min": "minutes",
    "s": "seconds",
}  # fmt: skip
_DURATIONS = frozenset({"Quantity", "Duration"})
_MOMENTS = {"date": "today()", "dateTime": "now()", "instant": "now()"}


def checks(subject: Subject, engine: "Engine") -> Iterator[Check]:
    """Yield the checks of limits that the type does not have itself."""
    element = subject.definition.element
    before = subject.base.element if subject.base else {}
    for key, limit in element.items():
        if key.startswith(("minValue", "maxValue")) and before.get(key) != limit:
            yield _value_check(subject, key, limit, engine)
    most = element.get("maxLength")
    if isinstance(most, int) and before.get("maxLength") != most:
        yield _length_check(subject, most)
    yield from _regex_checks(subject)


def _value_check(subject: Subject, key: str, limit: Json, engine: "Engine") -> Check:
    is_least = key.startswith("min")
    type_ = key[len("minValue") :]
    bound = "at least" if is_least else "at most"
    rule = "min-value" if is_least else "max-value"
    problem = subject.problem(rule, "value", f"The value must be {bound} {shown(limit)}.")
    other = value_of(Item(_type_name(type_), limit))
    relative = (
        _relative_check(subject, limit, engine, is_least=is_least)
        if type_ in _DURATIONS and isinstance(limit, dict)
        else None
    )

    def check(node: Node, report: Report) -> None:
        if relative is not None and node.type in _MOMENTS:
            relative(node, report)
            return
        order = _order(value_of(node.item), other)
        if order is not None and (order < 0 if is_least else order > 0):
            report.add(node, problem)

    return check


def _order(value: Value | None, other: Value | None) -> int | None:
    if value is None or other is None:
        return None
    try:
        return compare_values(value, other)
    except FhirPathError:
        return None


def _type_name(capital: str) -> str:
    lower = capital[0].lower() + capital[1:]
    return capital if capital in _DURATIONS else lower


def _relative_check(subject: Subject, limit: Element, engine: "Engine", *, is_least: bool) -> Check:
    """Return the check of a date: the least one is so long ago, the greatest so far ahead."""
    unit = _CALENDAR.get(str(limit.get("code") or limit.get("unit")), "days")
    number = limit.get("value")
    # Whatever is no number is no limit: the expression must be one.
    amount = f"{number if isinstance(number, int | Decimal | float) else 0} {unit}"
    comparison, sign = (">=", "-") if is_least else ("<=", "+")
    compiled = {
        type_: expression(f"$this {comparison} ({moment} {sign} {amount})", engine.model)
        for type_, moment in _MOMENTS.items()
    }
    told = f"not be more than {amount} {'ago' if is_least else 'ahead'}"
    rule = "min-value" if is_least else "max-value"
    problem = subject.problem(rule, "value", f"The value must {told}.")

    def check(node: Node, report: Report) -> None:
        ports = now_of(report.options)
        if ports is None or node.type not in compiled:
            return
        try:
            kept = boolean(compiled[node.type].evaluate(node.item, ports=ports))
        except FhirPathError:
            kept = None
        if kept is False:
            report.add(node, problem)

    return check


def _length_check(subject: Subject, most: int) -> Check:
    text = f"The value must have {most} characters at most."
    problem = subject.problem("max-length", "too-long", text)

    def check(node: Node, report: Report) -> None:
        if isinstance(node.value, str) and len(node.value) > most:
            report.add(node, problem)

    return check


def _regex_checks(subject: Subject) -> Iterator[Check]:
    if subject.base is None:
        # Those of the primitive types are in the structural check.
        return
    element = subject.definition.element
    for holder in (element, *objects(element, "type")):
        for each in objects(holder, "extension"):
            pattern = each.get("valueString")
            if each.get("url") == _REGEX and isinstance(pattern, str):
                yield _regex_check(subject, pattern)


def _regex_check(subject: Subject, pattern: str) -> Check:
    problem = subject.problem("regex", "value", f"The value must match {shown(pattern)}.")

    def check(node: Node, report: Report) -> None:
        if isinstance(node.value, str) and not _matches(pattern, node.value):
            report.add(node, problem)

    return check


def _matches(pattern: str, text: str) -> bool:
    try:
        return matches(pattern, text, whole=True, spend=lambda _: None)
    except FhirPathError:
        # A pattern that cannot be had in linear time says nothing.
        return True
