"""Two writers who find nothing do not both create: https://hl7.org/fhir/R4/http.html#ccreate ."""

import threading
from collections.abc import Callable, Sequence

import pytest

from fhir_server.fhir.json import encode
from fhir_server.fhir.outcome import UnavailableError
from fhir_server.fhir.resource import Resource
from fhir_server.interactions.create import create
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.transaction import transaction
from fhir_server.interactions.update import conditional_update
from fhir_server.storage.engine import Database
from tests.gate import BASE, Caller, Gate, patient

AT_ONCE = 32
KNOWN = patient(identifier=[{"system": "http://case", "value": "1"}])
CRITERIA = "identifier=http://case|1"


@pytest.fixture
def caller(database: Database) -> Caller:
    gate = Gate(database)
    gate.organization("mct")
    return gate.caller("mct")


def at_once(works: Sequence[Callable[[], FhirResponse]]) -> list[int]:
    """Run all `works`, which begin together; return the statuses. Who waits too long tries anew."""
    statuses: list[int] = []
    together = threading.Barrier(len(works))

    def run(work: Callable[[], FhirResponse]) -> None:
        together.wait()
        while True:
            try:
                statuses.append(work().status)
            except UnavailableError:
                continue
            return

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


def request(method: str, **headers: str) -> FhirRequest:
    parameters = () if headers else (("identifier", "http://case|1"),)
    return FhirRequest(
        method=method,
        path=("Patient",),
        base=BASE,
        parameters=parameters,
        headers=headers,
        body=encode(KNOWN),
    )


def test_conditional_creates_at_once_make_one_resource(caller: Caller) -> None:
    asked = request("POST", **{"if-none-exist": CRITERIA})

    statuses = at_once([lambda: create(asked, caller)] * AT_ONCE)

    assert statuses == [200] * (AT_ONCE - 1) + [201]
    assert len(caller.ids("Patient", identifier="1")) == 1


def test_conditional_updates_at_once_make_one_resource(caller: Caller) -> None:
    asked = request("PUT")

    statuses = at_once([lambda: conditional_update(asked, caller)] * 8)

    (id_,) = caller.ids("Patient", identifier="1")
    assert statuses == [200] * 7 + [201]
    assert caller.read("Patient", id_).version == 8


def test_transactions_at_once_make_one_resource(caller: Caller) -> None:
    entry = {
        "resource": KNOWN,
        "request": {"method": "POST", "url": "Patient", "ifNoneExist": CRITERIA},
    }
    bundle: Resource = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}

    def work() -> FhirResponse:
        (committed,) = transaction(bundle, caller)
        return FhirResponse(status=201 if committed.created else 200)

    assert at_once([work] * AT_ONCE) == [200] * (AT_ONCE - 1) + [201]


def test_other_conditions_do_not_wait_for_each_other_in_a_circle(caller: Caller) -> None:
    names = ("a", "b", "c")

    def bundle(order: Sequence[str]) -> Resource:
        entries = [
            {
                "resource": patient(identifier=[{"system": "http://case", "value": name}]),
                "request": {
                    "method": "POST",
                    "url": "Patient",
                    "ifNoneExist": f"identifier=http://case|{name}",
                },
            }
            for name in order
        ]
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    def work(order: Sequence[str]) -> Callable[[], FhirResponse]:
        def run() -> FhirResponse:
            done = transaction(bundle(order), caller)
            return FhirResponse(status=201 if all(one.created for one in done) else 200)

        return run

    statuses = at_once([work(names), work(names[::-1])] * 4)

    assert statuses == [200] * 7 + [201]
