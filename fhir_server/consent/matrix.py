"""The default policy matrix: what each purpose of use may have where no consent is on file.

Data, not code: one row per purpose, columns are the label families. Law by law in
README.md; a jurisdiction's pack will replace rows, not this module's readers.

Cells of the matrix that say "limited elements" or "by a human's decision" are denied here until
there is something that limits elements or asks a human.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_server.search.labels import ALL_FAMILIES, Family, Purpose

_NOTHING = Family(0)
# Never anybody else's: what police did, and whom an anonymous caller might be.
OWN_ONLY = Family.LAW_ENFORCEMENT | Family.ANONYMOUS
_TREATMENT = Family.BASE | Family.MH | Family.SUD


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One purpose of use.

    `anyone`: families permitted to every requester; `treating`: to one that treats the patient.
    `absolute`: families that no consent opens for this purpose. `own`: whether an agency gets its
    own records for it, all but `own_withheld`.
    """

    anyone: Family = _NOTHING
    treating: Family = _NOTHING
    absolute: Family = OWN_ONLY
    own: bool = True
    own_withheld: Family = Family.NOTES


_OPERATIONS = Row()
_COURT = Row(absolute=OWN_ONLY | Family.PART2 | Family.NOTES, own=False)

MATRIX: Mapping[Purpose, Row] = {
    # The author of a psychotherapy note reads it through the system of the agency.
    Purpose.TREAT: Row(treating=_TREATMENT, own_withheld=_NOTHING),
    Purpose.COC: Row(treating=_TREATMENT),
    # Before break-glass exists nobody tells that he is treating an emergency, so that an emergency
    # token reaches no Part 2 record and BTG reaches nothing at all.
    Purpose.ETREAT: Row(absolute=OWN_ONLY | Family.PART2),
    Purpose.BTG: Row(absolute=ALL_FAMILIES),
    Purpose.HPAYMT: _OPERATIONS,
    Purpose.HOPERAT: _OPERATIONS,
    Purpose.CAREMGT: _OPERATIONS,
    # Counts only (Repository.aggregate); 42 CFR 2.54 lets no identifiable record out.
    Purpose.PUBHLTH: Row(absolute=ALL_FAMILIES, own=False),
    Purpose.HRESCH: Row(absolute=OWN_ONLY | Family.PART2 | Family.NOTES, own=False),
    # A backend token does not show that it is the person who asks.
    Purpose.PATRQT: _OPERATIONS,
    Purpose.LEFIELD: Row(absolute=OWN_ONLY | Family.PART2 | Family.NOTES),
    Purpose.LEINVEST: _COURT,
    Purpose.DIVERSION: _COURT,
    Purpose.DISPATCH: Row(absolute=OWN_ONLY | Family.PART2 | Family.NOTES),
}

# 42 CFR 2.51 speaks of medical personnel; police and dispatchers are not.
MEDICAL_EMERGENCY = Row(
    anyone=_TREATMENT | Family.HIV | Family.SDV, absolute=OWN_ONLY | Family.PART2
)


def row(purpose: Purpose, *, medical_personnel: bool) -> Row:
    """Return the row for a requester."""
    if purpose is Purpose.ETREAT and medical_personnel:
        return MEDICAL_EMERGENCY
    return MATRIX[purpose]
