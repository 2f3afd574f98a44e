"""What a consent's fields must be taken together, and what is worth a warning.

The rules of the profiles crisis-disclosure-consent and crisis-part2-consent are among them, so that
a sender is told the field rather than the invariant.
"""

from collections.abc import Iterator

from fhir_server.fhir import dates
from fhir_server.fhir.crisis_codes import SUBSTANCE_TAGS
from fhir_server.fhir.resource import Element, Json
from fhir_server.intake.fault import Fault

_SUBSTANCE = SUBSTANCE_TAGS | {"42CFRPart2"}
_DAY = 24 * 60 * 60 * 1_000_000  # µs: as far as a date may lie from a time within it, and more


def check(record: Element) -> Iterator[Fault]:
    """Yield the faults of a consent's fields taken together."""
    if record["kind"] == "directory-optout" and record["decision"] != "deny":
        yield Fault(path="decision", message="An opt-out is `deny`.")
    expires = record.get("expires", {})
    if expires.get("none") and len(expires) > 1:
        yield Fault(path="expires", message="`none` stands alone.")
    if "revokedHow" in record and "revokedAt" not in record:
        yield Fault(path="revokedHow", message="This needs `revokedAt` beside it.")
    grantor = record.get("grantor", {})
    if "person" in grantor and "representative" in grantor:
        yield Fault(path="grantor", message="Give `person` or `representative`, not both.")
    attachment = record.get("attachment", {})
    if "data" in attachment and "contentType" not in attachment:
        yield Fault(path="attachment.contentType", message="`data` needs this beside it.")
    yield from _check_period(record.get("effectiveAt"), expires.get("at"), "expires.at")
    yield from _check_part2(record)
    yield from _check_selectors(record, "")
    yield from _check_rules(record.get("rules", ()), "rules")
    if record["kind"] == "law-enforcement-plan":
        yield from _check_plan(record, "")


def _check_rules(rules: Json, path: str) -> Iterator[Fault]:
    for index, rule in enumerate(rules):
        here = f"{path}[{index}]"
        yield from _check_selectors(rule, f"{here}.")
        yield from _check_rules(rule.get("exceptions", ()), f"{here}.exceptions")


def _check_period(start: str | None, end: str | None, path: str) -> Iterator[Fault]:
    if not start or not end:
        return
    first, last = dates.parse(start), dates.parse(end)
    if first.lo >= last.hi:
        yield Fault(path=path, message="This is before the start.")
    elif _precision(start) != _precision(end) and first.hi + _DAY > last.lo:
        # FHIR's rule on periods wants an order that is certain: 1985 may be after 1985-02.
        message = "Give this as precisely as the start: whether it is later cannot be told."
        yield Fault(path=path, message=message)


def _precision(date: str) -> int:
    """Return the length of a date without a time, which is of the same precision as another's."""
    return min(len(date), len("2026-03-04T"))


def _check_part2(record: Element) -> Iterator[Fault]:
    """Yield what 42 CFR 2.31 asks of a permission: without it the law gives it no effect."""
    if not record["kind"].startswith("part2-") or record["decision"] != "permit":
        return
    for field in ("recipients", "purposes", "expires"):
        if field not in record:
            yield Fault(path=field, message="42 CFR 2.31 asks for this.")
    by_hand = record.get("grantor", {}).keys() & {"person", "representative"}
    aloud = record.get("capture", {}).get("method") == "verbal-witnessed"
    if not (by_hand or aloud or "attachment" in record):
        message = "42 CFR 2.31 asks for a signature: name the `person` or the `representative`."
        yield Fault(path="grantor", message=message)


def _check_plan(rule: Element, path: str) -> Iterator[Fault]:
    """Yield where a consent to a response plan would open substance use records to police."""
    opened = "include" if rule["decision"] == "permit" else "exclude"
    named = rule.get(opened, {}).get("sensitivities", ())
    for index, sensitivity in enumerate(named):
        if sensitivity in _SUBSTANCE:
            message = "A response plan's consent opens no substance use records."
            yield Fault(path=f"{path}{opened}.sensitivities[{index}]", message=message)
    for name in ("rules", "exceptions"):
        for index, nested in enumerate(rule.get(name, ())):
            yield from _check_plan(nested, f"{path}{name}[{index}].")


def _check_selectors(rule: Element, prefix: str) -> Iterator[Fault]:
    for selector in ("include", "exclude"):
        period = rule.get(selector, {}).get("period", {})
        path = f"{prefix}{selector}.period.end"
        yield from _check_period(period.get("start"), period.get("end"), path)
    for index, recipient in enumerate(rule.get("recipients", ())):
        named = recipient.keys() & {"org", "class", "person"}
        if not named or ("class" in named and len(named) > 1):
            message = "Give a `class`, or an `org` or `person`."
            yield Fault(path=f"{prefix}recipients[{index}]", message=message)


def review(record: Element) -> Iterator[Fault]:
    """Yield what is worth a warning: above all, what will not have the effect that was meant."""
    if record.get("expires", {}).get("none") and record["kind"] != "part2-tpo":
        yield Fault(path="expires.none", message="Only a part2-tpo consent may have no expiry.")
    if _beyond_the_engine(record):
        message = (
            "This has selectors that are not enforced yet: until they are, the consent counts as"
            " a denial for everyone but your agency."
        )
        yield Fault(path="", message=message)


def _beyond_the_engine(record: Element) -> bool:
    include = record.get("include", {})
    fine = {"types", "sensitivities"}
    return bool(include.keys() - fine or "exclude" in record or "rules" in record)
