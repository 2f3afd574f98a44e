"""Counts over the facts of crisis encounters, in one statement."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from fhir_server.facts.query import FactQuery, FactTest, Population
from fhir_server.storage.engine import Database
from fhir_server.storage.schema import fact_encounter


class FactStore:
    """The facts of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self, query: FactQuery) -> dict[str, int]:
        """Return the number of encounters in each population, by its code.

        Raises:
            KeyError: A test names no field of EncounterFact.
            UnavailableError: The database is away.
        """
        if not query.populations:
            return {}
        with self._database.connect() as connection:
            row = connection.execute(_statement(query)).one()
        codes = (population.code for population in query.populations)
        return {code: int(number) for code, number in zip(codes, row, strict=True)}


def _statement(query: FactQuery) -> sa.Select[Any]:
    facts = fact_encounter.c
    within: list[ColumnElement[bool]] = [
        facts.received >= query.since,
        facts.received < query.until,
    ]
    if query.custodians is not None:
        within.append(facts.custodian_id.in_(sorted(query.custodians)))
    numbers = (
        sa.func.coalesce(sa.func.sum(sa.case((_passes(population), 1), else_=0)), 0)
        for population in query.populations
    )
    return sa.select(*numbers).where(*within)


def _passes(population: Population) -> ColumnElement[bool]:
    return sa.and_(sa.true(), *map(_holds, population.tests))


def _holds(test: FactTest) -> ColumnElement[bool]:
    column = fact_encounter.c[test.field]
    said = [_stored(value) for value in test.values if value is not None]
    holds: ColumnElement[bool] = column.in_(said)
    if None in test.values:
        holds = sa.or_(holds, column.is_(None))
    # Of a NULL, "in" is neither true nor false.
    return sa.func.coalesce(holds, sa.false())


def _stored(value: str | bool) -> str | int:  # noqa: FBT001 - a value like any other
    return int(value) if isinstance(value, bool) else value
