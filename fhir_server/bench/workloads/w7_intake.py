"""W7: native crisis encounters in batches of 50, two clients."""

import json
from collections.abc import Iterator
from datetime import date
from itertools import chain, islice
from time import time_ns  # names the run, so that none repeats another's messages

from fhir_server.bench.parallel import post_all
from fhir_server.bench.workload import Measurement, Target, Workload, WrongAnswerError
from fhir_server.demo import region
from fhir_server.demo.history import messages
from fhir_server.fhir.resource import Element

CLIENT = "demo-mobile-crisis"
SEED, PEOPLE, RECORDS, BATCH = 99, 2500, 1000, 50


def _run(target: Target) -> Measurement:
    name = f"bench-{time_ns()}"
    records = [_renamed(record, name) for record in islice(_encounters(), RECORDS)]
    starts = range(0, len(records), BATCH)
    bodies = [_message(records[start : start + BATCH], f"{name}-{start}") for start in starts]
    done = post_all(target, CLIENT, "/intake/crisis-encounters", "application/json", bodies)
    results = list(chain.from_iterable(json.loads(answer)["results"] for answer in done.answers))
    if any(result["status"] != "created" for result in results):
        raise WrongAnswerError("A record was not taken.")
    written = sum(len(result["resources"]) for result in results)
    return Measurement(rate=written / done.seconds, p50=done.p50, p99=done.p99)


def _encounters() -> Iterator[Element]:
    for message in messages(PEOPLE, SEED, date(2026, 6, 30)):
        if message.kind == "crisisEncounter" and message.agency == region.MOBILE_CRISIS:
            yield from message.body["crisisEncounters"]


def _renamed(record: Element, name: str) -> Element:
    """Return the record as one of this run: nobody's second version."""
    renamed = {**record, "id": f"{name}-{record['id']}"}
    person = record.get("person")
    if person and "id" in person:
        renamed["person"] = {**person, "id": f"{name}-{person['id']}"}
    return renamed


def _message(records: list[Element], number: str) -> bytes:
    source = {
        "agency": region.MOBILE_CRISIS,
        "system": "bench",
        "messageId": number,
        "sentAt": "2026-07-01T00:00:00Z",
    }
    return json.dumps(
        {"schema": "crisis-native/1", "source": source, "crisisEncounters": records}
    ).encode()


WORKLOAD = Workload(
    id="W7",
    title="intake of crisis encounters, batches of 50",
    unit="resources/s",
    targets={"postgresql": 2500, "sqlite": 2500},
    run=_run,
)
