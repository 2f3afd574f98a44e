"""Addresses of the crisis artifacts: the one constant to change when the canonical base changes.

Extensions, profiles, code systems and identifier systems of our own are named here and nowhere
else, as https://hl7.org/fhir/R4/resource.html#canonical has them.
"""

from urllib.parse import quote

BASE = "http://fhir.crisis-continuity.org"

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"


def structure(name: str) -> str:
    """Return the canonical of our profile or extension `name`, as `crisis-timeline`."""
    return f"{BASE}/StructureDefinition/{name}"


def code_system(name: str) -> str:
    """Return the canonical of our code system `name`, as `crisis-disposition`."""
    return f"{BASE}/CodeSystem/{name}"


def sid(name: str, agency: str = "") -> str:
    """Return an identifier system, as `.../sid/person/springfield-mct`."""
    return f"{BASE}/sid/{name}/{quote(agency, safe='')}" if agency else f"{BASE}/sid/{name}"
