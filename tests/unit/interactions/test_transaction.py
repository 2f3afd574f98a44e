"""https://hl7.org/fhir/R4/http.html#trules ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.access.changes import Committed, Create, Delete, Update
from fhir_server.fhir.outcome import (
    ConflictError,
    InvalidRequestError,
    Issue,
    UnprocessableError,
)
from fhir_server.fhir.resource import Json, Resource
from fhir_server.interactions.transaction import transaction
from fhir_server.storage.rows import Receipt
from tests.unit.interactions.recording import recording

PERSON = "urn:uuid:9b0a2f3e-45a1-4b57-8c29-4be8f7b5d001"
METHODS = ("DELETE", "POST", "PUT", "GET")


def entry(method: str, url: str, resource: Resource | None = None, **elements: Json) -> Json:
    found: Json = {"request": {"method": method, "url": url}, **elements}
    return found if resource is None else {**found, "resource": resource}


def of_method(method: str, number: int) -> Json:
    url = "Patient" if method == "POST" else f"Patient/p{number}"
    resource = {"resourceType": "Patient", "id": f"p{number}"}
    return entry(method, url, resource if method in {"POST", "PUT"} else None)


@given(st.lists(st.sampled_from(METHODS), max_size=12))
def test_results_are_in_the_order_of_the_writes_whatever_the_order_of_work(
    methods: list[str],
) -> None:
    repository = recording()
    entries = [of_method(method, number) for number, method in enumerate(methods)]

    results = transaction({"entry": entries}, repository)

    kinds = [type(change) for change in repository.changes]
    assert kinds == sorted(kinds, key=[Delete, Create, Update].index)
    assert [found.method for found in results] == [m for m in methods if m != "GET"]
    for method, number, found in (
        (method, number, found)
        for (number, method), found in zip(
            ((n, m) for n, m in enumerate(methods) if m != "GET"), results, strict=True
        )
    ):
        assert found.id == f"p{number}" or method == "POST"


def test_ids_are_the_servers_and_references_follow() -> None:
    repository = recording()
    bundle = {
        "entry": [
            entry(
                "POST",
                "Encounter",
                {"resourceType": "Encounter", "subject": {"reference": PERSON}},
            ),
            entry("POST", "Patient", {"resourceType": "Patient", "id": "mine"}, fullUrl=PERSON),
        ]
    }

    first, second = transaction(bundle, repository)

    contact = repository.changes[0]
    assert isinstance(contact, Create)
    assert contact.resource["subject"]["reference"] == f"Patient/{second.id}"
    assert second.id.startswith("new-")
    assert first.id != second.id


def test_the_receipt_goes_with_the_commit() -> None:
    repository = recording()
    receipt = Receipt(key="a|b|c", result=b"{}")

    transaction({"entry": [of_method("POST", 1)]}, repository, receipt)

    assert repository.receipts == [receipt]


def test_a_receipt_may_be_made_of_the_results_in_the_order_of_the_writes() -> None:
    repository = recording()

    def made(done: tuple[Committed, ...]) -> Receipt:
        return Receipt(key=" ".join(found.method for found in done), result=b"")

    transaction({"entry": [of_method("PUT", 1), of_method("DELETE", 2)]}, repository, made)

    assert [receipt.key for receipt in repository.receipts if receipt] == ["PUT DELETE"]


def test_a_fault_is_placed_in_the_bundle() -> None:
    issues = (
        Issue(code="value", diagnostics="x", expression="Patient.name[0].family", change=0),
        Issue(code="value", diagnostics="x", expression="Patient", change=0),
        Issue(code="value", diagnostics="x", change=1),
        Issue(code="conflict", diagnostics="x", expression="http.If-Match", change=1),
    )
    repository = recording(UnprocessableError("x", issues=issues))
    bundle = {"entry": [of_method("GET", 0), of_method("PUT", 1), of_method("DELETE", 2)]}

    with pytest.raises(UnprocessableError) as refused:
        transaction(bundle, repository)

    # The delete is the first change, the update the second.
    assert [issue.expression for issue in refused.value.issues] == [
        "Bundle.entry[2].resource.name[0].family",
        "Bundle.entry[2].resource",
        "Bundle.entry[1]",
        "Bundle.entry[1].request.ifMatch",
    ]


def test_a_refusal_of_another_kind_passes() -> None:
    repository = recording(ConflictError("taken"))

    with pytest.raises(ConflictError):
        transaction({"entry": [of_method("PUT", 1)]}, repository)


@pytest.mark.parametrize("entries", [{}, "x", [1], [{}], [{"request": "x"}]])
def test_what_is_no_list_of_entries_is_refused(entries: Json) -> None:
    with pytest.raises(InvalidRequestError):
        transaction({"entry": entries}, recording())


def test_of_nothing_comes_nothing() -> None:
    assert transaction({}, recording()) == ()
