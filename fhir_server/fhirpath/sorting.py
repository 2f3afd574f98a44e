"""https://hl7.org/fhirpath/#sort : by one criterion or several, each up or down."""

from collections.abc import Callable
from functools import cmp_to_key

from fhir_server.fhirpath.equality import compare_values
from fhir_server.fhirpath.evaluation import Evaluate, Frame
from fhir_server.fhirpath.item import Items, Value, single_value

# For each item the values that it is sorted by, and last the item's place.
_Row = tuple[list[Value | None], int]


def sort(focus: Evaluate, criteria: tuple[tuple[Evaluate, bool], ...]) -> Evaluate:
    """Return the closure of `focus.sort(criteria)`; the second of a criterion is: descending."""
    wanted = criteria or ((lambda frame: frame.this, False),)
    order = cmp_to_key(_comparison([descending for _, descending in wanted]))

    def run(frame: Frame) -> Items:
        items = focus(frame)
        # As many comparisons as a sort takes at most, near enough.
        frame.run.spend(len(items) * max(1, len(items).bit_length()))
        rows: list[_Row] = []
        for place, item in enumerate(items):
            inner = Frame(frame.run, [item], place, frame.total)
            rows.append(([single_value(by(inner)) for by, _ in wanted], place))
        return [items[place] for _, place in sorted(rows, key=order)]

    return run


def _comparison(descending: list[bool]) -> Callable[[_Row, _Row], int]:
    def compare(one: _Row, other: _Row) -> int:
        for ours, theirs, down in zip(one[0], other[0], descending, strict=True):
            result = _compare(ours, theirs)
            if result:
                return -result if down else result
        return one[1] - other[1]

    return compare


def _compare(ours: Value | None, theirs: Value | None) -> int:
    """Put what has no value last, and leave in place what cannot be told apart."""
    if ours is None or theirs is None:
        return (ours is None) - (theirs is None)
    return compare_values(ours, theirs) or 0
