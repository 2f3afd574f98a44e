"""What terminology there is: the TerminologyCapabilities of `metadata?mode=terminology`.

https://hl7.org/fhir/R4/terminologycapabilities.html
"""

from collections.abc import Iterator

from fhir_server.fhir.canonical import version_key
from fhir_server.fhir.resource import Element, Resource
from fhir_server.packages.packages import Packages
from fhir_server.terminology import listed
from fhir_server.terminology.built_in import built_in
from fhir_server.terminology.expansion import MOST_CODES

_DATE = "2026-11-23"
_EXPANSION = {
    "filter": "Begins words of displays and designations, or the code",
    "count": f"Codes on a page, {MOST_CODES} at most",
    "offset": "Codes that are left out before the page",
    "includeDesignations": "Whether all designations are given",
    "designation": "Which designations are given: a use or a language, as system|code",
    "includeDefinition": "Whether the value set's definition is given",
    "activeOnly": "Leaves inactive codes out",
    "excludeNested": "Gives a flat list; pages and filtered expansions always are",
    "excludeNotForUI": "Leaves codes out that only group others",
    "excludePostCoordinated": "There are none such",
    "displayLanguage": "The language of displays",
    "exclude-system": "A code system that is left out",
    "system-version": "The version of a code system for value sets that name none",
    "check-system-version": "The version of a code system that must be used",
    "force-system-version": "The version of a code system that is used in any case",
}


def terminology_capabilities(
    packages: Packages, *, public_url: str, software_version: str
) -> Resource:
    """Return what terminology this server has; what callers stored is not listed."""
    base = f"{public_url}/fhir"
    return {
        "resourceType": "TerminologyCapabilities",
        "url": f"{base}/metadata?mode=terminology",
        "version": software_version,
        "name": "HandoffTerminology",
        "title": "Handoff: terminology",
        "status": "active",
        "date": _DATE,
        "kind": "instance",
        "software": {"name": "Handoff", "version": software_version},
        "implementation": {"description": "Handoff FHIR server", "url": base},
        "lockedDate": False,
        "codeSystem": sorted(_systems(packages), key=lambda found: str(found["uri"])),
        "expansion": {
            "hierarchical": True,
            "paging": True,
            "incomplete": False,
            "parameter": [
                {"name": name, "documentation": text} for name, text in _EXPANSION.items()
            ],
            "textFilter": "Each part of the filter begins a word of the display or designations,"
            " or the code, whatever its case.",
        },
        "codeSearch": "all",
        "validateCode": {"translations": False},
        "translation": {"needsMap": True},
        "closure": {"translation": False},
    }


def _systems(packages: Packages) -> Iterator[Element]:
    made = {url: make() for url, make in built_in().items()}
    for url, system in made.items():
        yield {"uri": url, **_versions(*filter(None, [system.about.version]))}
    versions: dict[str, list[str]] = {}
    for resource in packages.resources("CodeSystem"):
        about = listed.about(resource)
        if about.url not in made and about.content not in ("not-present", "supplement"):
            versions.setdefault(about.url, []).append(about.version)
    for url, found in versions.items():
        yield {"uri": url, **_versions(*sorted(filter(None, found), key=version_key))}


def _versions(*versions: str) -> Element:
    """The last one is what a code system without a version means."""
    if not versions:
        return {}
    last = versions[-1]
    return {"version": [{"code": each, "isDefault": each == last} for each in versions]}
