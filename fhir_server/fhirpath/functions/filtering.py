"""https://hl7.org/fhirpath/N1/#filtering-and-projection and #aggregates ."""

from fhir_server.fhirpath.equality import key
from fhir_server.fhirpath.evaluation import Evaluate, Frame, Run
from fhir_server.fhirpath.function import Function, Static, anything, same
from fhir_server.fhirpath.item import EMPTY, Items, boolean, single
from fhir_server.fhirpath.tree import children


def _where(frame: Frame, focus: Items, criterion: Evaluate) -> Items:
    run, total = frame.run, frame.total
    run.spend(len(focus))
    return [
        item
        for index, item in enumerate(focus)
        if boolean(criterion(Frame(run, [item], index, total))) is True
    ]


def _select(frame: Frame, focus: Items, projection: Evaluate) -> Items:
    run, total = frame.run, frame.total
    run.spend(len(focus))
    return [
        found
        for index, item in enumerate(focus)
        for found in projection(Frame(run, [item], index, total))
    ]


def _projected(_: Static, arguments: tuple[Static, ...]) -> Static:
    return Static(types=arguments[0].types, ordered=arguments[0].ordered)


def _repeat(frame: Frame, focus: Items, projection: Evaluate) -> Items:
    """Project again what was projected, until nothing new comes."""
    seen = set()
    found: Items = []
    new = focus
    while new:
        projected = _select(frame, new, projection)
        new = []
        for item in projected:
            frame.run.spend(1)
            if (its_key := key(item, frame.run.spend)) not in seen:
                seen.add(its_key)
                new.append(item)
        found.extend(new)
    return found


def _aggregate(frame: Frame, focus: Items, step: Evaluate, *start: Evaluate) -> Items:
    total = start[0](frame) if start else EMPTY
    for index, item in enumerate(focus):
        frame.run.spend(1)
        total = step(Frame(frame.run, [item], index, total))
    return total


def _iif(frame: Frame, focus: Items, criterion: Evaluate, *results: Evaluate) -> Items:
    """Evaluate one of the results only, with the one item of the focus as `$this`."""
    single(focus)
    inner = Frame(frame.run, focus, frame.index, frame.total)
    if boolean(criterion(inner)) is True:
        return results[0](inner)
    return results[1](inner) if len(results) > 1 else EMPTY


def _either(_: Static, arguments: tuple[Static, ...]) -> Static:
    return arguments[1].also(arguments[2]) if len(arguments) > 2 else arguments[1]  # noqa: PLR2004 - criterion, result, other


def _trace(frame: Frame, focus: Items, name: Evaluate, *projection: Evaluate) -> Items:
    label = single(name(frame))
    if frame.run.ports.trace is not None and label is not None:
        shown = _select(frame, focus, projection[0]) if projection else focus
        frame.run.ports.trace(str(label.value), shown)
    return focus


def _children(run: Run, focus: Items) -> Items:
    found = [child for item in focus for child in children(run.model, item)]
    run.spend(len(found) + len(focus))
    return found


def _descendants(run: Run, focus: Items) -> Items:
    found: Items = []
    new = _children(run, focus)
    while new:
        found.extend(new)
        new = _children(run, new)
    return found


def _unordered(_focus: Static, _arguments: tuple[Static, ...]) -> Static:
    return Static(ordered=False)


FUNCTIONS = (
    Function(name="where", call=_where, arguments=(1, 1), lazy=True, result=same),
    Function(name="select", call=_select, arguments=(1, 1), lazy=True, result=_projected),
    Function(name="repeat", call=_repeat, arguments=(1, 1), lazy=True, result=anything),
    Function(name="aggregate", call=_aggregate, arguments=(1, 2), lazy=True, result=anything),
    Function(name="iif", call=_iif, arguments=(2, 3), lazy=True, result=_either),
    Function(name="trace", call=_trace, arguments=(1, 2), lazy=True, result=same),
    Function(name="children", call=_children, result=_unordered),
    Function(name="descendants", call=_descendants, result=_unordered),
)
