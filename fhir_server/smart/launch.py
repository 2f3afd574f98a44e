"""Launch context: what an EHR says of a launch, and what the app is told with its token.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token

An EHR's own client asks for a handle over an authenticated connection (`POST /oauth/launch`). The
handle is opaque, for one app, one agency, once, for five minutes; nothing of the context stands in
a URL, where a browser's history or a proxy would keep it.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir.resource import Element, Json

LAUNCH_SECONDS = 300
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_REFERENCE = re.compile(r"[A-Z][A-Za-z]*/[A-Za-z0-9\-.]{1,64}")
_MOST_CONTEXTS = 20
_MOST_CHARACTERS = 500
_FIELDS = frozenset(
    {"client_id", "patient", "encounter", "need_patient_banner", "intent", "fhirContext"}
)


class LaunchError(ValueError):
    """What an EHR says of a launch cannot be understood; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchContext:
    """`patient` and `encounter` are logical ids, "" for none; `fhir_context` its JSON elements."""

    patient: str = ""
    encounter: str = ""
    need_patient_banner: bool = True
    intent: str = ""
    fhir_context: tuple[Element, ...] = ()

    def to_json(self) -> str:
        """Return the context as it is stored."""
        return json.dumps(
            {
                "patient": self.patient,
                "encounter": self.encounter,
                "need_patient_banner": self.need_patient_banner,
                "intent": self.intent,
                "fhirContext": list(self.fhir_context),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "LaunchContext":
        """Return the context that `to_json` wrote."""
        found: Json = json.loads(text)
        return cls(
            patient=found["patient"],
            encounter=found["encounter"],
            need_patient_banner=found["need_patient_banner"],
            intent=found["intent"],
            fhir_context=tuple(found["fhirContext"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRequest:
    """An EHR wants the app `client_id` to be launched in a context."""

    client_id: str
    context: LaunchContext


def read_launch(body: Json) -> LaunchRequest:
    """Return the launch that the JSON `body` describes.

    Raises:
        LaunchError: It is none.
    """
    if not isinstance(body, dict) or not isinstance(body.get("client_id"), str):
        raise LaunchError("Send a JSON object with the `client_id` of the app to be launched.")
    unknown = sorted(body.keys() - _FIELDS)
    if unknown:
        raise LaunchError(f"`{unknown[0]}` is not known; known are {', '.join(sorted(_FIELDS))}.")
    return LaunchRequest(
        client_id=body["client_id"],
        context=LaunchContext(
            patient=_id(body, "patient"),
            encounter=_id(body, "encounter"),
            need_patient_banner=_flag(body, "need_patient_banner"),
            intent=_text(body, "intent"),
            fhir_context=_contexts(body.get("fhirContext", [])),
        ),
    )


def told(context: LaunchContext, *, patient: str, style_url: str) -> Element:
    """Return the launch fields of a token response."""
    answer: Element = {"need_patient_banner": context.need_patient_banner}
    if patient:
        answer["patient"] = patient
    if context.encounter:
        answer["encounter"] = context.encounter
    if context.intent:
        answer["intent"] = context.intent
    if context.fhir_context:
        answer["fhirContext"] = list(context.fhir_context)
    return answer | {"smart_style_url": style_url}


def _id(body: Element, name: str) -> str:
    value = body.get(name, "")
    if value != "" and not (isinstance(value, str) and _ID.fullmatch(value)):
        raise LaunchError(f"`{name}` must be a logical id.")
    return str(value)


def _flag(body: Element, name: str) -> bool:
    value: Any = body.get(name, True)
    if not isinstance(value, bool):
        raise LaunchError(f"`{name}` must be true or false.")
    return value


def _text(body: Element, name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > _MOST_CHARACTERS:
        raise LaunchError(f"`{name}` must be a short text.")
    return value


def _contexts(value: Json) -> tuple[Element, ...]:
    if not isinstance(value, list) or len(value) > _MOST_CONTEXTS:
        raise LaunchError(f"`fhirContext` must be a list of {_MOST_CONTEXTS} at most.")
    return tuple(map(_context, value))


def _context(value: Json) -> Element:
    """Return one element of fhirContext; Patient and Encounter have fields of their own."""
    if not isinstance(value, dict) or not isinstance(value.get("reference"), str):
        raise LaunchError("Each `fhirContext` must be an object with a `reference`.")
    reference, role = value["reference"], value.get("role", "launch")
    named = _REFERENCE.fullmatch(reference)
    if not named or reference.split("/")[0] in {"Patient", "Encounter"}:
        raise LaunchError(f"`{reference}` cannot stand in `fhirContext`.")
    if not isinstance(role, str) or len(role) > _MOST_CHARACTERS:
        raise LaunchError("`role` must be a short text.")
    return {"reference": reference} | ({"role": role} if "role" in value else {})
