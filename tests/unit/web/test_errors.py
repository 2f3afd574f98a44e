"""What is told of a failure. https://hl7.org/fhir/R4/operationoutcome.html ."""

import json
import logging

import pytest
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)

from fhir_server.fhir.outcome import UnavailableError
from fhir_server.web import errors

SECRET = "Sam Rivera, 1990-03-04"


def raised() -> Exception:
    try:
        int({SECRET: SECRET}.get(SECRET, ""))
    except ValueError as cause:
        error = LookupError(SECRET)
        error.__cause__ = cause
        return error.with_traceback(cause.__traceback__)
    raise AssertionError


def test_an_unexpected_failure_tells_the_client_where_its_cause_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        response = errors.answer(raised(), request_id="r-1", route="[type]/[id]")

    (issue,) = json.loads(response.body)["issue"]
    assert (response.status, issue["code"]) == (500, "exception")
    assert "r-1" in issue["diagnostics"]
    assert "r-1" in caplog.text
    assert "[type]/[id]" in caplog.text


def test_neither_the_client_nor_the_log_sees_what_an_exception_says(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        response = errors.answer(raised(), request_id="r-1", route="[type]/[id]")

    assert b"Rivera" not in response.body
    assert b"LookupError" not in response.body
    assert "Rivera" not in caplog.text
    assert "builtins.LookupError from builtins.ValueError" in caplog.text
    assert "test_errors.py" in caplog.text


def test_a_refusal_is_answered_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    response = errors.answer(UnavailableError("busy"), request_id="r-1", route="")

    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound(), 404),
        (MethodNotAllowed(valid_methods=["GET"]), 405),
        (RequestEntityTooLarge(), 413),
        (BadRequest(), 400),
    ],
)
def test_the_frameworks_refusals_are_outcomes_too(error: HTTPException, status: int) -> None:
    response = errors.answer(error, request_id="r-1", route="")

    assert response.status == status
    assert json.loads(response.body)["resourceType"] == "OperationOutcome"
