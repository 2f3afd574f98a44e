"""Lays what a differential says of one element over what its base says of it.

https://hl7.org/fhir/R4/profiling.html#snapshot
"""

from fhir_server.fhir.resource import Element, items

_PLACE = frozenset({"id", "path", "sliceName", "base", "contentReference"})
_VALUES = ("fixed", "pattern", "minValue", "maxValue", "defaultValue")


def merge(base: Element, changes: Element, source: str) -> Element:
    """Return `base` with `changes`: rules are added, everything else takes the base's place.

    `source` is the canonical URL of the profile, with which its rules are marked.
    """
    said = {name: value for name, value in changes.items() if name not in _PLACE}
    kept = {name: value for name, value in base.items() if not _is_replaced(name, said)}
    merged = kept | said
    if "constraint" in said:
        merged["constraint"] = _rules(base, said, source)
    if "binding" in said:
        merged["binding"] = base.get("binding", {}) | said["binding"]
    if "type" in said:
        merged["type"] = [_marked(kind, items(base, "type")) for kind in said["type"]]
    if "condition" in said:
        merged["condition"] = list(dict.fromkeys(items(base, "condition") + said["condition"]))
    if "extension" in said:
        merged["extension"] = _extensions(base, said)
    return merged


def _is_replaced(name: str, said: Element) -> bool:
    """Say whether it is a value, and `said` has one of another type in its place."""
    stem = next((found for found in _VALUES if name.startswith(found)), None)
    return stem is not None and any(other.startswith(stem) for other in said)


def _rules(base: Element, said: Element, source: str) -> list[Element]:
    """Return all rules; one that is said again, with the same key, replaces the base's."""
    rules = {rule["key"]: rule for rule in items(base, "constraint")}
    for rule in said["constraint"]:
        rules[rule["key"]] = rule if "source" in rule else rule | {"source": source}
    return list(rules.values())


def _extensions(base: Element, said: Element) -> list[Element]:
    urls = {found["url"] for found in said["extension"]}
    kept = [found for found in items(base, "extension") if found["url"] not in urls]
    return kept + items(said, "extension")


def _marked(kind: Element, of_base: list[Element]) -> Element:
    """Return a type with the extensions that the base has on it, if it has none itself."""
    same = (found for found in of_base if found["code"] == kind["code"] and "extension" in found)
    found = next(same, None)
    return (
        kind if found is None or "extension" in kind else {"extension": found["extension"], **kind}
    )
