"""What a driver's failure means, said without the values that it was about."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa

from fhir_server.fhir.outcome import (
    CollisionError,
    FhirError,
    RetryError,
    StorageError,
    UnavailableError,
)

_AGAIN = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
_LOST = (psycopg.OperationalError, psycopg.InterfaceError)
_BUSY = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
)
_PRIMARY_CODE = 0xFF


@contextmanager
def translated() -> Iterator[None]:
    """Turn the drivers' errors inside the block into FhirErrors.

    Raises:
        UnavailableError: The database is away or busy.
        CollisionError: A unique key is taken.
        RetryError: Two transactions collided.
        StorageError: Anything else.
    """
    try:
        yield
    except (sa.exc.DBAPIError, psycopg.Error, sqlite3.Error) as error:
        # The driver's own message names keys and values, so it ends here.
        raise _meaning(_original(error)) from None
    except sa.exc.TimeoutError:
        raise UnavailableError("No connection to the database is free; try again.") from None


def is_lost(error: BaseException) -> bool:
    """Return whether the connection on which `error` arose is of no more use."""
    original = _original(error)
    return isinstance(original, _LOST) and not isinstance(original, _AGAIN)


def _original(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, sa.exc.DBAPIError) else error


def _meaning(error: BaseException | None) -> FhirError:
    if isinstance(error, _AGAIN):
        return RetryError("Another writer was at the same resources; try again.")
    if isinstance(error, psycopg.errors.UniqueViolation | sqlite3.IntegrityError):
        return CollisionError("Another writer has just taken the same identity; try again.")
    if isinstance(error, _LOST) or _busy(error):
        return UnavailableError("The database does not answer; try again.", retry_after_seconds=2)
    code = error.sqlstate if isinstance(error, psycopg.Error) else _name(error)
    return StorageError(f"The database refused a statement (`{code}`).")


def _busy(error: BaseException | None) -> bool:
    code = getattr(error, "sqlite_errorcode", 0)
    return code & _PRIMARY_CODE in _BUSY


def _name(error: BaseException | None) -> str:
    return str(getattr(error, "sqlite_errorname", type(error).__name__))
