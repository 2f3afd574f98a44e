"""What is to be done about one record, given what is on file of it. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from fhir_server.access.changes import Change, Create, Update
from fhir_server.fhir.resource import Element, Resource
from fhir_server.intake import extension
from fhir_server.intake.build import RECORD_VERSION
from fhir_server.intake.on_file import OnFile, address, targets
from fhir_server.intake.record import Mapped


class Status(StrEnum):
    """What became of a record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    STALE = "stale"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The changes of one record; none where it is unchanged or stale."""

    status: Status
    changes: tuple[Change, ...] = ()


# What a resource becomes that a newer version of its record does not tell any more: clients that
# copied it must see it, so it is not deleted.
_WITHDRAWN = {
    "Observation": "entered-in-error",
    "Procedure": "entered-in-error",
    "DocumentReference": "entered-in-error",
    "Communication": "entered-in-error",
    "Task": "cancelled",
}


def plan(mapped: Mapped, record: Element, on_file: OnFile) -> Plan:
    """Return what to do: nothing where the record's version is not above the one on file."""
    main = mapped.resources[0]
    before = on_file.resource(address(main))
    version = record.get("recordVersion")
    known = None if before is None else extension.read(before, (RECORD_VERSION,))
    last = (known or {}).get("recordVersion")
    if version is not None and last is not None and version <= last:
        return Plan(status=Status.UNCHANGED if version == last else Status.STALE)
    changes: list[Change] = [
        Create(type=each["resourceType"], id=each["id"], resource=each)
        for each in mapped.if_absent
        if on_file.version(address(each)) is None
    ]
    # `if_match` on the record's own resource: two writers who read the same state never both win.
    changes.append(_update(main, on_file.version(address(main))))
    changes.extend(_update(each) for each in mapped.resources[1:])
    changes.extend(_update(each) for each in mapped.work if _not_begun(each, on_file))
    changes.extend(_update(each) for each in _withdrawn(mapped, on_file))
    return Plan(status=Status.CREATED if before is None else Status.UPDATED, changes=tuple(changes))


def _update(resource: Resource, if_match: int | None = None) -> Update:
    type_, id_ = address(resource)
    return Update(type=type_, id=id_, resource=resource, if_match=if_match)


def _not_begun(task: Resource, on_file: OnFile) -> bool:
    before = on_file.resource(address(task))
    return before is None or before.get("status") == "requested"


def _withdrawn(mapped: Mapped, on_file: OnFile) -> list[Resource]:
    now = {address(each) for each in mapped.everything}
    found = []
    for origin in mapped.resources:
        before = on_file.resource(address(origin))
        if origin["resourceType"] != "Provenance" or before is None:
            continue
        for gone in targets(before):
            resource = None if gone in now else on_file.resource(gone)
            if resource is not None and _may_withdraw(resource):
                found.append({**resource, "status": _WITHDRAWN[resource["resourceType"]]})
    return found


def _may_withdraw(resource: Resource) -> bool:
    type_ = resource["resourceType"]
    if type_ == "Task":
        return bool(resource.get("status") == "requested")
    return type_ in _WITHDRAWN and resource.get("status") != _WITHDRAWN[type_]
