"""The fields of a native Consent, with exceptions nested to any sensible depth."""

import base64
import binascii
from functools import cache

from marshmallow import ValidationError
from typing_extensions import override

from fhir_server.fhir import crisis_codes as codes
from fhir_server.fhir import definitions
from fhir_server.fhir.crisis import profile
from fhir_server.fhir.resource import Element, Json
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
from fhir_server.terminology.media_types import MediaTypes

MOST_LEVELS = 8
_MEDIA_TYPES = MediaTypes()
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


class MediaType(Native):
    """A media type of https://www.rfc-editor.org/rfc/rfc6838 , parameters included."""

    @override
    def read(self, value: Json) -> str:
        """Return the media type as it is."""
        if not isinstance(value, str) or _MEDIA_TYPES.find(value) is None:
            raise ValidationError("This must be a media type such as `application/pdf`.")
        return value


class ResourceType(Native):
    """A type of FHIR resource."""

    @override
    def read(self, value: Json) -> str:
        """Return the type as it is."""
        if not isinstance(value, str) or value not in _resource_types():
            raise ValidationError("This must be a type of FHIR resource such as `Encounter`.")
        return value


@cache
def _resource_types() -> frozenset[str]:
    return frozenset(definitions.load().resource_types)


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
        "types": Many(ResourceType()),
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
            {"contentType": MediaType(), "url": Uri(), "title": Text(), "data": Base64()}
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
    if record.get("expires", {}).get("none") is False:
        found["expires"] = {k: v for k, v in record["expires"].items() if k != "none"}
        if not found["expires"]:
            del found["expires"]
    return found
