"""One write transaction: everything in it happens, or nothing.

PostgreSQL runs at READ COMMITTED; who reads in order to write locks first (`current`,
`consents_of`), in the order of keys.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import ReplayedError, StaleError
from fhir_server.search.confined import ConfinedQuery
from fhir_server.search.labels import ConsentRow
from fhir_server.storage import index_rows, schema, schema_log, set_sql, statements
from fhir_server.storage.audit_log import audit_rows
from fhir_server.storage.bodies import pack, unpack
from fhir_server.storage.hashes import digest
from fhir_server.storage.rows import (
    Address,
    AuditRow,
    Current,
    FiledConsent,
    Receipt,
    SearchRows,
    Version,
)
from fhir_server.storage.rule_rows import rule_rows, term_rows
from fhir_server.storage.session import Session
from fhir_server.storage.spans import Spans
from fhir_server.storage.statements import Fixed
from fhir_server.storage.writing import write_versions


class WriteTransaction:
    """`stamp` is the `lastUpdated` of every version in it, microseconds: strictly rising."""

    def __init__(
        self,
        session: Session,
        definitions: Definitions,
        spans: Spans,
        now: int,
        find_matches: Callable[[Session, ConfinedQuery], SearchRows],
    ) -> None:
        self._session = session
        self._find_matches = find_matches
        self._definitions = definitions
        self._spans = spans
        ((self._tx, self.stamp),) = self._fetch(statements.STAMP, now)

    def hold(self, conditions: Iterable[bytes]) -> None:
        """Hold these names until the transaction ends; wait for whoever holds one of them."""
        names = sorted(set(conditions))
        if names and self._session.dialect == "postgresql":
            # In the order of their names, so that two writers cannot wait for each other.
            self._session.run(statements.HOLD_CONDITIONS.postgresql, (names,))
            self._session.run(statements.RELEASE_CONDITIONS.postgresql, (names,))

    def matching(self, asked: ConfinedQuery) -> tuple[str, ...]:
        """Return the ids of the first page of a search, as this transaction sees it."""
        return tuple(match.id for match in self._find_matches(self._session, asked).matches)

    def keys(self, addresses: Iterable[Address]) -> dict[Address, int]:
        """Return the keys of all `addresses`, allocated where they are new.

        Raises:
            KeyError: There is no such resource type.
        """
        asked = sorted({(self._definitions.type_id(type_), id_) for type_, id_ in addresses})
        found = self._find(asked)
        missing = [address for address in asked if address not in found]
        if missing:
            found |= self._look_up(statements.ADD_KEYS, missing)
            # Another writer may have added one while this transaction waited for it.
            late = [address for address in missing if address not in found]
            found |= self._find(late)
        return self._named(found)

    def find_keys(self, addresses: Iterable[Address]) -> dict[Address, int]:
        """Return the keys of those of `addresses` that have one."""
        ids = sorted({(self._definitions.type_id(type_), id_) for type_, id_ in addresses})
        return self._named(self._find(ids))

    def current(self, addresses: Iterable[Address]) -> dict[Address, Current]:
        """Return the state of those of `addresses` that exist or did, locked until the end."""
        keys = self.find_keys(addresses)
        address_of = {key: address for address, key in keys.items()}
        rows = self._fetch(statements.CURRENT, self._session.list_of(address_of)) if keys else []
        return {
            address_of[key]: Current(
                key=key,
                version=version,
                deleted=bool(deleted),
                owner=owner,
                custodian=custodian,
                labels=mask & ~schema.SHARED,
            )
            for key, version, deleted, owner, custodian, mask in rows
        }

    def bodies(self, keys: Iterable[int]) -> dict[int, bytes]:
        """Return the current bodies, in their custodian's form, of those that exist."""
        rows = self._fetch(statements.BODIES, self._session.list_of(keys))
        return {key: unpack(body) or b"" for key, body in rows}

    def write(self, versions: Sequence[Version]) -> None:
        """Store `versions` and all that is derived from them.

        Raises:
            CollisionError: A version is not the one after the current.
        """
        if versions:
            keys = self.keys(index_rows.addresses(versions))
            stamped = (self._tx, self.stamp)
            write_versions(self._session, versions, keys, self._definitions, stamped)
            self._spans.raise_to(self._session, versions)

    def watched(self, owners: Iterable[int]) -> set[int]:
        """Return the patients of `owners` with rules about some of their resources only.

        Until the end of the transaction nobody else changes the rules of any of `owners`.
        """
        rows = self._fetch(statements.WATCHED, self._session.list_of(owners))
        return {owner for (owner,) in rows}

    def consents_of(self, owner: int) -> list[FiledConsent]:
        """Return a patient's Consents, the deleted ones too, and lock the patient's rules."""
        self._fetch(statements.LOCK_KEY, owner)
        rows = self._fetch(statements.CONSENTS, owner, self._definitions.type_id("Consent"))
        return [
            FiledConsent(
                key=key, custodian=custodian, deleted=bool(deleted), body=unpack(body) or b""
            )
            for key, custodian, deleted, body in rows
        ]

    def records_of(self, owner: int) -> list[tuple[int, bytes]]:
        """Return (key, body) of all that belongs to a patient, in their custodians' form."""
        rows = self._fetch(statements.OF_PATIENT, owner)
        return [(key, unpack(body) or b"") for key, body in rows]

    def replace_rules(self, owner: int, rows: Sequence[ConsentRow]) -> None:
        """Make `rows` the effective rules of the patient with the key `owner`."""
        self._session.run(statements.FORGET_RULES.text(self._session.dialect), (owner,))
        self._session.run(statements.FORGET_TERMS.text(self._session.dialect), (owner,))
        self._session.run_each(set_sql.insert(schema.consent_rule), rule_rows(owner, rows))
        self._session.run_each(set_sql.insert(schema.consent_term), term_rows(owner, rows))

    def receipt(self, receipt: Receipt) -> None:
        """Note that a message was taken.

        Raises:
            ReplayedError: It was taken before.
            StaleError: Its record was taken in this version or a newer one.
        """
        key = digest(receipt.key)
        if not self._fetch(statements.ADD_RECEIPT, key, pack(receipt.result)):
            ((result,),) = self._fetch(statements.RECEIPT, key)
            raise ReplayedError(unpack(result) or b"")
        if receipt.record is not None and receipt.record_version is not None:
            record = digest(receipt.record)
            if not self._fetch(statements.RAISE_VERSION, record, receipt.record_version):
                raise StaleError

    def audit(self, rows: Sequence[AuditRow]) -> None:
        """Append to the audit log, within this transaction."""
        self._session.run_each(set_sql.insert(schema_log.audit_log), audit_rows(rows))

    def _find(self, ids: list[tuple[int, str]]) -> dict[tuple[int, str], int]:
        return self._look_up(statements.FIND_KEYS, ids)

    def _look_up(self, statement: Fixed, ids: list[tuple[int, str]]) -> dict[tuple[int, str], int]:
        if not ids:
            return {}
        if self._session.dialect == "sqlite":
            rows = self._fetch(statement, json.dumps(ids))
        else:
            rows = self._fetch(statement, *map(list, zip(*ids, strict=True)))
        return {(type_id, id_): key for type_id, id_, key in rows}

    def _named(self, keys: dict[tuple[int, str], int]) -> dict[Address, int]:
        name = self._definitions.type_name
        return {(name(type_id), id_): key for (type_id, id_), key in keys.items()}

    def _fetch(self, statement: Fixed, *values: object) -> list[tuple[Any, ...]]:
        return self._session.fetch(statement.text(self._session.dialect), values)
