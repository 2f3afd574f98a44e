"""The values of a consent decision: a directive, a request, what is asked for, the decision.

Keys of organisations are the server's internal integers; instants are microseconds, half open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fhir_server.search.labels import ALL_FAMILIES, FOREVER, Family, Purpose

# The type and id of a resource.
Address = tuple[str, str]
# (custodian, categories, form series, whether it is a Part 2 consent)
Series = tuple[int, tuple[str, ...], tuple[str, ...], bool]


class Meaning(StrEnum):
    """https://hl7.org/fhir/R4/valueset-consent-data-meaning.html ."""

    INSTANCE = "instance"
    RELATED = "related"
    DEPENDENTS = "dependents"
    AUTHORED_BY = "authoredby"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the rare selectors ask of a resource; instants are microseconds.

    `period` None: it does not say when it was. `refers_to` and `referred_by` are its neighbours
    among the records of its patient and the directory.
    """

    key: int
    address: Address
    type_id: int
    profiles: frozenset[str] = frozenset()
    codings: frozenset[tuple[str, str]] = frozenset()
    period: tuple[int, int] | None = None
    authors: frozenset[Address] = frozenset()
    refers_to: frozenset[Address] = frozenset()
    referred_by: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """The rare selectors of a provision; all that are not None must match.

    `codes`: (system, code), a system of "" where the provision names none. `classes`: types and
    profiles, of which the resource has one. `period`: when what it tells of was.
    """

    codes: frozenset[tuple[str, str]] | None = None
    classes: tuple[frozenset[int], frozenset[str]] | None = None
    period: tuple[int, int] | None = None
    data: frozenset[tuple[Meaning, Address]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """What a provision says, and its exceptions, which may have exceptions.

    `recipients` None is everybody; TREATING may be among them. `purposes` is the mask of requests
    of which it speaks, those above it taken into account. `types` None is every type. `bears`: it
    concerns resources that bear one of these families. `names`: the families that a permit names
    by label, None where it has no labels. It holds in [since, until).
    """

    permit: bool
    recipients: frozenset[int] | None = None
    purposes: int
    types: frozenset[int] | None = None
    bears: Family = ALL_FAMILIES
    names: Family | None = None
    since: int = 0
    until: int = FOREVER
    narrowing: Narrowing | None = None
    exceptions: tuple["Provision", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive(Provision):
    """What one Consent says: its root provision.

    It replaces the earlier ones of its `series` from `effective` on, for ever; it holds itself in
    [effective, ends) if it is `active`. `made` orders directives in time, and its second part is
    the key of the Consent.
    """

    custodian: int
    series: Series
    made: tuple[int, int]
    effective: int = 0
    ends: int = FOREVER
    active: bool = True
    part2: bool = False

    @property
    def for_notes_alone(self) -> bool:
        """Whether it is an authorization for psychotherapy notes, combined with no other.

        45 CFR 164.508(b)(3)(ii).
        """
        return all(found.names == Family.NOTES for found in self.permits)

    @property
    def permits(self) -> Iterator[Provision]:
        """Every provision in it that permits."""
        waiting: list[Provision] = [self]
        while waiting:
            found = waiting.pop()
            waiting.extend(found.exceptions)
            if found.permit:
                yield found

    @property
    def is_narrowed(self) -> bool:
        """Whether a provision in it has rare selectors."""
        waiting: list[Provision] = [self]
        while waiting:
            found = waiting.pop()
            waiting.extend(found.exceptions)
            if found.narrowing is not None:
                return True
        return False


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
    """The resource asked for; `about_person` is false for directory data.

    `content` None: a version of it that is not the current one.
    """

    type_id: int
    custodian: int
    families: Family
    about_person: bool = True
    content: Content | None = None


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
class Step:
    """One step on the way: the rule, the law behind it, what it came to.

    `consent` is the key of the Consent that it looked at, 0 for none.
    """

    rule: str
    law: str
    found: str
    consent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`reasons` and `trace` are for the audit and for privacy officers, never for the caller."""

    permitted: bool
    reasons: tuple[Reason, ...]
    trace: tuple[Step, ...] = ()
    obligations: frozenset[Obligation] = frozenset()
