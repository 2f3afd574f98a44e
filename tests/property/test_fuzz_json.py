"""JSON that was right once: no fault is accepted, nothing crashes, nothing takes long.

`make fuzz` does the same for much longer. https://hl7.org/fhir/R4/json.html
"""

import json
import time

import fhirkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.fhir import xml
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.outcome import InvalidResourceError
from fhir_server.fhir.resource import Json, Resource
from fhir_server.validation.structure import check
from tests.strategies.faults import Faulty, faulty
from tests.strategies.fuzz import EXAMPLES, spoilt_text
from tests.strategies.resources import DEFINITIONS, resources
from tests.strategies.wild import wild

# A body of these tests has some 10 kB; a hundred times what that costs.
MOST_SECONDS = 2.0
fuzz = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@fuzz
@given(faulty())
def test_a_fault_in_any_type_is_found_where_it_was_made(found: Faulty) -> None:
    issues = check(decode(encode(found.resource)), DEFINITIONS)

    paths = [str(issue.expression) for issue in issues]
    assert any(p.startswith(found.path) or found.path.startswith(p) for p in paths), (found, paths)


@fuzz
@given(wild())
def test_what_passes_after_wild_changes_is_right_to_another_reader(resource: Resource) -> None:
    body = encode(resource)
    started = time.process_time()
    try:
        issues = check(decode(body), DEFINITIONS)
    except InvalidResourceError:
        return
    assert time.process_time() - started < MOST_SECONDS
    if not issues:
        assert [i for i in fhirkit.validate(body) if i.message != "unknown element"] == []
        again = xml.decode(xml.encode(decode(body), DEFINITIONS), DEFINITIONS)
        assert again == decode(body)


@fuzz
@given(resources(richness=3), st.data())
def test_spoilt_text_is_read_as_another_reader_reads_it(
    made: Resource, data: st.DataObject
) -> None:
    text = data.draw(spoilt_text(encode(made)))
    try:
        ours: Json = decode(text)
    except InvalidResourceError:
        return
    theirs = json.loads(text, object_pairs_hook=_unique, parse_constant=_refused)
    assert json.loads(encode(ours)) == theirs


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    assert len(found) == len(pairs), "a duplicate key was accepted"
    return found


def _refused(constant: str) -> Json:
    raise AssertionError(f"{constant} was accepted")
