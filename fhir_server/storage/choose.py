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
    ByOther,
    ByUpdated,
    ByValue,
    Driver,
    FromIds,
    FromLeaves,
    FromOwner,
    FromType,
    Ids,
    Key,
    Leaves,
    Through,
    Walk,
    WalkOfPatient,
)
from fhir_server.storage.shape import (
    Belongs,
    HasComposite,
    HasDate,
    HasExact,
    HasId,
    HasNumber,
    HasPart,
    HasQuantity,
    HasReference,
    HasString,
    HasToken,
    HasTokenOf,
    HasUri,
    HasUriBelow,
    Leads,
    Leaf,
    Led,
    Shape,
    Some,
    conjuncts,
)

FEW = 300
# Whose rows an index finds from the value; those of HasPart it does not.
_FOUND = (
    HasToken,
    HasTokenOf,
    HasString,
    HasExact,
    HasDate,
    HasNumber,
    HasQuantity,
    HasReference,
    HasUri,
    HasUriBelow,
)
_TABLES = {
    SearchType.DATE: schema.ix_date,
    SearchType.STRING: schema.ix_string,
    SearchType.TOKEN: schema.ix_token,
    SearchType.NUMBER: schema.ix_number,
    SearchType.QUANTITY: schema.ix_quantity,
    SearchType.REFERENCE: schema.ix_reference,
    SearchType.URI: schema.ix_uri,
}
_WALKED = frozenset({SearchType.DATE, SearchType.STRING})


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
            if (compartment := self._compartment(test)) is not None:
                return FromLeaves(compartment)
        few = self._few(sort[0] if walked else None)
        if few is not None:
            return few
        return Walk() if walked else FromType()

    def _compartment(self, test: Shape) -> tuple[HasReference, ...] | None:
        """Return the references to patients of which one is to be there, if it is these alone."""
        if not isinstance(test, Some) or not test.operands:
            return None
        named = tuple(
            part
            for part in test.operands
            if isinstance(part, HasReference) and part.type_id == self.patient_type
        )
        return named if len(named) == len(test.operands) else None

    def all_valued(self, key: Key) -> bool:
        """Return whether only resources that have a value to sort by can match."""
        return isinstance(key, ByValue) and any(
            isinstance(test, HasDate | HasString | HasExact | HasPart)
            and test.param_id == key.param_id
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
        leaves = self._fewest(self.tests, walked)
        return None if leaves is None else FromLeaves(leaves)

    def _fewest(self, tests: Sequence[Shape], walked: Key | None = None) -> Leaves | None:
        """Return the values of one of `tests` that the fewest resources have, if those are few."""
        counted = [
            (self.count(leaves), leaves)
            for leaves in map(self._drivable, tests)
            if leaves is not None and not _is_window(leaves, walked)
        ]
        least = min(counted, key=lambda pair: pair[0], default=None)
        return least[1] if least is not None and least[0] < FEW else None

    def _drivable(self, test: Shape) -> Leaves | None:
        """Return the values any of which `test` asks for, if it is nothing else."""
        if isinstance(test, Some) and test.operands:
            each = [self._drivable_alone(part) for part in test.operands]
            return None if None in each else tuple(leaf for leaf in each if leaf is not None)
        alone = self._drivable_alone(test)
        return None if alone is None else (alone,)

    def _drivable_alone(self, test: Shape) -> Leaf | Through | None:
        match test:
            case HasComposite(parts=(HasToken(code=str()), *_)):
                return test
            case Leads() | Led():
                inner = self._inner(test)
                forward = isinstance(test, Leads)
                return None if inner is None else Through(test.param_id, forward, inner)
            case _:
                return test if isinstance(test, _FOUND) else None

    def _inner(self, link: Leads | Led) -> Leaves | None:
        """Return the way to the few resources at the other end of `link`."""
        tests = conjuncts(link.inner)
        ids = next((test for test in tests if isinstance(test, HasId)), None)
        return (Ids(link.type_id, ids),) if ids is not None else self._fewest(tests)


def keys(sort: Sequence[SortKey]) -> tuple[Key, ...]:
    """Return the order that a query asks for; without one, the last changed come first."""
    return tuple(map(_key, sort)) or (ByUpdated(descending=True),)


def _key(key: SortKey) -> Key:
    if key.by_id:
        return ById(key.descending)
    if key.parameter is None:
        return ByUpdated(key.descending)
    make = ByValue if key.parameter.type in _WALKED else ByOther
    return make(_TABLES[key.parameter.type].name, key.parameter.param_id, key.descending)


def _is_window(leaves: Leaves, walked: Key | None) -> bool:
    return isinstance(walked, ByValue) and any(
        isinstance(leaf, HasDate | HasString | HasExact) and leaf.param_id == walked.param_id
        for leaf in leaves
    )
