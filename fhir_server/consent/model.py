"""The values of a consent decision: a directive, a request, what is asked for, the decision.

Keys of organisations are the server's internal integers; instants are microseconds, half open.
"""

from dataclasses import dataclass
from enum import StrEnum

from fhir_server.search.labels import ALL_FAMILIES, FOREVER, Family, Purpose

# (custodian, categories, form series, whether it is a Part 2 consent)
Series = tuple[int, tuple[str, ...], tuple[str, ...], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """What one Consent says at its root.

    It replaces the earlier ones of its `series` from `effective` on, for ever; it holds itself in
    [effective, ends) if it is `active`. `made` orders directives in time. `recipients` None is
    everybody; TREATING may be among them. `purposes` is a mask of requests. `types` None is every
    type. `bears`: it concerns resources that bear one of these families. `names`: the families
    that a permit names by label, None where it has no labels.
    """

    custodian: int
    series: Series
    made: tuple[int, int]
    permit: bool
    effective: int = 0
    ends: int = FOREVER
    active: bool = True
    part2: bool = False
    recipients: frozenset[int] | None = None
    purposes: int
    types: frozenset[int] | None = None
    bears: Family = ALL_FAMILIES
    names: Family | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks: `organization` and the organisations that it is part of, for what, when.

    `treats`: one of them has a treating relation with the patient at `at`; `treats_by_own_word`:
    only its own encounter says so.
    """

    organization: int
    actors: frozenset[int]
    purpose: Purpose
    at: int
    medical_personnel: bool = False
    treats: bool = False
    treats_by_own_word: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The resource asked for; `about_person` is false for directory data."""

    type_id: int
    custodian: int
    families: Family
    about_person: bool = True


class Reason(StrEnum):
    """The step of the decision algorithm that decided."""

    DIRECTORY = "R2 not about a person"
    OWN = "R3 own agency"
    ABSOLUTE = "R4 no consent opens this"
    CONSENT_DENIES = "R8d a directive denies"
    CONSENT_PERMITS = "R8p directives permit"
    MATRIX_PERMITS = "R9 default policy permits"
    MATRIX_DENIES = "R9 default policy denies"


class Obligation(StrEnum):
    """What comes with a disclosure. https://terminology.hl7.org/CodeSystem-v3-ActCode.html ."""

    AUDIT = "AUDIT"
    # 42 CFR 2.32: the notice that stands on every such resource (access/stamp.py).
    PART2_NOTICE = "CPLYCD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`reasons` are for the audit, never for the caller."""

    permitted: bool
    reasons: tuple[Reason, ...]
    obligations: frozenset[Obligation] = frozenset()
