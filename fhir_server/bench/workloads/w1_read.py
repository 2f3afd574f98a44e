"""W1: read an Encounter by id, 16 connections."""

from fhir_server.bench.workload import Measurement, Target, Workload, WrongAnswerError
from fhir_server.bench.wrk import drive

CLIENT = "demo-mobile-crisis"


def _run(target: Target) -> Measurement:
    with target.client(CLIENT) as client:
        found = client.get("/fhir/Encounter", params={"_count": "1000"}).json()["entry"]
        ids = [entry["resource"]["id"] for entry in found]
        first = client.get(f"/fhir/Encounter/{ids[0]}").json()
    if first != found[0]["resource"]:
        raise WrongAnswerError("A read and a search gave different resources.")
    return drive(target, [f"/fhir/Encounter/{id_}" for id_ in ids], target.token(CLIENT))


WORKLOAD = Workload(
    id="W1",
    title="read by id",
    unit="requests/s",
    targets={"postgresql": 3500, "sqlite": 5000},
    run=_run,
)
