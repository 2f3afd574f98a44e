"""Agencies that hand in native records and read what became of them."""

import json
from typing import Any

import httpx

from tests.api.deployment import Deployment, Registration
from tests.intake_messages import message, next_number

Json = Any


class Sender:
    """An agency with a client: its native id is its Organization's name."""

    def __init__(self, deployment: Deployment, registration: Registration | None = None) -> None:
        self.agency = f"agency-{next_number()}"
        made = deployment.agency(self.agency, registration)
        self.organization = made.id
        self.fhir = made.http

    def post(self, body: Json, path: str) -> httpx.Response:
        """Hand in a body."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        return self.fhir.post(self.url(path), content=content, headers=headers)

    def url(self, path: str) -> str:
        """Return an address of intake."""
        return str(self.fhir.base_url).replace("/fhir/", f"/intake/{path}")

    def take(self, path: str, **records: Json) -> list[Json]:
        """Hand in a message of this agency; return the results."""
        answer = self.post(message(self.agency, **records), path)
        assert answer.status_code == httpx.codes.OK, answer.text
        found: list[Json] = answer.json()["results"]
        return found

    def read(self, result: Json, type_: str) -> Json:
        """Return the first resource of a type that a record became."""
        return self.fhir.get(f"/{reference(result, type_)}").json()

    def found(self, type_: str, **parameters: str) -> list[Json]:
        """Return what a search finds."""
        answer = self.fhir.get(f"/{type_}", params={"_count": "100", **parameters})
        assert answer.status_code == httpx.codes.OK, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", ())]


def reference(result: Json, type_: str) -> str:
    """Return the reference to the first resource of a type that a record became."""
    found: str = next(
        each["reference"]
        for each in result["resources"]
        if each["reference"].startswith(f"{type_}/")
    )
    return found


def types(result: Json) -> list[str]:
    """Return the types of what a record became, sorted."""
    return sorted(each["reference"].split("/")[0] for each in result["resources"])
