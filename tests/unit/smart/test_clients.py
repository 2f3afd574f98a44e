"""Which scopes a backend service may register, and that a client is stored without loss."""

from dataclasses import replace

import pytest

from fhir_server.search.labels import Purpose
from fhir_server.smart.clients import of_row, registrable_scopes, to_row
from fhir_server.smart.scopes import ScopeError, format_scopes
from tests.smart_clients import a_client

TYPES = frozenset({"Encounter", "Patient"})


def test_scopes_are_registered_in_canonical_form() -> None:
    scopes = registrable_scopes(
        ["system/Patient.rs system/Encounter.read", "system/Patient.c"], TYPES
    )

    assert format_scopes(scopes) == "system/Encounter.rs system/Patient.crs"


@pytest.mark.parametrize(
    "text", ["", "openid", "patient/Encounter.rs", "user/*.rs", "system/Unknown.r", "system/*.x"]
)
def test_other_scopes_are_refused(text: str) -> None:
    with pytest.raises(ScopeError):
        registrable_scopes([text], TYPES)


def test_client_is_stored_without_loss() -> None:
    client = replace(
        a_client(scopes="system/*.rs", purposes=Purpose.TREAT | Purpose.COC),
        submits_for=frozenset({"a", "b"}),
        assign_ids=True,
        revoked_at=5,
    )

    assert of_row(to_row(client)) == client
