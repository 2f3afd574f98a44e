"""W4: the population's newest 20 Encounters of a class in a window of 30 days."""

from datetime import date, timedelta

from fhir_server.bench.workload import Measurement, Target, Workload, WrongAnswerError
from fhir_server.bench.wrk import drive

CLIENT = "demo-clinic-ehr"
QUERY = "/fhir/Encounter?class=HH&date=ge{begin}&date=lt{end}&_sort=-date&_count=20"
WINDOWS = 24


def _run(target: Target) -> Measurement:
    with target.client(CLIENT) as client:
        newest = client.get("/fhir/Encounter", params={"_sort": "-date", "_count": "1"}).json()
        last = date.fromisoformat(newest["entry"][0]["resource"]["period"]["start"][:10])
        paths = [_window(last - timedelta(days=15 * step)) for step in range(WINDOWS)]
        found = [entry for path in paths for entry in client.get(path).json().get("entry", [])]
    if not found or any(entry["resource"]["class"]["code"] != "HH" for entry in found):
        raise WrongAnswerError("The searches gave no Encounter, or one of another class.")
    return drive(target, paths, target.token(CLIENT))


def _window(last: date) -> str:
    return QUERY.format(begin=last - timedelta(days=30), end=last + timedelta(days=1))


WORKLOAD = Workload(
    id="W4",
    title="population, class and date, newest 20",
    unit="requests/s",
    targets={"postgresql": 700, "sqlite": 700},
    run=_run,
)
