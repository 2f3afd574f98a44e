"""`handoff load` writes each Bundle whole or not at all, and none twice.

https://hl7.org/fhir/R4/http.html#transaction
"""

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from fhir_server import bootstrap
from fhir_server.access.identity import identifier
from fhir_server.access.organizations import organization
from fhir_server.bootstrap import Server
from fhir_server.bulk.load import Loaded, load
from fhir_server.bulk.source import Found, bundles
from fhir_server.fhir.resource import Json, Resource
from fhir_server.search.query import Query, Summary, Total
from fhir_server.settings import Settings

SYNTHEA = Path("/work/shared/data/synthea-r4-48-patients.tar.xz")
# Resources after which a load is killed.
ENOUGH = 100
SYNTHEA_TYPES = {
    "Observation": 7204,
    "Claim": 1799,
    "Encounter": 1411,
    "ExplanationOfBenefit": 1411,
    "Procedure": 1135,
    "Immunization": 553,
    "DiagnosticReport": 530,
    "MedicationRequest": 388,
    "Condition": 375,
    "Practitioner": 182,
    "CarePlan": 147,
    "Goal": 101,
    "Organization": 80,
    "Patient": 47,
    "ImagingStudy": 40,
    "AllergyIntolerance": 20,
}


def a_bundle(observations: int = 3, **changed: Json) -> Resource:
    """Return a transaction with a Patient and Observations of them."""
    person = f"urn:uuid:{uuid.uuid4()}"
    resources: list[tuple[str, Resource]] = [
        (person, {"resourceType": "Patient", "gender": "unknown"})
    ]
    resources += [
        (
            f"urn:uuid:{uuid.uuid4()}",
            {
                "resourceType": "Observation",
                "status": "final",
                "code": {"text": "Distress"},
                "subject": {"reference": person},
            },
        )
        for _ in range(observations)
    ]
    entries = [
        {
            "fullUrl": url,
            "resource": resource,
            "request": {"method": "POST", "url": resource["resourceType"]},
        }
        for url, resource in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries, **changed}


def found(bundle: Json) -> Found:
    data = json.dumps(bundle).encode()
    return Found(name="a.json", data=data, read_bytes=len(data))


@contextmanager
def a_server(database_url: str) -> Iterator[Server]:
    with closing(bootstrap.of(Settings(database_url=database_url))) as server:
        yield server


def loaded(server: Server, one: Found, custodian: str = "Custodian of loads") -> Loaded:
    mine = organization(server.repository(server.system()), custodian, identifier(server.secret))
    context = server.system(organization=mine.key, organization_id=mine.id)
    return load(one, server.repository(context))


def count(server: Server, resource_type: str) -> int | None:
    query = Query(type=resource_type, total=Total.ACCURATE, summary=Summary.COUNT)
    return server.repository(server.system()).search(query).total


def test_a_bundle_is_loaded_with_its_references(database_url: str) -> None:
    with a_server(database_url) as server:
        result = loaded(server, found(a_bundle()))

        assert result.resources == {"Patient": 1, "Observation": 3}
        assert (count(server, "Patient"), count(server, "Observation")) == (1, 3)


def test_a_bundle_that_was_loaded_is_passed_over(database_url: str) -> None:
    one = found(a_bundle())
    with a_server(database_url) as server:
        first, second = loaded(server, one), loaded(server, one)

        assert (first.replayed, second.replayed) == (False, True)
        assert second.resources == first.resources
        assert count(server, "Patient") == 1


def test_another_organization_loads_the_same_bundle_for_itself(database_url: str) -> None:
    one = found(a_bundle())
    with a_server(database_url) as server:
        results = [loaded(server, one, name) for name in ("One clinic", "Another clinic")]

        assert [result.replayed for result in results] == [False, False]
        assert count(server, "Patient") == 2


def test_one_bad_entry_refuses_its_bundle_and_is_named(database_url: str) -> None:
    bundle = a_bundle()
    bundle["entry"][2]["resource"]["status"] = "finished off"
    with a_server(database_url) as server:
        result = loaded(server, found(bundle))

        assert [issue.expression for issue in result.issues] == ["Bundle.entry[2].resource.status"]
        assert (count(server, "Patient"), count(server, "Observation")) == (0, 0)


