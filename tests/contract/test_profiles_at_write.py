"""Profiles at write time: claimed ones, and those that a deployment requires."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from fhir_server import bootstrap
from fhir_server.access.changes import Create
from fhir_server.bootstrap import Server
from fhir_server.fhir.outcome import UnknownProfileError, UnprocessableError
from fhir_server.fhir.resource import Json, Resource
from fhir_server.settings import Settings
from tests.databases import Sqlite

VITAL_SIGNS = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
LIPIDS = "http://hl7.org/fhir/StructureDefinition/lipidprofile"


@dataclass(frozen=True, slots=True)
class Deployments:
    """Servers on one database, with settings of their own."""

    url: str

    def build(self, required: str = "", *, profiled: bool = True) -> Server:
        settings = Settings(
            database_url=self.url, required_profiles=required, packages_dir="/nonexistent"
        )
        return bootstrap.build(
            settings,
            clock=bootstrap.now,
            ids=bootstrap.new_id,
            random=lambda size: b"r" * size,
            profiled=profiled,
        )


@pytest.fixture
def deployments(sqlite_files: Sqlite) -> Iterator[Deployments]:
    with sqlite_files.fresh() as url:
        yield Deployments(url)


def observation(**more: Json) -> Resource:
    code = {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]}
    return {"resourceType": "Observation", "status": "final", "code": code, **more}


def refused(server: Server, resource: Resource) -> set[str | None]:
    """Try to store a resource; return where it is wrong."""
    repository = server.repository(server.system())
    try:
        repository.commit((Create(type=resource["resourceType"], resource=resource),))
    except UnprocessableError as error:
        return {issue.expression for issue in error.issues}
    return set()


def test_a_claimed_profile_must_be_met(deployments: Deployments) -> None:
    with closing(deployments.build()) as server:
        claiming = observation(meta={"profile": [VITAL_SIGNS, "http://b.org/unknown"]})

        assert "Observation.category" in refused(server, claiming)
        assert not refused(server, observation(meta={"profile": ["http://b.org/unknown"]}))
        assert not refused(server, observation())


def test_a_required_profile_must_be_met_by_its_type(deployments: Deployments) -> None:
    with closing(deployments.build(f"{VITAL_SIGNS}, {LIPIDS}")) as server:
        assert "Observation" in refused(server, observation())
        assert not refused(server, {"resourceType": "Patient", "active": True})


def test_a_server_does_not_start_with_a_required_profile_that_nobody_knows(
    deployments: Deployments,
) -> None:
    with pytest.raises(UnknownProfileError, match="b/unknown"):
        deployments.build("http://b/unknown")


def test_only_a_benchmark_goes_without(deployments: Deployments) -> None:
    with closing(deployments.build(VITAL_SIGNS, profiled=False)) as server:
        assert not refused(server, observation(meta={"profile": [VITAL_SIGNS]}))
        assert refused(server, observation(status="nonsense"))
