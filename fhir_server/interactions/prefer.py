"""What the client prefers: the Prefer header.

https://hl7.org/fhir/R4/http.html#ops and https://hl7.org/fhir/R4/search.html#errors

Preferences that are not FHIR's are ignored, as https://www.rfc-editor.org/rfc/rfc7240 demands.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

_PREFERENCE = re.compile(r'\s*([^\s=;,]+)\s*=\s*"?([^\s";,]+)"?')


class Return(StrEnum):
    """What a successful write answers with."""

    MINIMAL = "minimal"
    REPRESENTATION = "representation"
    OPERATION_OUTCOME = "OperationOutcome"


def preferred_return(headers: Mapping[str, str], default: Return) -> Return:
    """Return the body that a write should answer with."""
    wanted = _preferences(headers).get("return", "").lower()
    return next((found for found in Return if found.lower() == wanted), default)


def lenient(headers: Mapping[str, str]) -> bool:
    """Return whether unknown search parameters are to be ignored instead of refused."""
    return _preferences(headers).get("handling", "").lower() == "lenient"


def _preferences(headers: Mapping[str, str]) -> dict[str, str]:
    header = headers.get("prefer")
    if header is None:
        return {}
    return {name.lower(): value for name, value in reversed(_PREFERENCE.findall(header))}
