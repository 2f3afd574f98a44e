"""The purpose of use that a token is for: one code of ActReason, or a local one.

https://terminology.hl7.org/CodeSystem-v3-ActReason.html

It is asked for in the token request, not in a header of each request, so that it is bound to the
client's registration. https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html leaves
room for further request fields.
"""

from fhir_server.search.labels import Purpose

FIELD = "purpose_of_use"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


class PurposeError(ValueError):
    """A text is no purpose of use that this server knows, or not the client's."""


def parse_purpose(text: str) -> Purpose:
    """Return the purpose with a code, which may have the system of ActReason before a `|`.

    Raises:
        PurposeError: There is none.
    """
    code = text.removeprefix(f"{ACT_REASON}|")
    if code not in Purpose.__members__:
        raise PurposeError(f"`{text}` is not one of {', '.join(Purpose.__members__)}.")
    return Purpose[code]


def codes(purposes: Purpose) -> tuple[str, ...]:
    """Return the codes of a set of purposes."""
    return tuple(code for code, purpose in Purpose.__members__.items() if purpose in purposes)


def purpose_of(requested: str | None, registered: Purpose) -> Purpose:
    """Return the one purpose of a token: the requested, or else the only registered one.

    Raises:
        PurposeError: It is unknown or not registered, or the client must name one of several.
    """
    if requested is None:
        if len(codes(registered)) != 1:
            raise PurposeError(f"Name one purpose in {FIELD}: the client has several.")
        return registered
    purpose = parse_purpose(requested)
    if purpose not in registered:
        raise PurposeError(f"The client is not registered for the {FIELD} `{requested}`.")
    return purpose
