"""Small resources for the tests, each valid by its definition."""

import uuid

from fhir_server.fhir.resource import Json, Resource


def patient(**elements: Json) -> Resource:
    return {
        "resourceType": "Patient",
        "active": True,
        "name": [{"family": "Rivera", "given": ["Sam"]}],
        "birthDate": "1990-03-04",
        **elements,
    }


def encounter(patient_id: str, **elements: Json) -> Resource:
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "FLD",
        },
        "subject": {"reference": f"Patient/{patient_id}"},
        "period": {"start": "2026-03-04T15:02:11Z", "end": "2026-03-04T16:40:00Z"},
        **elements,
    }


def tag() -> str:
    """Return a code that no other test uses, to find this test's resources again."""
    return f"t{uuid.uuid4().hex}"


def tagged(resource: Resource, code: str) -> Resource:
    return {**resource, "meta": {"tag": [{"system": "http://test.example", "code": code}]}}


def bundle(kind: str, *entries: Json) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method: str, url: str, resource: Resource | None = None, **elements: Json) -> Json:
    request = {"method": method, "url": url}
    for name in ("ifMatch", "ifNoneExist", "ifNoneMatch"):
        if name in elements:
            request[name] = elements.pop(name)
    found: Json = {**elements, "request": request}
    return found if resource is None else {**found, "resource": resource}
