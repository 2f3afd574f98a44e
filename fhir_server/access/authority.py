"""Which version a change makes, if the caller may make it.

https://hl7.org/fhir/R4/http.html#update and `#delete`

Only its custodian changes a resource. Somebody else who may see it is told so; to one who may not
see it, it looks as if it were not there.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fhir_server.access.changes import Change, Create, Delete, Update
from fhir_server.fhir.outcome import (
    ConflictError,
    ForbiddenError,
    MethodNotAllowedError,
    VersionConflictError,
)
from fhir_server.storage.rows import Current


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """One caller's standing to change one resource.

    `may_change`: the caller is the custodian of what there is. `sees`: the caller may have it.
    `assign_ids`: the caller may choose ids.
    """

    may_change: Callable[[Current], bool]
    sees: Callable[[Change], bool]
    assign_ids: bool

    def next_version(self, change: Change, current: Current | None) -> int | None:
        """Return the version that `change` makes, None where there is nothing to delete.

        Raises:
            ConflictError: The id is taken.
            ForbiddenError: Another organisation is the custodian.
            MethodNotAllowedError: An update of what is absent, as far as the caller knows.
            VersionConflictError: `if_match` is not the current version.
        """
        if isinstance(change, Create):
            return self._create(current)
        if isinstance(change, Update):
            return self._update(change, current)
        return self._delete(change, current)

    def _create(self, current: Current | None) -> int:
        if current is not None:
            raise ConflictError("The id is taken.")
        return 1

    def _update(self, change: Update, current: Current | None) -> int:
        if current is not None and self.may_change(current):
            _require_match(change.if_match, current)
            return current.version + 1
        if current is not None and self.sees(change):
            raise _not_custodian()
        if not self.assign_ids:
            raise MethodNotAllowedError(
                "Nothing is known to you at this URL, and the server chooses the ids of what is "
                "created: POST it instead."
            )
        if current is not None:
            raise ConflictError("The id is taken.")
        _require_match(change.if_match, None)
        return 1

    def _delete(self, change: Delete, current: Current | None) -> int | None:
        if current is not None and self.may_change(current):
            _require_match(change.if_match, current)
            return None if current.deleted else current.version + 1
        if current is not None and not current.deleted and self.sees(change):
            raise _not_custodian()
        _require_match(change.if_match, None)
        return None


def _require_match(if_match: int | None, current: Current | None) -> None:
    if if_match is not None and (current is None or if_match != current.version):
        raise VersionConflictError(
            f"`{if_match}` is not the current version; read it again.",
            expression="http.If-Match",
        )


def _not_custodian() -> ForbiddenError:
    return ForbiddenError("Only the organization that holds this resource may change it.")
