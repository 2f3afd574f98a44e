"""The tables of the page on the implementation guide, read from its artifacts."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fhir_server import registry
from fhir_server.fhir.crisis import CANONICAL
from fhir_server.reporting import measures
from fhir_server.reporting.measure import Measure
from fhir_server.reporting.measure_resource import measure_resource

Resource = Mapping[str, Any]


# A rule that so many profiles have is named once.
_MANY = 6
_IMPOSES = "http://hl7.org/fhir/StructureDefinition/structuredefinition-imposeProfile"


def write_measures(folder: Path) -> None:
    """Write each Measure that is counted as a file of the guide."""
    for measure in registry.discover(measures, "MEASURE", Measure):
        text = json.dumps(measure_resource(measure), indent=2, ensure_ascii=False)
        (folder / f"Measure-{measure.id}.json").write_text(f"{text}\n")


def tables(root: Path) -> dict[str, str]:
    """Return the tables by the names of their markers; `root` is the folder of the checkout."""
    profiles = list(_artifacts(root / "profiles", "StructureDefinition"))
    own = [found for found in profiles if found["type"] != "Extension"]
    extensions = [found for found in profiles if found["type"] == "Extension"]
    return {
        "profiles": _table(("profile", "of", "US Core", "what"), map(_profile, own)),
        "invariants": _table(
            ("rule", "on", "severity", "what must be"),
            _invariants(profiles),
        ),
        "extensions": _table(("extension", "on", "value", "what"), map(_extension, extensions)),
        "code systems": _table(
            ("code system", "codes", "what"),
            map(_code_system, _artifacts(root / "terminology", "CodeSystem")),
        ),
        "concept maps": _table(
            ("map", "from", "to", "what"),
            map(_concept_map, _artifacts(root / "terminology", "ConceptMap")),
        ),
        "search parameters": _table(
            ("on", "parameter", "type", "finds"),
            map(_search_parameter, _artifacts(root / "profiles", "SearchParameter")),
        ),
    }


def _artifacts(folder: Path, type_: str) -> Iterator[Resource]:
    for path in sorted(folder.glob(f"{type_}-*.json")):
        yield json.loads(path.read_text())


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *dict.fromkeys(rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _link(found: Resource, folder: str) -> str:
    return f"[{found['id']}](../../{folder}/{found['resourceType']}-{found['id']}.json)"


def _first_sentence(text: str) -> str:
    return text.split(". ", maxsplit=1)[0].rstrip(".").replace("|", "\\|") + "."


def _short(url: str) -> str:
    return url.rpartition("/")[2]


def _profile(found: Resource) -> tuple[str, ...]:
    imposed = [
        _short(each["valueCanonical"])
        for each in found.get("extension", ())
        if each["url"] == _IMPOSES
    ]
    parent = _short(found["baseDefinition"])
    what = _first_sentence(found["description"])
    return _link(found, "profiles"), parent, ", ".join(imposed), what


def _invariants(profiles: Iterable[Resource]) -> Iterator[tuple[str, ...]]:
    places: dict[tuple[str, str, str], list[str]] = {}
    for found in profiles:
        for element in found["differential"]["element"]:
            for rule in element.get("constraint", ()):
                path = element["id"].partition(".")[2]
                place = f"{found['id']}, `{path}`" if path else found["id"]
                key = rule["key"], rule["severity"], rule["human"].replace("|", "\\|")
                places.setdefault(key, []).append(place)
    for (key, severity, human), where in sorted(places.items()):
        told = f"{len(where)} profiles" if len(where) > _MANY else "; ".join(where)
        yield f"`{key}`", told, severity, human


def _extension(found: Resource) -> tuple[str, ...]:
    contexts = ", ".join(f"`{each['expression']}`" for each in found["context"])
    elements = {each["id"]: each for each in found["differential"]["element"]}
    value = elements["Extension.value[x]"]
    told = ", ".join(
        each["sliceName"] + ("*" if each["max"] == "*" else "")
        for id_, each in elements.items()
        if id_.startswith("Extension.extension:") and id_.count(":") == 1 and "sliceName" in each
    )
    if value.get("max") != "0":
        told = " or ".join(each["code"] for each in value["type"])
        if "binding" in value:
            told += f" of {_short(value['binding']['valueSet'])}"
    what = _first_sentence(found["description"])
    return _link(found, "profiles"), contexts.replace("|", "\\|"), told, what


def _code_system(found: Resource) -> tuple[str, ...]:
    codes = " ".join(f"`{each['code']}`" for each in found["concept"])
    return _link(found, "terminology"), codes, _first_sentence(found["description"])


def _concept_map(found: Resource) -> tuple[str, ...]:
    sources = dict.fromkeys(_short(each["source"]) for each in found["group"])
    targets = dict.fromkeys(
        each["target"].removeprefix(f"{CANONICAL}/CodeSystem/") for each in found["group"]
    )
    what = _first_sentence(found["description"])
    return _link(found, "terminology"), ", ".join(sources), ", ".join(targets), what


def _search_parameter(found: Resource) -> tuple[str, ...]:
    what = _first_sentence(found["description"])
    return found["base"][0], f"`{found['code']}`", found["type"], what
