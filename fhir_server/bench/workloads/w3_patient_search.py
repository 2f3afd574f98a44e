"""W3: one patient's finished Encounters since a date, newest first."""

from fhir_server.bench.workload import Measurement, Target, Workload, WrongAnswerError
from fhir_server.bench.wrk import drive

CLIENT = "demo-clinic-ehr"
QUERY = "/fhir/Encounter?patient={id}&date=ge2020-01-01&status=finished&_sort=-date&_count=20"


def _run(target: Target) -> Measurement:
    with target.client(CLIENT) as client:
        entries = client.get("/fhir/Encounter", params={"_count": "1000"}).json()["entry"]
        patients = sorted({_patient(entry["resource"]) for entry in entries} - {""})
        page = client.get(QUERY.format(id=patients[0])).json()
    if any(_patient(entry["resource"]) != patients[0] for entry in page.get("entry", [])):
        raise WrongAnswerError("The search gave somebody else's Encounter.")
    return drive(target, [QUERY.format(id=id_) for id_ in patients], target.token(CLIENT))


def _patient(encounter: dict[str, dict[str, str]]) -> str:
    return encounter.get("subject", {}).get("reference", "").removeprefix("Patient/")


WORKLOAD = Workload(
    id="W3",
    title="patient, date, status, newest 20",
    unit="requests/s",
    targets={"postgresql": 1500, "sqlite": 1500},
    run=_run,
)
