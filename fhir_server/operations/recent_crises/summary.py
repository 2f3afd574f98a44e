"""The document: a Composition first, then the resources that it rests on.

https://hl7.org/fhir/R4/documents.html and https://hl7.org/fhir/R4/composition.html

The same visible data give the same bytes: its instant is that of its newest resource, and its
identifier follows from its content.
"""

import uuid
from collections.abc import Iterator
from html import escape as escape_all

from fhir_server.fhir.bundle import ResourceEntry, document
from fhir_server.fhir.crisis import code_system
from fhir_server.fhir.dates import format_instant
from fhir_server.fhir.json import encode
from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.operations.recent_crises.crisis import concerning, lines, when
from fhir_server.operations.recent_crises.gather import Found, Gathered

# For every reader, whether or not anything was withheld: that something was may not be told.
INCOMPLETE = "This record may be incomplete by law or by the person's choice."
# 42 CFR 2.32(a)(2), the short statement.
PART2_NOTICE = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
NO_CRISES = "No crisis of this time is known to you."
_NAMESPACE = uuid.UUID("6f0f3a5e-4e0b-5c7e-9a53-0d5c7cbe7b11")
_XHTML = "http://www.w3.org/1999/xhtml"
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_URI = "urn:ietf:rfc:3986"
_SECTION = code_system("crisis-document-section")


def summary(gathered: Gathered, *, base: str) -> bytes:
    """Return the document Bundle."""
    found = gathered.everything
    newest = max(each.stored.last_updated for each in found)
    versions = "\n".join(f"{each.address}/{each.stored.version}" for each in found)
    id_ = str(uuid.uuid5(_NAMESPACE, versions))
    composition = encode(_composition(id_, gathered, format_instant(newest)))
    entries = [ResourceEntry(full_url=f"urn:uuid:{id_}", resource=composition)]
    entries.extend(
        ResourceEntry(full_url=f"{base}/{each.address}", resource=each.stored.body or b"")
        for each in found
    )
    return document(entries, identifier=(_URI, f"urn:uuid:{id_}"), timestamp=newest)


def _composition(id_: str, gathered: Gathered, date: str) -> Resource:
    sections = [_crises(gathered)]
    for code, title, found in (
        ("safety-plan", "Safety plan", gathered.plans),
        ("consents", "Consents", gathered.consents),
    ):
        if found:
            text = _table([(title, _effect(each)) for each in found])
            sections.append(_section(code, title, text, list(found)))
    sections.append(_section("notices", "Notices", _paragraphs(_notices(gathered)), []))
    return {
        "resourceType": "Composition",
        "id": id_,
        "meta": {"security": [{"system": _CONFIDENTIALITY, "code": _level(gathered)}]},
        "status": "final",
        "type": {"coding": [{"system": code_system("crisis-document"), "code": "recent-crises"}]},
        "subject": {"reference": gathered.patients[0].address},
        "date": date,
        "author": [{"display": "Handoff"}],
        "title": "Recent crises",
        "confidentiality": _level(gathered),
        "section": sections,
    }


def _crises(gathered: Gathered) -> Element:
    if not gathered.crises:
        return _section("crises", "Crises", _paragraphs([NO_CRISES]), [])
    section = _section("crises", "Crises", _paragraphs([f"{len(gathered.crises)} shown."]), [])
    section["section"] = [
        _section(
            "crisis",
            when(crisis.resource),
            _table(lines(crisis, gathered)),
            [crisis, *concerning(crisis, (*gathered.risks, *gathered.handoffs))],
        )
        for crisis in gathered.crises
    ]
    return section


def _section(code: str, title: str, div: str, found: list[Found]) -> Element:
    section: Element = {
        "title": title,
        "code": {"coding": [{"system": _SECTION, "code": code}]},
        "text": {"status": "generated", "div": div},
    }
    if found:
        section["entry"] = [{"reference": each.address} for each in found]
    return section


def _effect(found: Found) -> str:
    """Return what a plan or a consent is, in a line."""
    resource = found.resource
    if found.stored.type != "Consent":
        return found.address
    provision = resource.get("provision", {})
    kinds = [
        coding.get("code", "")
        for category in items(resource, "category")
        for coding in items(category, "coding")
        if str(coding.get("system", "")).endswith("/crisis-consent-kind")
    ]
    until = provision.get("period", {}).get("end")
    words = [str(kind).replace("-", " ") for kind in kinds]
    parts = [str(provision.get("type", "")), *words, f"until {until}" if until else ""]
    return ", ".join(filter(None, parts))


def _notices(gathered: Gathered) -> Iterator[str]:
    yield INCOMPLETE
    if any(code == "42CFRPart2" for code in _labels(gathered)):
        yield PART2_NOTICE


def _level(gathered: Gathered) -> str:
    """Return the highest confidentiality of all resources: the high-water mark."""
    return "V" if "V" in set(_labels(gathered)) else "R"


def _labels(gathered: Gathered) -> Iterator[str]:
    for found in gathered.everything:
        for label in items(found.resource.get("meta", {}), "security"):
            yield str(label.get("code", ""))


def escape(text: str) -> str:
    """Return text for XHTML; quotation marks need no escape outside of attributes."""
    return escape_all(text, quote=False)


def _table(rows: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><th>{escape(label)}</th><td>{escape(text)}</td></tr>" for label, text in rows
    )
    return f'<div xmlns="{_XHTML}"><table><tbody>{cells}</tbody></table></div>'


def _paragraphs(texts: Iterator[str] | list[str]) -> str:
    body = "".join(f"<p>{escape(text)}</p>" for text in texts)
    return f'<div xmlns="{_XHTML}">{body}</div>'
