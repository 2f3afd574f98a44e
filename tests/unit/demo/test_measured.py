"""The demo of 1,000 people is large enough that measures show something and hide something."""

from datetime import date

import pytest

from fhir_server.demo.history import messages
from fhir_server.facts.encounter import EncounterFact, facts_of
from fhir_server.fhir.dates import parse
from fhir_server.intake.records.crisis_encounter import RECORD
from fhir_server.intake.source import Source
from fhir_server.reporting.evaluate import Evaluated, evaluate
from fhir_server.reporting.measure import Measure
from fhir_server.reporting.measures import jail_diversion, on_scene_resolution
from fhir_server.reporting.periods import closed_period
from fhir_server.reporting.table import TOTAL, Shown
from tests.unit.reporting.facts import counting

UNTIL = date(2026, 11, 23)
AT = parse("2026-11-24").lo
SOURCE = Source(agency="larkspur-mct", organization="o", identify=lambda *_: "id")


@pytest.fixture(scope="module")
def facts() -> list[EncounterFact]:
    (kind,) = RECORD.kinds
    records = (
        record
        for message in messages(1000, 1, UNTIL)
        if message.kind == "crisisEncounter"
        for record in message.body["crisisEncounters"]
    )
    found = (facts_of(kind.to_fhir(kind.load(one), SOURCE).resources[0]) for one in records)
    return [fact for fact in found if fact is not None]


@pytest.mark.parametrize(
    "measure",
    [jail_diversion.MEASURE, on_scene_resolution.MEASURE],
    ids=["jail-diversion", "on-scene-resolution"],
)
@pytest.mark.parametrize("quarter", [("2026-07", "2026-09"), ("2026-04", "2026-06")])
def test_the_latest_quarters_show_and_hide_something(
    facts: list[EncounterFact], measure: Measure, quarter: tuple[str, str]
) -> None:
    period = closed_period(*quarter, AT)

    group: Evaluated = evaluate(measure, period, counting(facts), 11)[0]

    assert group.table.total.denominator > 0
    assert group.shown[TOTAL] == Shown.ALL
    assert Shown.NOTHING in group.shown.values() or Shown.DENOMINATOR in group.shown.values()


def test_facts_are_of_every_kind(facts: list[EncounterFact]) -> None:
    assert {fact.arrestable for fact in facts} == {True, False, None}
    assert {fact.in_person for fact in facts} == {True, False}
    assert {fact.known_person for fact in facts} == {True, False}
