"""W2: create an Encounter that claims the crisis profile, 16 connections."""

import json

from httpx import codes

from fhir_server.bench.variants import UNVALIDATED
from fhir_server.bench.workload import Measurement, Target, Workload, WrongAnswerError
from fhir_server.bench.wrk import drive_posts
from fhir_server.fhir.crisis import profile
from fhir_server.fhir.resource import Resource

CLIENT = "demo-mobile-crisis"
PATH = "/fhir/Encounter"
BODIES = 200


def _run(target: Target) -> Measurement:
    with target.client(CLIENT) as client:
        found = client.get(PATH, params={"_count": str(BODIES)}).json()["entry"]
        bodies = [_new(entry["resource"]) for entry in found]
        made = client.post(PATH, json=bodies[0])
        # Right by its type, wrong by the profile: shows that the profile is looked at.
        wrong = client.post(PATH, json=_without(bodies[0], "extension"))
    refused = codes.CREATED if target.variant == UNVALIDATED else codes.UNPROCESSABLE_ENTITY
    if (made.status_code, wrong.status_code) != (codes.CREATED, refused):
        raise WrongAnswerError(f"POST was answered {made.status_code} and {wrong.status_code}.")
    return drive_posts(target, PATH, list(map(json.dumps, bodies)), target.token(CLIENT))


def _new(stored: Resource) -> Resource:
    """Return what an agency would send; `stored` came from intake."""
    return {**_without(stored, "id"), "meta": {"profile": [profile("crisis-encounter")]}}


def _without(resource: Resource, name: str) -> Resource:
    return {key: value for key, value in resource.items() if key != name}


WORKLOAD = Workload(
    id="W2",
    title="create Encounter, validated against its profile",
    unit="requests/s",
    targets={"postgresql": 700, "sqlite": 1000},
    run=_run,
)
