"""What is answered about each record: {index, kind, id, status, resources, warnings, errors}."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fhir_server.fhir.json import encode
from fhir_server.fhir.outcome import FhirError, ForbiddenError
from fhir_server.intake.fault import Fault
from fhir_server.intake.plan import Status

OK = 200
UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One record's part of the answer, without its index; `body` is a JSON object."""

    refused: bool
    body: bytes
    error: FhirError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a request: 200, or 422 where every record was refused."""

    status: int
    body: bytes


def accepted(
    kind: str,
    id_: str,
    status: Status,
    *,
    resources: Iterable[tuple[str, int]] = (),
    warnings: Iterable[Fault] = (),
) -> Result:
    """Return the result of a record that was taken; `resources` are (reference, version)."""
    body = {
        "kind": kind,
        "id": id_,
        "status": status.value,
        "resources": [{"reference": name, "version": version} for name, version in resources],
        "warnings": [fault.as_json() for fault in warnings],
        "errors": [],
    }
    return Result(refused=False, body=encode(body))


def refused(
    kind: str, id_: str | None, faults: Iterable[Fault], error: FhirError | None = None
) -> Result:
    """Return the result of a record that was refused whole; `error` is the gate's refusal."""
    body = {
        "kind": kind,
        "id": id_,
        "status": Status.REFUSED.value,
        "resources": [],
        "warnings": [],
        "errors": [fault.as_json() for fault in faults],
    }
    return Result(refused=True, body=encode(body), error=error)


def answer(results: Sequence[Result]) -> Answer:
    """Return the answer to a request.

    Raises:
        FhirError: The gate refused every record, because the client may not write at all.
    """
    forbidden = [result.error for result in results if isinstance(result.error, ForbiddenError)]
    if forbidden and len(forbidden) == len(results):
        raise forbidden[0]
    body = b",".join(
        b'{"index":%d,%s' % (index, result.body[1:]) for index, result in enumerate(results)
    )
    every = all(result.refused for result in results)
    return Answer(status=UNPROCESSABLE if every else OK, body=b'{"results":[%s]}' % body)
