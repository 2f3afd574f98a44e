"""What leaves is written down: audit rows of an answer, handed over before its bytes go.

One row for the request, also where nothing was found, so that fishing shows; and one for each
patient and agency of whom something was disclosed, which that agency's privacy officer may read.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fhir_server.access.context import AccessContext
from fhir_server.audit.events import Flag, Outcome
from fhir_server.search.labels import Family, Purpose
from fhir_server.storage.rows import AuditRow, Stored

EMERGENCIES = Purpose.ETREAT | Purpose.BTG


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """What was asked: a code of https://hl7.org/fhir/R4/valueset-restful-interaction.html ."""

    code: str
    type: str
    id: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A resource that was disclosed or changed: whose it is, who holds it, what it tells."""

    owner: int
    custodian: int
    labels: int


def touched(rows: Iterable[Stored]) -> tuple[Touched, ...]:
    """Return what an answer discloses: of a patient, also that something was deleted."""
    return tuple(
        Touched(owner=row.owner, custodian=row.custodian, labels=row.labels) for row in rows
    )


def audit_rows(
    context: AccessContext,
    interaction: Interaction,
    recorded: int,
    disclosed: Sequence[Touched] = (),
) -> tuple[AuditRow, ...]:
    """Return the rows of a request that was answered; `recorded` is microseconds."""
    request = _row(context, interaction, recorded, count=len(disclosed))
    groups = Counter(
        (found.owner, found.custodian, bool(found.labels & Family.PART2))
        for found in disclosed
        if found.owner
    )
    each = (
        _row(
            context,
            interaction,
            recorded,
            count=count,
            patient=owner,
            custodian=custodian,
            flags=_flags(context, custodian=custodian, part2=part2),
        )
        for (owner, custodian, part2), count in sorted(groups.items())
    )
    return request, *each


def refused_row(
    context: AccessContext, interaction: Interaction, recorded: int, status: int
) -> AuditRow:
    """Return the row of a request that was refused with `status`."""
    return _row(context, interaction, recorded, outcome=Outcome.REFUSED, status=status)


def must_survive(context: AccessContext, disclosed: Iterable[Touched]) -> bool:
    """Say whether the log has to be on disk before the answer leaves.

    So it is for another agency's Part 2 records and under break-glass; for the rest it is enough
    that the database has it.
    """
    return context.purpose is Purpose.BTG or any(
        found.labels & Family.PART2 and found.custodian != context.organization
        for found in disclosed
    )


def _row(
    context: AccessContext, interaction: Interaction, recorded: int, **fields: int
) -> AuditRow:
    found = {
        "custodian": context.organization,
        "flags": _flags(context, custodian=0, part2=False),
        **fields,
    }
    return AuditRow(
        recorded=recorded,
        request_id=context.request_id,
        client_id=context.client_id,
        organization=context.organization,
        purpose=str(context.purpose.name),
        interaction=interaction.code,
        type=interaction.type,
        id=interaction.id,
        version=interaction.version,
        user_id=context.user_id,
        **found,
    )


def _flags(context: AccessContext, *, custodian: int, part2: bool) -> int:
    flags = Flag(0)
    if custodian == context.organization:
        flags |= Flag.OWN_RECORDS
    if part2:
        flags |= Flag.PART2
    if context.purpose & EMERGENCIES:
        flags |= Flag.EMERGENCY
    if context.system:
        flags |= Flag.SYSTEM
    return int(flags)
