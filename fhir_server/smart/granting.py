"""What an app may be granted: asked for ∧ registered ∧ the user's role. Pure.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html . What cannot be granted
is left out, and the token response says in `scope` what was granted; an app that asks for one
scope too many still starts.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from fhir_server.smart.roles import Role, ceiling
from fhir_server.smart.scopes import (
    Level,
    Scope,
    ScopeError,
    format_scope,
    is_clinical,
    narrow,
    parse_scope,
)

OPENID = "openid"
FHIR_USER = "fhirUser"
PROFILE = "profile"
LAUNCH = "launch"
LAUNCH_PATIENT = "launch/patient"
LAUNCH_ENCOUNTER = "launch/encounter"
ONLINE = "online_access"
OFFLINE = "offline_access"
CONTEXT_SCOPES = (
    OPENID,
    FHIR_USER,
    PROFILE,
    LAUNCH,
    LAUNCH_PATIENT,
    LAUNCH_ENCOUNTER,
    ONLINE,
    OFFLINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What can be granted: `clinical` scopes, and `context` ones such as `openid`."""

    clinical: tuple[Scope, ...]
    context: tuple[str, ...]

    @property
    def scope(self) -> str:
        """The offer as the value of `scope`."""
        return " ".join((*self.context, *map(format_scope, self.clinical)))

    @property
    def needs_patient(self) -> bool:
        """Whether a patient must be known before this can be granted."""
        return LAUNCH_PATIENT in self.context or any(
            scope.level is Level.PATIENT for scope in self.clinical
        )


def offer(
    requested: str,
    registered: tuple[Scope, ...],
    registered_context: Collection[str],
    role: Role,
    types: Collection[str],
) -> Offer:
    """Return what of `requested` can be granted to a holder of `role`.

    `types` are the resource types that there are. `fhirUser` and `profile` are told in an
    id_token, so that they need `openid`.
    """
    words = requested.split()
    context = [word for word in CONTEXT_SCOPES if word in words and word in registered_context]
    if OPENID not in context:
        context = [word for word in context if word not in {FHIR_USER, PROFILE}]
    if OFFLINE in context:
        context = [word for word in context if word != ONLINE]
    asked = tuple(_clinical(words, types))
    return Offer(clinical=narrow(narrow(asked, registered), ceiling(role)), context=tuple(context))


def keep(offered: Offer, ticked: Collection[str]) -> Offer:
    """Return the part of an offer whose scopes a user left ticked; nothing is ever added."""
    return Offer(
        clinical=tuple(scope for scope in offered.clinical if format_scope(scope) in ticked),
        context=tuple(word for word in offered.context if word in ticked or word not in OPTIONAL),
    )


# What a user may take out of an app's wish; the rest is what it means to launch an app at all.
OPTIONAL = frozenset({FHIR_USER, PROFILE, ONLINE, OFFLINE})


def _clinical(words: Iterable[str], types: Collection[str]) -> Iterable[Scope]:
    for word in words:
        if not is_clinical(word):
            continue
        try:
            scope = parse_scope(word)
        except ScopeError:
            continue
        if scope.level is not Level.SYSTEM and (scope.type == "*" or scope.type in types):
            yield scope
