"""$evaluate-measure: the summary report of a measure in a closed quarter or year.

https://hl7.org/fhir/R4/operation-measure-evaluate-measure.html

`reportType` is `summary` alone: a list of subjects would tell who they are. Small counts are hidden
(reporting/disclosure_control.py). Public health is told about all agencies, an agency's own
operations about that agency.
"""

from collections.abc import Iterable
from functools import cache

from fhir_server.access.repository import Repository
from fhir_server.fhir.crisis import CANONICAL
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.outcome import InvalidRequestError, UnprocessableError
from fhir_server.fhir.resource import items, type_of
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.registry import discover
from fhir_server.reporting import measures
from fhir_server.reporting.evaluate import evaluate
from fhir_server.reporting.measure import Measure
from fhir_server.reporting.measure_report import measure_report
from fhir_server.reporting.periods import closed_period
from fhir_server.search.labels import Purpose

_DEFINITION = f"{CANONICAL}/OperationDefinition/measure-evaluate-measure"
_TAKEN = frozenset({"periodStart", "periodEnd", "reportType", "measure"})
# Parameters of the operation that would narrow a report down to a few people, or have no meaning.
_NOT_TAKEN = frozenset({"subject", "practitioner", "lastReceivedOn"})
_FORM = frozenset({"_format", "_pretty"})
_BY_AGENCY = Purpose.HOPERAT | Purpose.CAREMGT
_AT_TYPE = ("Measure", "$evaluate-measure")


def evaluate_measure(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return the MeasureReport of one measure.

    Raises:
        ForbiddenError: The token is for another purpose, or has no scope for it.
        NotFoundError: There is no such Measure.
        InvalidRequestError: A parameter is missing, unknown or malformed.
        UnprocessableError: The period is open or none that is reported; the measure is not one
            that this server counts; another kind of report is asked for.
    """
    asked = _parameters(request)
    measure = _measure(request, asked, repository)
    for name in ("periodStart", "periodEnd"):
        if name not in asked:
            raise InvalidRequestError(f"`{name}` is required, a date.", expression=name)
    if asked.get("reportType", "summary") != "summary":
        raise UnprocessableError(
            f"`reportType={asked['reportType']}` is not served, since it would tell who the"
            " subjects are; only `summary` is.",
            expression="reportType",
        )
    context = repository.context
    period = closed_period(asked["periodStart"], asked["periodEnd"], context.at)
    groups = evaluate(measure, period, repository.aggregate, repository.ports.suppression_threshold)
    reporter = context.organization_id if context.purpose & _BY_AGENCY else None
    return FhirResponse(status=200, body=encode(measure_report(measure, period, groups, reporter)))


OPERATION = Operation(
    code="evaluate-measure",
    definition=_DEFINITION,
    types=("Measure",),
    instance=True,
    affects_state=False,
    handle=evaluate_measure,
)


@cache
def known_measures() -> dict[str, Measure]:
    """Return the measures that this server counts, by id."""
    return {measure.id: measure for measure in discover(measures, "MEASURE", Measure)}


def _measure(request: FhirRequest, asked: dict[str, str], repository: Repository) -> Measure:
    measure_id = request.path[1]
    if request.path == _AT_TYPE:
        if "measure" not in asked:
            raise InvalidRequestError("`measure` is required, a canonical.", expression="measure")
        measure_id = asked["measure"].partition("|")[0].rpartition("/")[2]
    # Asked of the gate first: without a scope for Measure nobody learns which there are.
    repository.read("Measure", measure_id)
    found = known_measures().get(measure_id)
    if found is None:
        raise UnprocessableError(f"`Measure/{measure_id}` is not one that this server can count.")
    return found


def _parameters(request: FhirRequest) -> dict[str, str]:
    asked: dict[str, str] = {}
    for name, value in (*request.parameters, *_posted(request.body)):
        if name in asked:
            raise InvalidRequestError(f"`{name}` may be given once.", expression=name)
        if name in _NOT_TAKEN:
            raise UnprocessableError(
                f"`{name}` is not served: reports are about all encounters of a period.",
                expression=name,
            )
        if name in _TAKEN:
            asked[name] = value
        elif name not in _FORM:
            raise InvalidRequestError(f"`{name}` is no parameter here.", expression=name)
    return asked


def _posted(body: bytes) -> Iterable[tuple[str, str]]:
    """Yield the parameters of a Parameters resource: https://hl7.org/fhir/R4/parameters.html ."""
    if not body:
        return
    resource = decode(body)
    if type_of(resource) != "Parameters":
        raise InvalidRequestError("The body must be a Parameters resource.")
    for parameter in items(resource, "parameter"):
        found = [value for name, value in parameter.items() if name.startswith("value")]
        if not isinstance(parameter.get("name"), str) or not all(
            isinstance(value, str) for value in found
        ):
            raise InvalidRequestError("Each parameter must have a name and a text value.")
        yield from ((parameter["name"], value) for value in found)
