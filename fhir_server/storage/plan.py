"""What a search statement's text depends on: shapes, the order, and where the rows come from.

Equal plans share one compiled statement (search_sql.py); choose.py makes them.
"""

from dataclasses import dataclass

from fhir_server.storage.shape import Belongs, HasId, HasReference, Leaf, Shape


@dataclass(frozen=True, slots=True)
class Ids:
    """The resources of a type with these ids, as a way to what is linked to them."""

    type_id: int
    ids: HasId


@dataclass(frozen=True, slots=True)
class Through:
    """What is linked, by the reference parameter, to the resources that `inner` gives.

    `forward`: what refers to them; else what they refer to.
    """

    param_id: int | str
    forward: bool
    inner: "Leaves"


# Of which any may hold: a parameter with several values.
Leaves = tuple[Leaf | Through | Ids, ...]


@dataclass(frozen=True, slots=True)
class ByUpdated:
    """Sorted by `last_updated`."""

    descending: bool


@dataclass(frozen=True, slots=True)
class ById:
    """Sorted by the logical id."""

    descending: bool


@dataclass(frozen=True, slots=True)
class ByValue:
    """Sorted by the least value, or descending by the greatest, in ix_date or ix_string.

    What has no value comes last.
    """

    table: str
    param_id: int
    descending: bool


@dataclass(frozen=True, slots=True)
class ByOther:
    """Sorted likewise by the values in another index table, which is not walked in this order."""

    table: str
    param_id: int
    descending: bool


Key = ByUpdated | ById | ByValue | ByOther


@dataclass(frozen=True, slots=True)
class FromLeaves:
    """The resources with one of the values; few enough to be looked at one by one."""

    leaves: Leaves


@dataclass(frozen=True, slots=True)
class FromIds:
    """The resources with these ids."""

    ids: HasId


@dataclass(frozen=True, slots=True)
class FromOwner:
    """The resources of one patient."""

    owner: Belongs


@dataclass(frozen=True, slots=True)
class FromType:
    """All resources of the type, walked in the order of `last_updated` where that is asked for."""


@dataclass(frozen=True, slots=True)
class Walk:
    """The index of the first sort key, walked in its order until the page is full."""


@dataclass(frozen=True, slots=True)
class WalkOfPatient:
    """The same within one patient's rows; what refers to the patient but is another's, apart."""

    patient: HasReference | Belongs


@dataclass(frozen=True, slots=True)
class WithoutValue:
    """The resources that have no value of the first sort key: they come after all others."""


Driver = FromLeaves | FromIds | FromOwner | FromType | Walk | WalkOfPatient | WithoutValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One statement. `tests` must all hold; `after` names the position of the page before.

    `type_id` is a number, or the name of one that is bound. A name None in `after` stands for a
    missing value. `limit` None: count all.
    """

    dialect: str
    type_id: int | str
    tests: tuple[Shape, ...]
    driver: Driver
    sort: tuple[Key, ...]
    after: tuple[str | None, ...] | None = None
    limit: int | None = None

    @property
    def known_type(self) -> int | None:
        """The type, where the text of the statement may depend on it."""
        return self.type_id if isinstance(self.type_id, int) else None
