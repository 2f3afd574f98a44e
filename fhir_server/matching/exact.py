"""Exact matching: two Patients with the same strong identifier are the same person.

https://hl7.org/fhir/R4/patient.html#link . A strong identifier is one that its issuer gives to one
person only, within a system that several agencies use alike. Scores and demographics have no part
in it: on them a human decides.
"""

from collections.abc import Iterable

from fhir_server.fhir.crisis import CANONICAL
from fhir_server.fhir.resource import Element, Resource, items

US_SSN = "http://hl7.org/fhir/sid/us-ssn"
# Systems of ours in which each agency numbers on its own.
_OWN_NUMBERS = tuple(
    f"{CANONICAL}/sid/{name}/" for name in ("person", "encounter-person", "encounter")
)
_DIGITS_OF_AN_SSN = 9


def strong(patient: Resource) -> tuple[tuple[str, str], ...]:
    """Return the (system, value) of each strong identifier of a Patient, in a fixed order."""
    found = {
        (str(each["system"]), str(each["value"]))
        for each in items(patient, "identifier")
        if _is_strong(each)
    }
    return tuple(sorted(found))


def links(patient_id: str, candidates: Iterable[str]) -> list[Element]:
    """Return Patient.link to each candidate other than the Patient itself, in a fixed order."""
    others = sorted(set(candidates) - {patient_id})
    return [{"other": {"reference": f"Patient/{id_}"}, "type": "seealso"} for id_ in others]


def _is_strong(identifier: Element) -> bool:
    system, value = identifier.get("system"), identifier.get("value")
    if not isinstance(system, str) or not isinstance(value, str):
        return False
    if system.startswith(_OWN_NUMBERS) or identifier.get("use") in ("temp", "old"):
        return False
    return _is_ssn(value) if system == US_SSN else any(map(str.isalnum, value))


def _is_ssn(value: str) -> bool:
    """Return whether a Social Security number was ever issued in this form.

    Placeholders that people type when they must type something would link strangers.
    """
    if len(value) != _DIGITS_OF_AN_SSN or not value.isascii() or not value.isdigit():
        return False
    area, group, serial = value[:3], value[3:5], value[5:]
    if area in ("000", "666") or area[0] == "9" or group == "00" or serial == "0000":
        return False
    return len(set(value)) > 1 and value not in ("123456789", "078051120", "219099999")
