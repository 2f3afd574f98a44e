"""https://hl7.org/fhirpath/N1/#subsetting and https://hl7.org/fhirpath/N1/#combining ."""

from fhir_server.fhirpath.equality import key
from fhir_server.fhirpath.errors import FhirPathEvaluationError
from fhir_server.fhirpath.evaluation import Run
from fhir_server.fhirpath.function import Function, one_of, same, with_argument
from fhir_server.fhirpath.item import EMPTY, Items, single, single_value
from fhir_server.fhirpath.operators import distinct, union


def _single(_: Run, focus: Items) -> Items:
    single(focus)
    return focus


def _first(_: Run, focus: Items) -> Items:
    return focus[:1]


def _last(_: Run, focus: Items) -> Items:
    return focus[-1:]


def _tail(_: Run, focus: Items) -> Items:
    return focus[1:]


def whole(items: Items) -> int | None:
    """Return the integer that an argument is, None where it is empty.

    Raises:
        FhirPathEvaluationError: It is something else.
    """
    value = single_value(items)
    if value is not None and type(value) is not int:
        raise FhirPathEvaluationError("The argument must be an Integer.")
    return value


def _skip(_: Run, focus: Items, count: Items) -> Items:
    number = whole(count)
    return EMPTY if number is None else focus[max(0, number) :]


def _take(_: Run, focus: Items, count: Items) -> Items:
    number = whole(count)
    return EMPTY if number is None else focus[: max(0, number)]


def _intersect(run: Run, focus: Items, other: Items) -> Items:
    run.spend(len(other))
    theirs = {key(item, run.spend) for item in other}
    return [item for item in distinct(run, focus) if key(item, run.spend) in theirs]


def _exclude(run: Run, focus: Items, other: Items) -> Items:
    run.spend(len(focus) + len(other))
    theirs = {key(item, run.spend) for item in other}
    return [item for item in focus if key(item, run.spend) not in theirs]


def _combine(run: Run, focus: Items, other: Items) -> Items:
    run.spend(len(focus) + len(other))
    return [*focus, *other]


FUNCTIONS = (
    Function(name="single", call=_single, result=one_of),
    Function(name="first", call=_first, result=one_of, needs_order=True),
    Function(name="last", call=_last, result=one_of, needs_order=True),
    Function(name="tail", call=_tail, result=same, needs_order=True),
    Function(name="skip", call=_skip, arguments=(1, 1), result=same, needs_order=True),
    Function(name="take", call=_take, arguments=(1, 1), result=same, needs_order=True),
    Function(name="intersect", call=_intersect, arguments=(1, 1), result=same),
    Function(name="exclude", call=_exclude, arguments=(1, 1), result=same),
    Function(name="union", call=union, arguments=(1, 1), result=with_argument),
    Function(name="combine", call=_combine, arguments=(1, 1), result=with_argument),
)
