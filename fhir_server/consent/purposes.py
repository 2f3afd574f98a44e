"""Purposes of use: codes, and which requests a purpose in a directive speaks of.

https://terminology.hl7.org/CodeSystem-v3-ActReason.html ; there is none for law enforcement, so
those are ours, in no subtree of its.

A directive for a purpose speaks of requests for the same or a narrower one. Emergencies are apart:
a directive speaks of them only where it names them, so that a general denial does not bind an
emergency department (45 CFR 164.522(a)(1)(iii)) and a general permit opens no emergency door.
"""

from collections.abc import Iterable, Mapping

from fhir_server.search.labels import ALL_PURPOSES, Purpose

_NARROWER: Mapping[Purpose, Purpose] = {
    Purpose.TREAT: Purpose.TREAT | Purpose.COC,
    Purpose.HOPERAT: Purpose.HOPERAT | Purpose.CAREMGT,
}
EMERGENCIES = Purpose.ETREAT | Purpose.BTG
ANY_BUT_EMERGENCIES = ALL_PURPOSES & ~int(EMERGENCIES)


def spoken_of(codes: Iterable[str]) -> int:
    """Return the mask of requests that `codes` speak of; an unknown code speaks of none."""
    mask = 0
    for code in codes:
        purpose = Purpose.__members__.get(code)
        if purpose is not None:
            mask |= int(_NARROWER.get(purpose, purpose))
    return mask


def known(code: str) -> bool:
    """Say whether `code` is a purpose that a token can have."""
    return code in Purpose.__members__
