"""What each measure counts, and what its report tells."""

from decimal import Decimal

import pytest

from fhir_server.facts.encounter import EncounterFact
from fhir_server.fhir import definitions
from fhir_server.fhir.crisis import profile
from fhir_server.fhir.dates import parse
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.resource import Element, Resource
from fhir_server.packages import built_in
from fhir_server.reporting.evaluate import evaluate
from fhir_server.reporting.measure import Measure
from fhir_server.reporting.measure_report import measure_report
from fhir_server.reporting.measure_resource import measure_resource
from fhir_server.reporting.measures import jail_diversion, on_scene_resolution
from fhir_server.reporting.periods import closed_period
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.validator import Validator
from tests.unit.reporting.facts import a_fact, counting

AT = parse("2026-11-23T12:00:00Z").lo
JAIL = jail_diversion.MEASURE
ON_SCENE = on_scene_resolution.MEASURE
HIDDEN = [
    {
        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
        "valueCode": "masked",
    },
    {"url": profile("crisis-suppressed"), "valueCode": "suppressed"},
]


def report(
    measure: Measure,
    facts: list[EncounterFact],
    *,
    period: tuple[str, str] = ("2026-01-01", "2026-03-31"),
    threshold: int = 11,
) -> Resource:
    asked = closed_period(*period, AT)
    return measure_report(measure, asked, evaluate(measure, asked, counting(facts), threshold))


def figures(element: Element) -> tuple[int | None, int | None]:
    """Return the numerator and the denominator, None where hidden."""
    counts = {
        population["code"]["coding"][0]["code"]: population.get("count")
        for population in element["population"]
    }
    assert counts["initial-population"] == counts["denominator"]
    return counts["numerator"], counts["denominator"]


def strata(group: Element) -> dict[str, tuple[int | None, int | None]]:
    return {
        stratum["value"]["coding"][0]["code"]: figures(stratum)
        for stratum in group["stratifier"][0]["stratum"]
    }


def arrestable(count: int, **changed: object) -> list[EncounterFact]:
    said: dict[str, object] = {"arrestable": True, "offense_level": "misdemeanor"}
    return [a_fact(**(said | changed)) for _ in range(count)]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, (1, 1)),
        ({"disposition": "transported-ed"}, (0, 1)),
        ({"disposition": "transported-shelter"}, (1, 1)),
        ({"voluntary": False}, (0, 1)),
        ({"voluntary": None}, (0, 1)),
        ({"in_person": False}, (0, 0)),
        ({"status": "cancelled"}, (0, 0)),
        ({"status": "in-progress"}, (0, 0)),
    ],
)
def test_on_scene_resolution_is_voluntary_and_in_person(
    changed: dict[str, object], expected: tuple[int, int]
) -> None:
    found = report(ON_SCENE, [a_fact(**changed)], threshold=1)

    assert figures(found["group"][0]) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"arrested": False}, (1, 1)),
        ({"arrested": True}, (0, 1)),
        ({"arrested": None}, (0, 1)),
        ({"arrested": False, "cited": True}, (1, 1)),
        ({"arrested": False, "cited": True, "disposition": "transported-jail"}, (0, 1)),
        ({"arrested": False, "arrestable": False}, (0, 0)),
        ({"arrested": False, "arrestable": None}, (0, 0)),
        ({"arrested": False, "status": "cancelled"}, (0, 0)),
    ],
)
def test_jail_diversion_is_neither_arrested_nor_cited_in_custody(
    changed: dict[str, object], expected: tuple[int, int]
) -> None:
    found = report(JAIL, arrestable(1, **changed), threshold=1)

    assert figures(found["group"][0]) == expected


def test_jail_diversion_reports_the_share_of_which_nobody_said_anything() -> None:
    facts = [
        *arrestable(40, arrested=False),
        *arrestable(20, arrested=True),
        *arrestable(30, arrestable=False),
        *arrestable(15, arrestable=None),
    ]

    found = report(JAIL, facts)

    assert [figures(group) for group in found["group"]] == [(40, 60), (15, 105)]
    assert [group["measureScore"]["value"] for group in found["group"]] == [
        Decimal("0.67"),
        Decimal("0.14"),
    ]


