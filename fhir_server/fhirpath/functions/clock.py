"""https://hl7.org/fhirpath/N1/#current-date-and-time-functions : the same throughout a run."""

from collections.abc import Callable

from fhir_server.fhir.dates import format_instant
from fhir_server.fhirpath.errors import FhirPathEvaluationError
from fhir_server.fhirpath.evaluation import Run
from fhir_server.fhirpath.function import Function, a
from fhir_server.fhirpath.item import Items, system_item
from fhir_server.fhirpath.temporal import Temporal, parse_date, parse_datetime, parse_time

_MILLISECONDS = 23
_DATE = 10


def _at_now(part: Callable[[str], Temporal | None]) -> Callable[[Run, Items], Items]:
    def call(run: Run, _: Items) -> Items:
        if run.now is None:
            if run.ports.now is None:
                raise FhirPathEvaluationError("There is no clock in this evaluation.")
            run.now = run.ports.now()
        value = part(format_instant(run.now)[:_MILLISECONDS])
        return [] if value is None else [system_item(value)]

    return call


FUNCTIONS = (
    Function(name="now", call=_at_now(lambda at: parse_datetime(f"{at}Z")), result=a("DateTime")),
    Function(name="today", call=_at_now(lambda at: parse_date(at[:_DATE])), result=a("Date")),
    Function(
        name="timeOfDay", call=_at_now(lambda at: parse_time(at[_DATE + 1 :])), result=a("Time")
    ),
)
