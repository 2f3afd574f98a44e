"""Every type of resource is stored, read, searched and validated; on both databases.

https://hl7.org/fhir/R4/resourcelist.html
"""

from functools import cache

import pytest

from fhir_server.access.changes import Create
from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import MethodNotAllowedError
from fhir_server.packages import built_in
from fhir_server.storage.engine import Database
from fhir_server.validation.validator import Validator
from tests.gate import Gate
from tests.least import least

TYPES = load().resource_types
# Read and searched like the others (test_gate_read), but never created from outside.
OWN = ("AuditEvent",)


@cache
def validator() -> Validator:
    return Validator(load(), built_in.core())


def test_there_are_146() -> None:
    assert len(TYPES) == 146


def test_the_least_of_every_type_is_valid() -> None:
    issues = {
        type_: [
            (issue.expression, issue.diagnostics)
            for issue in validator().validate(least(type_, load()))
            if issue.severity in {"fatal", "error"}
        ]
        for type_ in TYPES
    }
    assert {type_: found for type_, found in issues.items() if found} == {}


@pytest.mark.spec("http.html#create", "SHALL")
def test_every_type_is_stored_read_and_found(database: Database) -> None:
    gate = Gate(database)
    gate.organization("agency")
    caller = gate.caller("agency")
    written = [least(type_, load()) for type_ in TYPES if type_ not in OWN]
    made = caller.commit(tuple(Create(type=r["resourceType"], resource=r) for r in written))
    # Whose statements are the shortest: those of 145 types take a while to be compiled.
    system = gate.system("agency")

    for resource, committed in zip(written, made, strict=True):
        type_ = resource["resourceType"]
        body = system.body(type_, committed.id)
        assert {**body, "id": "", "meta": {}} == {**resource, "id": "", "meta": {}}
        assert system.ids(type_, _id=committed.id) == [committed.id]


@pytest.mark.parametrize("type_", OWN)
def test_what_the_server_writes_itself_it_takes_from_nobody(type_: str, database: Database) -> None:
    gate = Gate(database)
    gate.organization("agency")
    with pytest.raises(MethodNotAllowedError, match="written by the server alone"):
        gate.caller("agency").post(least(type_, load()))


@pytest.mark.parametrize("type_", TYPES)
def test_what_every_type_requires_is_required(type_: str) -> None:
    """Each element that the least has is missed where it is left out."""
    whole = least(type_, load())
    for name in whole.keys() - {"resourceType"}:
        lacking = {key: value for key, value in whole.items() if key != name}
        issues = validator().validate(lacking)
        assert any(issue.severity == "error" for issue in issues), name
