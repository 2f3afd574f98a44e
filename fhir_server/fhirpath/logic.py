"""Three-valued logic: true, false and the empty collection, which is not known.

https://hl7.org/fhirpath/N1/#boolean-logic
"""

from collections.abc import Callable, Mapping

from fhir_server.fhirpath.evaluation import Evaluate, Frame
from fhir_server.fhirpath.item import FALSE, TRUE, Items, boolean, truth


def _and(left: Evaluate, right: Evaluate) -> Evaluate:
    def run(frame: Frame) -> Items:
        one = boolean(left(frame))
        if one is False:
            return FALSE
        other = boolean(right(frame))
        return FALSE if other is False else truth(None if one is None else other)

    return run


def _or(left: Evaluate, right: Evaluate) -> Evaluate:
    def run(frame: Frame) -> Items:
        one = boolean(left(frame))
        if one is True:
            return TRUE
        other = boolean(right(frame))
        return TRUE if other is True else truth(None if one is None else other)

    return run


def _implies(left: Evaluate, right: Evaluate) -> Evaluate:
    def run(frame: Frame) -> Items:
        one = boolean(left(frame))
        if one is False:
            return TRUE
        other = boolean(right(frame))
        return TRUE if other is True else truth(None if one is None else other)

    return run


# The right side is not evaluated where the left one decides.
LOGIC: Mapping[str, Callable[[Evaluate, Evaluate], Evaluate]] = {
    "and": _and,
    "or": _or,
    "implies": _implies,
}
