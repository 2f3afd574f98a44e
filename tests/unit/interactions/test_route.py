"""https://hl7.org/fhir/R4/http.html#summary ."""

import pytest

from fhir_server.access.repository import Repository
from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import MethodNotAllowedError, NotFoundError
from fhir_server.interactions.cursor import CursorSeal
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.interactions.paging import Paging
from fhir_server.interactions.route import Handler, Routes, template
from fhir_server.interactions.table import routes


def answering(status: int) -> Handler:
    def handle(_request: FhirRequest, _repository: Repository) -> FhirResponse:
        return FhirResponse(status=status)

    return handle


def operation(code: str, *types: str, instance: bool, affects_state: bool = False) -> Operation:
    return Operation(
        code=code,
        definition=f"http://x.example/{code}",
        types=types,
        instance=instance,
        affects_state=affects_state,
        handle=answering(200),
    )


@pytest.fixture(scope="module")
def table() -> Routes:
    paging = Paging(seal=CursorSeal.derived_from(b"x"), default_count=20, max_count=100)
    known = (
        operation("recent", "Patient", instance=True),
        operation("ingest", instance=False, affects_state=True),
        operation("count", "Patient", "Group", instance=False),
    )
    return routes(load(), known, paging, answering(200))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ""),
        ("GET", "metadata"),
        ("GET", "Patient"),
        ("POST", "Patient"),
        ("POST", "Patient/_search"),
        ("GET", "Patient/_history"),
        ("GET", "Patient/1"),
        ("PUT", "Patient/1"),
        ("DELETE", "Patient/1"),
        ("GET", "Patient/1/_history"),
        ("GET", "Patient/1/_history/2"),
        ("GET", "Patient/1/$recent"),
        ("GET", "Patient/$recent"),
        ("POST", "Group/$count"),
        ("POST", "$ingest"),
    ],
)
def test_what_is_there_is_found(table: Routes, method: str, path: str) -> None:
    assert callable(table.find(method, tuple(path.split("/")) if path else ()))


@pytest.mark.parametrize(
    "path",
    [
        "Patients",
        "Patients/1",
        "patient/1",
        "Patient/1/2",
        "Patient/1/_history/2/3",
        "Patient/1/$count",
        "Group/1/$recent",
        "Group/$recent",
        "Patient/$ingest",
        "$nothing",
        "Patient//",
        "/1",
        "metadata/1",
        "Patient/metadata",
        "Patient/_search/1",
    ],
)
def test_what_is_not_there_is_not_found(table: Routes, path: str) -> None:
    with pytest.raises(NotFoundError):
        table.find("GET", tuple(path.split("/")))


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "", ("GET", "HEAD", "POST")),
        ("POST", "Patient/1", ("DELETE", "GET", "HEAD", "PATCH", "PUT")),
        ("GET", "$ingest", ("POST",)),
        ("DELETE", "Patient/$count", ("GET", "HEAD", "POST")),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    table: Routes, method: str, path: str, allow: tuple[str, ...]
) -> None:
    with pytest.raises(MethodNotAllowedError) as refused:
        table.find(method, tuple(path.split("/")) if path else ())

    assert refused.value.allow == allow


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ""),
        (("Patient", "jane"), "[type]/[id]"),
        (("Patient", "jane", "_history", "3"), "[type]/[id]/_history/[vid]"),
        (("Patient", "jane", "$recent"), "Patient/[id]/$recent"),
        (("Patient", "jane", "doe", "x", "$recent"), "Patient/[id]/[id]/[id]/$recent"),
        (("a", "b", "c", "d", "e"), "[unknown]"),
    ],
)
def test_a_template_names_nobody(path: tuple[str, ...], expected: str) -> None:
    assert template(path) == expected
