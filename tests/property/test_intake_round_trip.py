"""The round-trip law of intake: what was handed in can be read back field by field.

`from_fhir(to_fhir(native)) == normalise(native)` for every kind of record, over the whole schema.
"""

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fhir_server import registry
from fhir_server.fhir.json import decode, encode
from fhir_server.intake import records
from fhir_server.intake.fault import InvalidRecordError
from fhir_server.intake.record import Kind, Record
from fhir_server.intake.source import Source
from tests import native_records

KINDS = [
    kind for record in registry.discover(records, "RECORD", Record) for kind in record.kinds
]
SOURCE = Source(
    agency="springfield-mct",
    organization="org-1",
    identify=lambda *parts: str(uuid.uuid5(uuid.NAMESPACE_OID, "|".join(parts))),
    system="cad-lite",
    message_id="m-1",
    sent_at="2026-03-04T15:02:11-06:00",
    digest="00",
)


def loaded(kind: Kind, native: dict[str, Any]) -> dict[str, Any]:
    try:
        return kind.load(native)
    except InvalidRecordError as error:
        faults = error.faults
    # What one field forbids another is not drawn apart: leave the fields at fault out and go on.
    tops = {fault.path.split(".")[0].split("[")[0] for fault in faults}
    rest = {name: value for name, value in native.items() if name not in tops}
    assume(rest.keys() != native.keys())
    return loaded(kind, rest)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)
@given(data=st.data())
def test_record_is_read_back_as_it_was_handed_in(kind: Kind, data: st.DataObject) -> None:
    native = loaded(kind, data.draw(native_records.record(kind.schema)))
    resources = kind.to_fhir(native, SOURCE).everything
    stored = [decode(encode(resource)) for resource in resources]

    assert kind.from_fhir(stored) == native


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)
@given(data=st.data())
def test_normal_form_is_its_own_normal_form(kind: Kind, data: st.DataObject) -> None:
    native = loaded(kind, data.draw(native_records.record(kind.schema)))

    assert kind.load(native) == native
