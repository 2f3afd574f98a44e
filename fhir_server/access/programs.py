"""Which organisations are programs under 42 CFR Part 2, as their Organization resource says.

Part 2 is a property of who holds a record and not of a diagnosis in it (42 CFR 2.11, 2.12).
"""

from fhir_server.fhir import crisis, dates
from fhir_server.fhir.json import decode
from fhir_server.fhir.resource import Element, Resource, extensions


def is_part2_program(organization: Resource, at: int) -> bool:
    """Say whether the organisation is a Part 2 program at `at` (microseconds)."""
    return any(
        _says_so(found) and _since(found) <= at < _until(found)
        for found in extensions(organization, crisis.PART2_PROGRAM)
    )


def body_is_part2_program(body: bytes, at: int) -> bool:
    """Say the same of a stored body; most are not, which the bytes alone tell."""
    return crisis.PART2_PROGRAM.encode() in body and is_part2_program(decode(body), at)


def _says_so(extension: Element) -> bool:
    """Return its flag; an extension that does not deny it means it."""
    if extension.get("valueBoolean") is False:
        return False
    flag = crisis.part(extension, "is")
    return flag is None or flag.get("valueBoolean") is not False


def _since(extension: Element) -> int:
    text = _date(extension, "from")
    return 0 if text is None else dates.parse(text).lo


def _until(extension: Element) -> int:
    text = _date(extension, "to")
    return (1 << 62) if text is None else dates.parse(text).hi


def _date(extension: Element, name: str) -> str | None:
    found = crisis.part(extension, name) or {}
    text = found.get("valueDate", found.get("valueDateTime"))
    return text if isinstance(text, str) else None
