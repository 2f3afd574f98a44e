"""What a kind of native record declares of itself; routes and docs are read from it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from marshmallow import Schema, ValidationError

from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.intake.fault import Fault, InvalidRecordError, flattened
from fhir_server.intake.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """The resources that one record becomes; the first of `resources` is the record itself.

    `if_absent` are written only where nothing is there yet (a placeholder Patient). `work` are
    Tasks, which are no longer intake's once somebody has begun them.
    """

    resources: tuple[Resource, ...]
    if_absent: tuple[Resource, ...] = ()
    work: tuple[Resource, ...] = ()

    @property
    def everything(self) -> tuple[Resource, ...]:
        """All resources: what is read back as the record."""
        return (*self.if_absent, *self.resources, *self.work)


def _same(record: Element) -> Element:
    return record


def _senders(_record: Element) -> tuple[str, ...]:
    return ()


def _nothing(_record: Element) -> Iterable[Fault]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One sort of native record: how it is checked, and which resources it becomes.

    `name` is its key in a message and `plural` that of an array of them. `check` yields faults
    that concern several fields, `review` what is worth a warning; both get the normal form, to
    which `normal` brings what can be said in several ways.
    `belongs_to` names agencies of which the sender must be one; none: it is the sender's.
    The law: `from_fhir(to_fhir(r, s).everything) == r` for every normal form `r`.
    """

    name: str
    plural: str
    schema: Schema
    to_fhir: Callable[[Element, Source], Mapped]
    from_fhir: Callable[[Sequence[Resource]], Element]
    belongs_to: Callable[[Element], tuple[str, ...]] = _senders
    normal: Callable[[Element], Element] = _same
    check: Callable[[Element], Iterable[Fault]] = _nothing
    review: Callable[[Element], Iterable[Fault]] = _nothing

    def load(self, native: Json) -> Element:
        """Return the normal form of a record.

        Raises:
            InvalidRecordError: It breaks its definition; every fault is named.
        """
        try:
            record: Element = pruned(self.schema.load(native))
        except ValidationError as error:
            raise InvalidRecordError(tuple(flattened(error.messages))) from None
        self._refuse(self._emptied(record))
        record = self.normal(record)
        self._refuse(self.check(record))
        return record

    def _emptied(self, record: Element) -> Iterable[Fault]:
        for name, field in self.schema.fields.items():
            if field.required and name not in record:
                yield Fault(path=name, message="This field is required; it is empty.")

    def _refuse(self, found: Iterable[Fault]) -> None:
        faults = tuple(found)
        if faults:
            raise InvalidRecordError(faults)

    def warnings(self, record: Element) -> tuple[Fault, ...]:
        """Return what is worth a warning about the data quality of a normal form."""
        return (*self.review(record), *_own_codes(record, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One address under /intake, and the kinds of record that it takes."""

    path: str
    kinds: tuple[Kind, ...]


def pruned(value: Json) -> Json:
    """Return `value` without empty objects and arrays: they say as little as absence does."""
    if isinstance(value, dict):
        below = ((name, pruned(child)) for name, child in value.items())
        return {name: child for name, child in below if child not in ({}, [])}
    if isinstance(value, list):
        return [pruned(child) for child in value]
    return value


def _own_codes(value: Json, path: str) -> Iterable[Fault]:
    if isinstance(value, list):
        for index, child in enumerate(value):
            yield from _own_codes(child, f"{path}[{index}]")
    elif isinstance(value, dict):
        if value.get("system") == "agency" and "code" in value:
            yield Fault(path=path, message="The code is not of the list; it is kept as your own.")
        for name, child in value.items():
            yield from _own_codes(child, f"{path}.{name}" if path else name)
