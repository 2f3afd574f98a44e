"""https://hl7.org/fhirpath/N1/#existence ."""

from collections.abc import Callable

from fhir_server.fhirpath.equality import key
from fhir_server.fhirpath.errors import FhirPathEvaluationError
from fhir_server.fhirpath.evaluation import Evaluate, Frame, Run
from fhir_server.fhirpath.function import Function, a, same
from fhir_server.fhirpath.item import Items, boolean, system_item, truth, value_of
from fhir_server.fhirpath.operators import distinct

_BOOLEAN = a("Boolean")


def _empty(_: Run, focus: Items) -> Items:
    return truth(not focus)


def _exists(frame: Frame, focus: Items, *criteria: Evaluate) -> Items:
    if not criteria:
        return truth(bool(focus))
    return truth(_some(frame, focus, criteria[0], wanted=True))


def _all(frame: Frame, focus: Items, criterion: Evaluate) -> Items:
    return truth(not _some(frame, focus, criterion, wanted=False))


def _some(frame: Frame, focus: Items, criterion: Evaluate, *, wanted: bool) -> bool:
    """Return whether the criterion is true of some item, or not true of some."""
    for index, item in enumerate(focus):
        frame.run.spend(1)
        inner = Frame(frame.run, [item], index, frame.total)
        if (boolean(criterion(inner)) is True) is wanted:
            return True
    return False


def _each(test: Callable[[list[bool]], bool]) -> Callable[[Run, Items], Items]:
    def call(_: Run, focus: Items) -> Items:
        values = [value for item in focus if isinstance(value := value_of(item), bool)]
        if len(values) != len(focus):
            raise FhirPathEvaluationError("Each item must be a Boolean.")
        return truth(test(values))

    return call


def _subset_of(run: Run, focus: Items, other: Items) -> Items:
    run.spend(len(focus) + len(other))
    return truth(
        {key(item, run.spend) for item in focus} <= {key(item, run.spend) for item in other}
    )


def _superset_of(run: Run, focus: Items, other: Items) -> Items:
    return _subset_of(run, other, focus)


def _count(_: Run, focus: Items) -> Items:
    return [system_item(len(focus))]


def _is_distinct(run: Run, focus: Items) -> Items:
    return truth(len(distinct(run, focus)) == len(focus))


def _not(_: Run, focus: Items) -> Items:
    value = boolean(focus)
    return truth(None if value is None else not value)


FUNCTIONS = (
    Function(name="empty", call=_empty, result=_BOOLEAN),
    Function(name="exists", call=_exists, arguments=(0, 1), lazy=True, result=_BOOLEAN),
    Function(name="all", call=_all, arguments=(1, 1), lazy=True, result=_BOOLEAN),
    Function(name="allTrue", call=_each(all), result=_BOOLEAN),
    Function(name="anyTrue", call=_each(any), result=_BOOLEAN),
    Function(name="allFalse", call=_each(lambda values: not any(values)), result=_BOOLEAN),
    Function(name="anyFalse", call=_each(lambda values: not all(values)), result=_BOOLEAN),
    Function(name="subsetOf", call=_subset_of, arguments=(1, 1), result=_BOOLEAN),
    Function(name="supersetOf", call=_superset_of, arguments=(1, 1), result=_BOOLEAN),
    Function(name="count", call=_count, result=a("Integer")),
    Function(name="distinct", call=distinct, result=same),
    Function(name="isDistinct", call=_is_distinct, result=_BOOLEAN),
    Function(name="not", call=_not, result=_BOOLEAN),
)
