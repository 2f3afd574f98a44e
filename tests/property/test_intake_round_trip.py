"""The round-trip law of intake: what was handed in can be read back field by field.

`from_fhir(to_fhir(native)) == normalise(native)` for every kind of record, over the whole schema;
and every resource on the way keeps the rules of its definition and of the profiles it claims.
"""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from fhir_server import registry
from fhir_server.access.identity import identifier
from fhir_server.fhir import definitions
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.outcome import Issue
from fhir_server.intake import records
from fhir_server.intake.fault import InvalidRecordError
from fhir_server.intake.record import Kind, Record
from fhir_server.intake.source import Source
from fhir_server.packages import built_in
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.validator import Validator
from tests import native_records

Json = Any
STEPS = re.compile(r"[^.\[\]]+")
KINDS = [kind for record in registry.discover(records, "RECORD", Record) for kind in record.kinds]
VALIDATOR = Validator(definitions.load(), built_in.packages(), Terminology([built_in.packages()]))
SOURCE = Source(
    agency="springfield-mct",
    organization="org-1",
    identify=identifier(b"secret"),
    system="cad-lite",
    message_id="m-1",
    sent_at="2026-03-04T15:02:11-06:00",
    digest="00",
)


def loaded(kind: Kind, native: Json) -> dict[str, Json]:
    """Return the normal form of what was drawn, without what its fields forbid each other."""
    try:
        return kind.load(native)
    except InvalidRecordError as error:
        faults = error.faults
    for fault in faults:
        leave_out(native, fault.path)
    return loaded(kind, native)


def errors(resource: Json) -> list[Issue]:
    found = VALIDATOR.validate(resource)
    return [issue for issue in found if issue.severity in {"error", "fatal"}]


def leave_out(native: Json, path: str) -> None:
    *above, last = [int(step) if step.isdigit() else step for step in STEPS.findall(path)]
    try:
        for step in above:
            native = native[step]
        del native[last]
    except (KeyError, IndexError, TypeError):
        reject()  # something required is missing, or went with another fault


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)
@given(data=st.data())
def test_record_is_read_back_as_it_was_handed_in(kind: Kind, data: st.DataObject) -> None:
    native = loaded(kind, data.draw(native_records.record(kind.schema)))
    resources = kind.to_fhir(native, SOURCE).everything
    stored = [decode(encode(resource)) for resource in resources]

    assert kind.load(native) == native
    assert kind.from_fhir(stored) == native
    assert [errors(resource) for resource in stored] == [[]] * len(stored)
