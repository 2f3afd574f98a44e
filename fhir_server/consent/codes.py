"""Which codes tell what about a person: a small table of our own, and who may add to it is law.

Families are those of the default policy matrix (search/labels.py). What no row names is decided by
the resource's type (labels.py), which fails closed. Sources: domain research 3.6 and 3.9.
"""

import re
from collections.abc import Mapping

from fhir_server.fhir.crisis import code_system
from fhir_server.search.labels import Family

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
SENSITIVITY = code_system("crisis-sensitivity")

ICD_10_SYSTEMS = frozenset(
    {"http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10"},
)
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"

_MH, _SUD, _HIV, _SDV = Family.MH, Family.SUD, Family.HIV, Family.SDV


def _of(family: Family, codes: str) -> dict[str, Family]:
    return dict.fromkeys(codes.split(), family)


def _range(family: Family, letter: str, first: int, last: int) -> dict[str, Family]:
    return {f"{letter}{number:02}": family for number in range(first, last + 1)}


# By category (the first three characters), then the few codes whose category says nothing.
_ICD_10_CATEGORIES = (
    _range(_MH, "F", 1, 99)
    | _range(_SUD, "F", 10, 19)
    | _range(_MH, "X", 71, 83)
    | _of(_MH | _SUD, "T40")
    | _of(_HIV, "B20 Z21 R75")
    | _of(_SDV, "T74 T76 Z69")
)
_ICD_10_CODES = _of(_MH, "R45.851 T14.91 T14.91XA T14.91XD T14.91XS") | _of(_HIV, "O98.7")

_LOINC = (
    # C-SSRS, PHQ-9, PHQ-2, GAD-7
    _of(_MH, "93373-9 93246-7 93247-5 93248-3 93249-1 93250-9 93267-3 93269-9 93374-7 93245-9")
    | _of(_MH, "93278-0 93304-4 44249-1 44260-8 44261-6 55757-9 55758-7 69737-5 70274-6")
    # AUDIT-C, AUDIT, DAST-10, TAPS
    | _of(_SUD, "72109-2 68517-2 68518-0 68519-8 68520-6 75626-2 75624-7 82666-9 82667-7 96841-2")
    # HARK
    | _of(_SDV, "76499-3 76501-6 76502-4 76503-2 76504-0")
    # HIV antibody, antigen, viral load
    | _of(_HIV, "7917-8 25836-8 20447-9 48345-3 56888-1 75622-1")
)
_SNOMED = (
    # Increased risk for suicide, suicidal thoughts, plan, intent, behaviour, attempt; self-harm
    _of(_MH, "225444004 6471006 247650009 304594002 425104003 82313006 23233009 248062006")
    | _of(_MH, "276853009 225337009 35489007 86849004")
    # Alcohol and drug abuse, dependence and overdose
    | _of(_SUD, "7200002 15167005 66590003 5602001 75544000 6525002 26416006 191816009 55680006")
    | _of(_SUD, "361055000")
    | _of(_HIV, "86406008 62479008 165816005")
    | _of(_SDV, "706893006 397940009")
)
_RXNORM = _of(_SUD, "1819 6813 7243")  # buprenorphine, methadone, naltrexone

# Dispatch's belief about a call, which tells as much about a person as a finding does.
_CALL_TYPES = (
    _of(_MH, "suicidal-ideation suicide-attempt self-harm emotional-distress psychosis mania")
    | _of(_SUD, "intoxication overdose syringe-disposal")
    | _of(_SDV, "domestic-violence")
)

# Labels that whoever wrote the resource put on it. BH is the wider word: it says no more of a
# patient's resource than that it is one, so that it stands for BASE and MH together.
SENSITIVITIES: Mapping[str, Family] = (
    _of(_MH, "BH MH PSY COGN DVD EMOTDIS")
    | _of(Family.NOTES, "PSYTHPN")
    | _of(_SUD, "SUD ETH ETHUD OPIOIDUD")
    | _of(_HIV, "HIV")
    | _of(_SDV, "SDV VIO")
    | _of(Family.PART2 | _SUD, "42CFRPart2 42CFRPart2CD")
)
LOCAL_SENSITIVITIES: Mapping[str, Family] = {
    "law-enforcement": Family.LAW_ENFORCEMENT,
    "anonymous-contact": Family.ANONYMOUS,
}

_TABLES: Mapping[str, Mapping[str, Family]] = {
    LOINC: _LOINC,
    SNOMED: _SNOMED,
    RXNORM: _RXNORM,
    ACT_CODE: SENSITIVITIES,
    SENSITIVITY: LOCAL_SENSITIVITIES,
    CONFIDENTIALITY: {"V": Family.NOTES},
    code_system("crisis-call-type"): _CALL_TYPES,
}
_NONE = Family(0)


def families_of(system: str, code: str) -> Family:
    """Return the families that a coding tells of; of an unknown one, none."""
    table = _TABLES.get(system)
    if table is not None:
        return table.get(code, _NONE)
    if system in ICD_10_SYSTEMS:
        exact = _ICD_10_CODES.get(code) or _ICD_10_CODES.get(code[:5], _NONE)
        return exact | _ICD_10_CATEGORIES.get(code[:3], _NONE)
    return _NONE


_CODES = re.compile(rb'"code":"([^"\\\\]*)"')
_TELLING = frozenset(
    code.encode()
    for table in (*_TABLES.values(), _ICD_10_CODES, _ICD_10_CATEGORIES)
    for code in table
)


def may_tell(body: bytes) -> bool:
    """Say whether a resource as compact JSON may hold a code that tells of a family.

    True for every resource that does, and for few others: it looks at codes without their systems,
    a tenth of the time of a walk through the resource.
    """
    found = set(_CODES.findall(body))
    return not found.isdisjoint(_TELLING) or any(
        code[:3] in _TELLING or code[:5] in _TELLING for code in found
    )
