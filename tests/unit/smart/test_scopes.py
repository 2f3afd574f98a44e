"""SMART scopes as a client writes them."""

import pytest

from fhir_server.smart.scopes import (
    ScopeError,
    format_scope,
    format_scopes,
    is_clinical,
    narrow,
    parse_scope,
    parse_scopes,
)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("system/Encounter.rs", "system/Encounter.rs"),
        ("system/*.cruds", "system/*.cruds"),
        ("system/Encounter.read", "system/Encounter.rs"),
        ("system/Encounter.write", "system/Encounter.cud"),
        ("system/*.*", "system/*.cruds"),
        (
            "system/Observation.rs?category=http%3A%2F%2Floinc.org%7C1",
            "system/Observation.rs?category=http://loinc.org|1",
        ),
    ],
)
def test_both_versions_are_read(written: str, canonical: str) -> None:
    assert format_scope(parse_scope(written)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "openid",
        "system/Encounter",
        "system/Encounter.",
        "system/Encounter.sr",
        "system/Encounter.rr",
        "system/Encounter.x",
        "system/Encounter.readwrite",
        "system/encounter.r",
        "system/Encounter.r?",
        "system/Encounter.r?&",
        "system/Encounter.r?=a",
        "system/Encounter.r extra",
        "root/Encounter.r",
        "system/Encounter.r\n",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ScopeError):
        parse_scope(text)


@pytest.mark.parametrize(
    ("text", "clinical"),
    [("system/Encounter.x", True), ("patient/*.rs", True), ("openid", False), ("launch/x", False)],
)
def test_clinical_scopes_are_told_from_others(text: str, clinical: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_clinical(text) is clinical


@pytest.mark.parametrize(
    ("requested", "registered", "granted"),
    [
        ("system/Encounter.r", "system/*.rs", "system/Encounter.r"),
        (
            "system/*.cruds",
            "system/Encounter.rs system/Patient.r",
            "system/Encounter.rs system/Patient.r",
        ),
        ("system/Encounter.cruds", "system/Encounter.rs", "system/Encounter.rs"),
        ("system/Encounter.c", "system/Encounter.rs", ""),
        ("system/Encounter.r", "patient/Encounter.r", ""),
        ("system/Observation.rs?code=1", "system/Observation.rs", "system/Observation.rs?code=1"),
        ("system/Observation.rs", "system/Observation.rs?code=1", "system/Observation.rs?code=1"),
        (
            "system/Observation.rs?code=1",
            "system/Observation.rs?status=final",
            "system/Observation.rs?code=1&status=final",
        ),
        ("system/*.cruds", "system/*.r system/Task.cru", "system/*.r system/Task.cru"),
        ("system/*.cruds", "system/*.rs system/Task.r", "system/*.rs"),
    ],
)
def test_narrowing(requested: str, registered: str, granted: str) -> None:
    found = narrow(parse_scopes(requested), parse_scopes(registered))

    assert format_scopes(found) == granted