@pytest.mark.parametrize(
    ("bundle", "expression"),
    [
        ({"resourceType": "Patient"}, "resourceType"),
        (a_bundle(type="batch"), "Bundle.type"),
        (a_bundle(entry=[{"resource": {"resourceType": "Patient"}}]), "Bundle.entry[0]"),
    ],
    ids=["no Bundle", "a batch", "no request"],
)
def test_what_is_no_transaction_is_refused(
    database_url: str, bundle: Resource, expression: str
) -> None:
    with a_server(database_url) as server:
        result = loaded(server, found(bundle))

        assert [issue.expression for issue in result.issues] == [expression]


def command(database_url: str, *paths: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "fhir_server", "load", "--organization", "Larkspur", *paths],
        env={**os.environ, "DATABASE_URL": database_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_sums_up_and_fails_where_something_was_refused(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "good.json").write_text(json.dumps(a_bundle()))
    bad = a_bundle(observations=1)
    del bad["entry"][1]["resource"]["status"]
    (tmp_path / "wrong.json").write_text(json.dumps(bad))

    out, err = command(database_url, tmp_path).communicate(timeout=120)

    assert "Observation          3" in out
    assert "4 resources of 1 Bundles loaded, 0 Bundles were in before, 1 refused." in out
    assert "wrong.json: Bundle.entry[1].resource" in err

    (tmp_path / "wrong.json").unlink()
    second = command(database_url, tmp_path)
    out, _ = second.communicate(timeout=120)

    assert second.returncode == 0
    assert "0 resources of 0 Bundles loaded, 1 Bundles were in before, 0 refused." in out


def test_a_load_that_is_killed_loses_nothing_and_leaves_nothing_half_written(
    database_url: str, tmp_path: Path
) -> None:
    """It is killed in the middle, again and again, until all is in."""
    bundles_, each = 70, 4
    lines = [json.dumps(a_bundle(observations=each)) for _ in range(bundles_)]
    path = tmp_path / "all.ndjson"
    path.write_text("\n".join(lines))

    kills = acknowledged = 0
    while (seen := killed(database_url, path)) is not None:
        kills += 1
        assert kills * ENOUGH <= bundles_ * (1 + each), "The load begins anew each time."
        acknowledged += seen
        with a_server(database_url) as server:
            people, observations = count(server, "Patient"), count(server, "Observation")
        assert people is not None
        assert observations == each * people
        assert people * (1 + each) >= acknowledged

    with a_server(database_url) as server:
        assert kills > 0
        assert count(server, "Patient") == bundles_
        assert count(server, "Observation") == bundles_ * each


def killed(database_url: str, path: Path) -> int | None:
    """Load until some Bundles are acknowledged, then kill; None if it came to its end.

    Returns the resources that the progress bar had acknowledged.
    """
    process = command(database_url, path)
    assert process.stderr is not None
    assert process.stdout is not None
    seen, text = 0, ""
    while (read := process.stderr.read(1)) and seen < ENOUGH:
        text += read
        for number in re.findall(r"([\d,]+) resources\]", text):
            seen, text = int(number.replace(",", "")), ""
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return None if process.returncode == 0 else seen


@pytest.mark.skipif(not SYNTHEA.exists(), reason=f"{SYNTHEA} is not on this machine")
def test_the_synthea_archive_loads_whole_and_is_found_again(database_url: str) -> None:
    with a_server(database_url) as server:
        results = [loaded(server, one) for one in bundles([SYNTHEA])]

        assert [result.issues for result in results if result.issues] == []
        total: Counter[str] = Counter()
        for result in results:
            total.update(result.resources)
        assert total == SYNTHEA_TYPES
        # The custodian is an Organization too.
        counted = {name: count(server, name) for name in SYNTHEA_TYPES}
        assert counted == {**SYNTHEA_TYPES, "Organization": 81}
