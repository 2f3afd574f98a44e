"""Label families and purposes of use as bit masks, and the effective-rule row of a directive.

The families are the columns of the default policy matrix; the codes that lead to each are in
consent/labels.py. They stand in `search` because both the consent plan and the SQL that executes
it speak of them, and neither may import the other.
"""

from dataclasses import dataclass
from enum import IntFlag


class Family(IntFlag):
    """What a resource tells about a person; a patient's resource bears BASE always."""

    BASE = 1
    MH = 2
    SUD = 4
    PART2 = 8
    HIV = 16
    SDV = 32
    NOTES = 64
    LAW_ENFORCEMENT = 128
    ANONYMOUS = 256


ALL_FAMILIES = Family((1 << 9) - 1)


class Purpose(IntFlag):
    """https://terminology.hl7.org/CodeSystem-v3-ActReason.html, and local ones for police.

    A narrower purpose implies the wider only where rules say so (consent/purposes.py).
    """

    TREAT = 1
    COC = 2
    ETREAT = 4
    BTG = 8
    HPAYMT = 16
    HOPERAT = 32
    CAREMGT = 64
    PUBHLTH = 128
    HRESCH = 256
    PATRQT = 512
    LEFIELD = 1024
    LEINVEST = 2048
    DIVERSION = 4096
    DISPATCH = 8192


ALL_PURPOSES = (1 << 62) - 1
FOREVER = (1 << 62) - 1
# What an organisation says of itself makes it a treating one for these purposes only.
SELF_ASSERTED_PURPOSES = Purpose.TREAT
# An actor that is no organisation but a class: whoever treats the owner when asked (`Relation`).
TREATING = -1
# The key by which a rule knows a version of a resource that is not the current one.
OLD_VERSION = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A further selector of a rule: it holds where one of its alternatives does.

    `actors`: whom the requester is (TREATING: whoever treats the owner); `labels`: families of
    which the resource bears one; `within`: families beside which it bears none; `resources`: keys
    of resources, OLD_VERSION for all versions that are not the current one. One of these is given.
    """

    actors: frozenset[int] = frozenset()
    labels: int = 0
    within: int = 0
    resources: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRow:
    """One matchable node of a directive, with its path's selectors and its time in force.

    `owner` is the patient's key; `actor`, `custodian` 0 and `type_id` 0 mean any; `actor` TREATING
    is each organisation that treats the owner. `any_mask`: the resource must bear one of these
    families. `cover_mask` (permits only): the families that the
    node covers. A node decides when it matches and no child (`parent` = its `node`) matches.
    `valid_from` and `valid_to` are microseconds, half open; supersession is already cut out.
    All of `terms` must hold too; they are for what is rare, and those of a node are the same in
    each of its rows.
    """

    owner: int
    deny: bool
    actor: int = 0
    not_actor: int = 0
    purpose_mask: int = ALL_PURPOSES
    type_id: int = 0
    custodian: int = 0
    any_mask: int = int(ALL_FAMILIES)
    cover_mask: int = 0
    valid_from: int = 0
    valid_to: int = FOREVER
    node: int
    parent: int = 0
    has_kids: bool = False
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """`organization` treats `patient` from `since` until `until` (microseconds, half open).

    `source` is the key of the resource that says so; `asserted_by_self` marks an organisation's
    own Encounter, which counts for treatment purposes only.
    """

    patient: int
    organization: int
    since: int
    until: int
    source: int
    asserted_by_self: bool = False
