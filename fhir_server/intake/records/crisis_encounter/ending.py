"""What the end of a crisis encounter must be told with: the hold, the transport, who was there.

The rules are those of the profile crisis-encounter, so that a sender is told the field that is
missing rather than the invariant that is broken. They hold once the encounter is over; before, what
is missing is a warning, since a record that is late is still what happened.
"""

from collections.abc import Iterator

from fhir_server.fhir.crisis_codes import CLINICAL_ROLES, LAW_ENFORCEMENT_ROLES
from fhir_server.fhir.resource import Element
from fhir_server.intake.fault import Fault

OVER = frozenset({"cleared", "resolved-by-phone"})
_HOLD_DETAILS = ("statute", "initiatorRole", "initiatedAt", "expiresAt")
_NOT_AGAINST_THE_WILL = frozenset({"none", "voluntary-by-guardian"})
_LIFTED = frozenset({"released", "converted-voluntary", "expired"})


def held(record: Element) -> bool:
    """Return whether the person was held against their will when the encounter ended."""
    hold = record.get("hold", {})
    against = hold.get("type", "none") not in _NOT_AGAINST_THE_WILL
    return against and hold.get("outcome") not in _LIFTED


def contradictions(record: Element) -> Iterator[Fault]:
    """Yield what cannot be true together, whether or not the encounter is over."""
    disposition, diversion = record.get("disposition", {}), record.get("diversion", {})
    if held(record) and disposition.get("voluntary"):
        message = "This is true although there is an involuntary hold that has not been lifted."
        yield Fault(path="disposition.voluntary", message=message)
    spared = diversion.get("arrestableOffense") == "yes" and diversion.get("arrested") == "no"
    if _jailed(record) and spared:
        message = "A person who could have been arrested and was not was not taken to jail either."
        yield Fault(path="diversion.arrested", message=message)


def doubts(record: Element) -> Iterator[Fault]:
    """Yield what is hard to believe together, and not impossible."""
    if _jailed(record) and record.get("diversion", {}).get("arrested") == "no":
        message = "This is `no` although the disposition is `transported-jail`."
        yield Fault(path="diversion.arrested", message=message)


def missing(record: Element) -> Iterator[Fault]:
    """Yield what an encounter that is over must have told, and has not."""
    yield from _of_the_hold(record.get("hold", {}))
    yield from _of_the_transport(record)
    if record.get("responderModel") == "co-responder" and not _both_came(record):
        message = (
            "A co-response names a member with a clinical role and an officer"
            " (`role`: clinician, officer, ...)."
        )
        yield Fault(path="units", message=message)


def _jailed(record: Element) -> bool:
    return bool(record.get("disposition", {}).get("code") == "transported-jail")


def _of_the_hold(hold: Element) -> Iterator[Fault]:
    if hold.get("type", "none") == "none":
        return
    for detail in _HOLD_DETAILS:
        if detail not in hold:
            yield Fault(path=f"hold.{detail}", message="A hold needs this to be complete.")


def _of_the_transport(record: Element) -> Iterator[Fault]:
    code = record.get("disposition", {}).get("code", "")
    if not code.startswith("transported-"):
        return
    if "transport" not in record:
        yield Fault(path="transport", message="The disposition is a transport.")
    if code != "transported-home" and "destination" not in record:
        message = "The disposition is a transport; the `type` may be `unknown`."
        yield Fault(path="destination", message=message)


def _both_came(record: Element) -> bool:
    members = [member for unit in record.get("units", ()) for member in unit.get("members", ())]
    roles = {member.get("role") for member in members}
    of_the_team = record.get("lawEnforcement", {}).get("involvement") == "team-member"
    return bool(roles & CLINICAL_ROLES) and (of_the_team or bool(roles & LAW_ENFORCEMENT_ROLES))
