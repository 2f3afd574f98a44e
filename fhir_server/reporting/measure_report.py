"""The summary MeasureReport of a measure in a period, with what may be published of it.

https://hl7.org/fhir/R4/measurereport.html . It says nothing of when it was made, so that the same
period gives the same bytes as long as its encounters are the same. A hidden count or score is
absent and marked as masked; whether it is small itself or protects another is not told.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from fhir_server.fhir.crisis import CANONICAL, code_system, profile
from fhir_server.fhir.resource import Element, Resource
from fhir_server.reporting.evaluate import Evaluated
from fhir_server.reporting.measure import OTHER, Group, Measure, Stratifier
from fhir_server.reporting.periods import Reported
from fhir_server.reporting.table import TOTAL, Row, Shown

GROUP_SYSTEM = code_system("crisis-measure-group")
STRATIFIER_SYSTEM = code_system("crisis-measure-stratifier")
POPULATION_SYSTEM = "http://terminology.hl7.org/CodeSystem/measure-population"
SUPPRESSED = profile("crisis-suppressed")
_ABSENT_SYSTEM = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_NOTATION = "http://terminology.hl7.org/CodeSystem/measure-improvement-notation"
_AGGREGATED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "AGGRED",
}
_MASKED = [
    {"url": _ABSENT, "valueCode": "masked"},
    {"url": SUPPRESSED, "valueCode": "suppressed"},
]


def canonical(measure: Measure) -> str:
    """Return the canonical URL of the Measure, with its version."""
    return f"{CANONICAL}/Measure/{measure.id}|{measure.version}"


def measure_report(
    measure: Measure, period: Reported, groups: Sequence[Evaluated], reporter: str | None = None
) -> Resource:
    """Return the report; `reporter` is the id of the one Organization that it is about."""
    report: Resource = {
        "resourceType": "MeasureReport",
        "meta": {"profile": [profile("crisis-measure-report")], "security": [_AGGREGATED]},
        "status": "complete",
        "type": "summary",
        "measure": canonical(measure),
    }
    if reporter is not None:
        report["reporter"] = {"reference": f"Organization/{reporter}"}
    return report | {
        "period": {"start": period.first, "end": period.last},
        "improvementNotation": improvement_notation(),
        "group": [_group(found) for found in groups],
    }


def improvement_notation() -> Element:
    """Return "a higher score is better"."""
    return {"coding": [{"system": _NOTATION, "code": "increase"}]}


def population_code(code: str) -> Element:
    """Return the concept of a kind of population."""
    return {"coding": [{"system": POPULATION_SYSTEM, "code": code}]}


def group_code(group: Group) -> Element:
    """Return the concept that names a group in the Measure and in its reports."""
    return {"coding": [{"system": GROUP_SYSTEM, "code": group.code}], "text": group.text}


def stratifier_code(stratifier: Stratifier) -> Element:
    """Return the concept that names a stratifier in the Measure and in its reports."""
    coding = {"system": STRATIFIER_SYSTEM, "code": stratifier.code}
    return {"coding": [coding], "text": stratifier.text}


def _group(found: Evaluated) -> Element:
    group: Element = {"code": group_code(found.group)}
    group |= _figures(found.table.total, found.shown[TOTAL], found.contained)
    stratifier = found.group.stratifier
    if stratifier is not None:
        group["stratifier"] = [
            {"code": [stratifier_code(stratifier)], "stratum": list(_strata(found, stratifier))}
        ]
    return group


def _strata(found: Evaluated, stratifier: Stratifier) -> Iterator[Element]:
    for name, row in found.table.strata.items():
        coding = {"system": stratifier.system, "code": name}
        if name == OTHER:
            coding = {"system": _ABSENT_SYSTEM, "code": "unknown"}
        yield {"value": {"coding": [coding]}} | _figures(row, found.shown[name], 0)


def _figures(row: Row, shown: Shown, contained: int) -> Element:
    denominator = row.denominator + contained
    whole = _count(denominator, is_shown=shown >= Shown.DENOMINATOR)
    figures: Element = {
        "population": [
            {"code": population_code("initial-population")} | whole,
            {"code": population_code("denominator")} | whole,
            {"code": population_code("numerator")}
            | _count(row.numerator, is_shown=shown == Shown.ALL),
        ]
    }
    if shown < Shown.ALL:
        figures["measureScore"] = {"extension": _MASKED}
    elif denominator:
        figures["measureScore"] = {"value": _score(row.numerator, denominator)}
    return figures


def _count(value: int, *, is_shown: bool) -> Element:
    return {"count": value} if is_shown else {"_count": {"extension": _MASKED}}


def _score(numerator: int, denominator: int) -> Decimal:
    """Return the share in whole percents: more digits would promise more than counts can."""
    share = Decimal(numerator) / Decimal(denominator)
    return share.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