def test_encounters_outside_the_period_do_not_count() -> None:
    facts = [a_fact("2025-12-31"), a_fact("2026-01-01"), a_fact("2026-03-31"), a_fact("2026-04-01")]

    found = report(ON_SCENE, facts, threshold=1)

    assert figures(found["group"][0]) == (2, 2)


def test_a_year_is_the_sum_of_its_quarters() -> None:
    facts = [a_fact(on) for on in ("2025-01-01", "2025-06-30", "2025-08-01", "2025-12-31")]

    found = report(ON_SCENE, facts, period=("2025-01-01", "2025-12-31"), threshold=1)

    assert figures(found["group"][0]) == (4, 4)
    assert found["period"] == {"start": "2025-01-01", "end": "2025-12-31"}


def test_a_small_numerator_is_masked_and_has_no_rate() -> None:
    facts = [*arrestable(50, arrested=False), *arrestable(10, arrested=True)]

    group = report(JAIL, facts)["group"][0]

    assert figures(group) == (None, 60)
    assert group["population"][2]["_count"] == {"extension": HIDDEN}
    assert group["measureScore"] == {"extension": HIDDEN}


def test_what_rests_on_a_hidden_denominator_is_hidden() -> None:
    facts = [*arrestable(5, arrested=False), *arrestable(80, arrestable=False)]

    found = report(JAIL, facts)

    assert [figures(group) for group in found["group"]] == [(None, None), (None, None)]


def test_every_stratum_stands_in_the_report_however_empty() -> None:
    facts = [*arrestable(30, arrested=False), *arrestable(30, arrested=True, offense_level="")]

    group = report(JAIL, facts)["group"][0]

    assert strata(group) == {
        "infraction": (0, 0),
        "misdemeanor": (30, 30),
        "felony": (0, 0),
        "warrant-minor": (0, 0),
        "unknown": (0, 30),
    }
    assert "measureScore" not in group["stratifier"][0]["stratum"][0]


def test_the_same_period_gives_the_same_bytes() -> None:
    facts = [*arrestable(30, arrested=False), *arrestable(30, arrested=True)]

    assert encode(report(JAIL, facts)) == encode(report(JAIL, facts))


def test_a_report_names_its_measure_and_is_about_nobody() -> None:
    found = report(JAIL, [])

    assert found["measure"].endswith("/Measure/m-jail-diversion|1.0.0")
    assert found["type"] == "summary"
    assert not {"subject", "evaluatedResource", "date"} & found.keys()


@pytest.mark.parametrize("measure", [JAIL, ON_SCENE], ids=["jail", "on-scene"])
def test_the_measure_resource_tells_what_is_counted(measure: Measure) -> None:
    found = measure_resource(measure)

    assert found["id"] == measure.id
    assert found["url"].endswith(f"/Measure/{measure.id}")
    assert [g["code"] for g in found["group"]] == [g["code"] for g in report(measure, [])["group"]]


def test_the_criteria_of_the_numerator_are_spelled_out() -> None:
    population = measure_resource(JAIL)["group"][0]["population"][2]

    assert population["criteria"]["expression"] == (
        "status in (finished) and arrestable in (true) and arrested in (false) and not (cited in"
        " (true) and disposition in (transported-jail, released-to-police))"
    )


@pytest.mark.parametrize("measure", [JAIL, ON_SCENE], ids=lambda measure: measure.id)
@pytest.mark.parametrize("count", [0, 5, 40])
def test_report_conforms_to_its_profile(measure: Measure, count: int) -> None:
    packages = built_in.packages()
    validator = Validator(definitions.load(), packages, Terminology([packages]))
    facts = [*arrestable(count, arrested=False), *(a_fact() for _ in range(count))]

    found = validator.validate(decode(encode(report(measure, facts))))

    assert [issue for issue in found if issue.severity in {"error", "fatal"}] == []
    assert not any(issue.rule == "profile" for issue in found)
