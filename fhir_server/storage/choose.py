"""Which way to the rows a search takes: few candidates one by one, or a walk in its order.

A patient, ids, or a value that few resources have give the candidates. Otherwise the index of the
order is walked until the page is full. How many resources have a value is counted up to `FEW`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fhir_server.search.parameter import SearchType
from fhir_server.search.query import SortKey
from fhir_server.storage import schema
from fhir_server.storage.plan import (
    ById,
    ByUpdated,
    ByValue,
    Driver,
    FromIds,
    FromLeaves,
    FromOwner,
    FromType,
    Key,
    Leaves,
    Walk,
    WalkOfPatient,
)
from fhir_server.storage.shape import (
    Belongs,
    HasDate,
    HasId,
    HasReference,
    HasString,
    HasToken,
    Shape,
    Some,
)

FEW = 300
_LEAVES = (HasToken, HasString, HasDate, HasReference)


@dataclass(frozen=True, slots=True)
class Chooser:
    """`tests` are those of the query and of the permission; `count` is bounded by `FEW`."""

    tests: tuple[Shape, ...]
    patient_type: int
    count: Callable[[Leaves], int]

    def for_page(self, sort: Sequence[Key]) -> Driver:
        """Return the way to the first rows of the order `sort`."""
        walked = len(sort) == 1 and isinstance(sort[0], ByValue)
        # A walk passes by what has no value; within a patient that is not worth a second look.
        all_valued = walked and self.all_valued(sort[0])
        for test in self.tests:
            if isinstance(test, HasId):
                return FromIds(test)
            if isinstance(test, Belongs):
                return WalkOfPatient(test) if all_valued else FromOwner(test)
            if isinstance(test, HasReference) and test.type_id == self.patient_type:
                return WalkOfPatient(test) if all_valued else FromLeaves((test,))
        few = self._few(sort[0] if walked else None)
        if few is not None:
            return few
        return Walk() if walked else FromType()

    def all_valued(self, key: Key) -> bool:
        """Return whether only resources that have a value to sort by can match."""
        return isinstance(key, ByValue) and any(
            isinstance(test, HasDate | HasString) and test.param_id == key.param_id
            for test in self.tests
        )

    def for_total(self, walked: ByValue | None) -> Driver:
        """Return the way to all rows; `walked` is a date that the query bounds."""
        order: Key = walked or ByUpdated(descending=True)
        return self.for_page((order,))

    def _few(self, walked: Key | None) -> FromLeaves | None:
        """Return the way over the value that the fewest resources have, if those are few.

        The window of the walk itself is no other way: the walk stops when the page is full.
        """
        counted = [
            (self.count(leaves), leaves)
            for leaves in map(_drivable, self.tests)
            if leaves is not None and not _is_window(leaves, walked)
        ]
        least = min(counted, key=lambda pair: pair[0], default=None)
        return FromLeaves(least[1]) if least is not None and least[0] < FEW else None


def keys(sort: Sequence[SortKey]) -> tuple[Key, ...]:
    """Return the order that a query asks for; without one, the last changed come first."""
    return tuple(map(_key, sort)) or (ByUpdated(descending=True),)


def _key(key: SortKey) -> Key:
    if key.by_id:
        return ById(key.descending)
    if key.parameter is None:
        return ByUpdated(key.descending)
    dated = key.parameter.type is SearchType.DATE
    table = schema.ix_date if dated else schema.ix_string
    return ByValue(table.name, key.parameter.param_id, key.descending)


def _is_window(leaves: Leaves, walked: Key | None) -> bool:
    return isinstance(walked, ByValue) and any(
        isinstance(leaf, HasDate | HasString) and leaf.param_id == walked.param_id
        for leaf in leaves
    )


def _drivable(test: Shape) -> Leaves | None:
    """Return the values any of which `test` asks for, if it is nothing else."""
    if isinstance(test, _LEAVES):
        return (test,)
    if isinstance(test, Some) and test.operands:
        leaves = tuple(leaf for leaf in test.operands if isinstance(leaf, _LEAVES))
        return leaves if len(leaves) == len(test.operands) else None
    return None
