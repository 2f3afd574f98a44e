"""The fields of a native Consent, with exceptions nested to any sensible depth."""

import base64
import binascii
from collections.abc import Iterator

from marshmallow import ValidationError
from typing_extensions import override

from fhir_server.fhir import crisis_codes as codes
from fhir_server.fhir.crisis import profile
from fhir_server.fhir.resource import Element, Json
from fhir_server.intake.fault import Fault
from fhir_server.intake.fields import (
    Code,
    DayOrInstant,
    Fields,
    Flag,
    Id,
    Instant,
    Language,
    Many,
    Native,
    Object,
    OwnCode,
    Text,
)
from fhir_server.intake.schema import RECORD, PersonId, compiled
from fhir_server.intake.source import TARGETS

MOST_LEVELS = 8
RESPONSE_PLAN = profile("crisis-response-plan")


class Uri(Native):
    """An absolute URI."""

    @override
    def read(self, value: Json) -> str:
        """Return the URI as it is."""
        text = Id().read(value)
        if ":" not in text or any(map(str.isspace, text)):
            raise ValidationError("This must be an absolute URI.")
        return text


class Base64(Native):
    """Bytes in base64."""

    @override
    def read(self, value: Json) -> str:
        """Return the text as it is."""
        try:
            base64.b64decode(value if isinstance(value, str) and value else "?", validate=True)
        except (binascii.Error, ValueError):
            raise ValidationError("This must be base64.") from None
        return str(value)


class Rules(Many):
    """Exceptions, each of which may have exceptions."""

    def __init__(self, level: int = 1) -> None:
        below: Fields = {"exceptions": Rules(level + 1)} if level < MOST_LEVELS else {}
        super().__init__(Object({"decision": _decision(), **_selectors(), **below}))
        self.level = level


def _decision() -> Code:
    return Code(codes.CONSENT_DECISIONS, required=True)


def _content() -> Fields:
    return {
        "types": Many(OwnCode()),
        "profiles": Many(Uri()),
        "codes": Many(
            Object(
                {"system": Uri(required=True), "code": OwnCode(required=True), "display": Text()}
            )
        ),
        "sensitivities": Many(Code(codes.CONSENT_SENSITIVITIES)),
        "period": Object({"start": DayOrInstant(), "end": DayOrInstant()}),
        "authors": Many(Id()),
        "records": Many(
            Object({"type": Code(frozenset(TARGETS), required=True), "id": Id(required=True)})
        ),
    }


def _selectors() -> Fields:
    return {
        "recipients": Many(
            Object(
                {"org": Id(), "role": Text(), "class": Code(codes.ACTOR_CLASSES), "person": Id()}
            )
        ),
        "purposes": Many(Code(codes.HL7_PURPOSES | codes.CRISIS_PURPOSES)),
        "actions": Many(Code(codes.CONSENT_ACTIONS)),
        "include": Object(_content()),
    }


CONSENT = compiled(
    {
        **RECORD,
        "person": PersonId(required=True),
        "form": Object({"id": Id(required=True), "version": Text(), "language": Language()}),
        "kind": Code(codes.CONSENT_KINDS, required=True),
        "decision": _decision(),
        "grantor": Object(
            {
                "person": PersonId(),
                "representative": Text(),
                "capacity": Text(),
                "authority": Text(),
            }
        ),
        "capture": Object(
            {
                "method": Code(codes.CAPTURE_METHODS, required=True),
                "at": Instant(),
                "place": Text(),
                "witness": Text(),
                "languageUsed": Language(),
                "interpreter": Flag(),
            }
        ),
        "discloser": Many(Id()),
        **_selectors(),
        "exclude": Object(_content()),
        "rules": Rules(),
        "effectiveAt": DayOrInstant(),
        "expires": Object({"at": DayOrInstant(), "event": Text(), "none": Flag()}),
        "revokedAt": Instant(),
        "revokedHow": Text(),
        "noticeGiven": Flag(),
        "attachment": Object(
            {"contentType": OwnCode(), "url": Uri(), "title": Text(), "data": Base64()}
        ),
        "recordedBy": Id(),
    }
)

# What a kind means where the sender left it out.
_PURPOSES = {
    "part2-tpo": ["TREAT", "HPAYMT", "HOPERAT"],
    "law-enforcement-plan": ["LEFIELD"],
    "research": ["HRESCH"],
}


def normal(record: Element) -> Element:
    """Return the record with what its kind implies said."""
    found = dict(record)
    if record["kind"] in _PURPOSES and "purposes" not in record:
        found["purposes"] = _PURPOSES[record["kind"]]
    include = record.get("include", {})
    if record["kind"] == "law-enforcement-plan" and not include.keys() & {"types", "profiles"}:
        # Without this the consent would open the whole record to police.
        found["include"] = {**include, "profiles": [RESPONSE_PLAN]}
    if record.get("expires") == {"none": False}:
        del found["expires"]
    return found


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
    yield from _check_selectors(record, "")
    yield from _check_rules(record.get("rules", ()), "rules")


def _check_rules(rules: Json, path: str) -> Iterator[Fault]:
    for index, rule in enumerate(rules):
        here = f"{path}[{index}]"
        yield from _check_selectors(rule, f"{here}.")
        yield from _check_rules(rule.get("exceptions", ()), f"{here}.exceptions")


def _check_selectors(rule: Element, prefix: str) -> Iterator[Fault]:
    for index, recipient in enumerate(rule.get("recipients", ())):
        named = recipient.keys() & {"org", "class", "person"}
        if not named or ("class" in named and len(named) > 1):
            message = "Give a `class`, or an `org` or `person`."
            yield Fault(path=f"{prefix}recipients[{index}]", message=message)


def review(record: Element) -> Iterator[Fault]:
    """Yield what is worth a warning: above all, what will not have the effect that was meant."""
    part2 = record["kind"].startswith("part2-")
    if part2 and record["decision"] == "permit":
        for field in ("recipients", "purposes", "grantor", "expires"):
            if field not in record:
                message = "42 CFR 2.31 asks for this; without it the consent has no effect."
                yield Fault(path=field, message=message)
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
