"""Native values as extensions, and back: both directions follow from one declaration.

https://hl7.org/fhir/R4/extensibility.html

A native field that FHIR has no place for is declared once, as an extension with one value or with
named parts; writing and reading cannot drift apart.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fhir_server.fhir.crisis import code_system, profile
from fhir_server.fhir.resource import Element, Json, items
from fhir_server.intake.source import Source, external_id

_LOCAL = code_system("agency") + "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """How one native value stands in an extension, and how it is read back.

    `write` returns the name of the value element (`valueCode`) and its content.
    """

    write: Callable[[Json, Source], tuple[str, Json]]
    read: Callable[[Json], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The native field `field` as an extension with this url, once or (`many`) repeated.

    `shape` is one value, or parts in turn.
    """

    field: str
    url: str
    shape: "Value | tuple[Part, ...]"
    many: bool = False


def _unchanged(value: Json) -> Json:
    return value


def _plain(element: str) -> Value:
    return Value(write=lambda value, _source: (element, value), read=_unchanged)


def _tri(value: Json, _source: Source) -> tuple[str, Json]:
    if value == "unknown":
        return "valueCode", value
    return "valueBoolean", value == "yes"


def _flag_or_count(value: Json, _source: Source) -> tuple[str, Json]:
    return ("valueBoolean" if isinstance(value, bool) else "valueInteger"), value


CODE = _plain("valueCode")
TEXT = _plain("valueString")
FLAG = _plain("valueBoolean")
WHOLE = _plain("valueInteger")
TIME = _plain("valueDateTime")
DATE = _plain("valueDate")
NUMBER = Value(write=lambda value, _source: ("valueDecimal", value), read=Decimal)
FLAG_OR_COUNT = Value(write=_flag_or_count, read=_unchanged)
# "yes", "no" or "unknown" where readers count a boolean.
YES_NO_FLAG = Value(
    write=_tri,
    read=lambda value: value if isinstance(value, str) else "yes" if value else "no",
)


def coding(system: str, value: Json, source: Source) -> Element:
    """Return a code of our code system `system`, or one of the agency's own, as a Coding."""
    if isinstance(value, str):
        return {"system": code_system(system), "code": value}
    local = {"system": f"{_LOCAL}{source.organization}", "code": value["code"]}
    if "display" in value:
        local["display"] = value["display"]
    return local


def listed(system: str, code: str, known: frozenset[str], source: Source) -> Element:
    """Return the Coding of a code that is one of `known` of our `system`, or the agency's own."""
    return coding(system, code if code in known else {"code": code}, source)


def is_listed(system: str, found: Element) -> bool:
    """Return whether `listed` may have written a Coding for our `system`."""
    used = str(found["system"])
    return used == code_system(system) or used.startswith(_LOCAL)


def native_code(found: Element) -> Json:
    """Return the native form of a Coding that `coding` wrote."""
    if not found["system"].startswith(_LOCAL):
        return found["code"]
    local = {"code": found["code"], "system": "agency"}
    if "display" in found:
        local["display"] = found["display"]
    return local


def concept(system: str) -> Value:
    """Return the value for a code of our code system `system`, or one of the agency's own."""
    return Value(
        write=lambda value, source: (
            "valueCodeableConcept",
            {"coding": [coding(system, value, source)]},
        ),
        read=lambda value: native_code(value["coding"][0]),
    )


def reference(kind: str) -> Value:
    """Return the value for the external id of a record of `kind`."""
    return Value(
        write=lambda value, source: ("valueReference", source.reference(kind, value)),
        read=external_id,
    )


def simple(field: str, name: str, value: Value, *, many: bool = False) -> Part:
    """Return the extension `name` of our own that holds one value."""
    return Part(field=field, url=profile(name), shape=value, many=many)


def compound(field: str, name: str, *parts: Part, many: bool = False) -> Part:
    """Return the extension `name` of our own that holds `parts`."""
    return Part(field=field, url=profile(name), shape=parts, many=many)


def part(field: str, value: Value, *, url: str | None = None, many: bool = False) -> Part:
    """Return a part of a compound extension; its url is the field's name unless said otherwise."""
    return Part(field=field, url=url or field, shape=value, many=many)


def group(field: str, *parts: Part, many: bool = False) -> Part:
    """Return a part of a compound extension that has parts itself."""
    return Part(field=field, url=field, shape=parts, many=many)


def written(record: Mapping[str, Json], parts: Sequence[Part], source: Source) -> list[Element]:
    """Return the extensions of those of `parts` that `record` has, in the order of `parts`."""
    found: list[Element] = []
    for each in parts:
        value = record.get(each.field)
        if value is not None:
            values = value if each.many else (value,)
            found.extend(_extension(each, one, source) for one in values)
    return found


def read(element: Element, parts: Sequence[Part]) -> dict[str, Json]:
    """Return the native fields that `written` made the extensions of `element` from."""
    by_url: dict[str, list[Element]] = {}
    for extension in items(element, "extension"):
        by_url.setdefault(extension["url"], []).append(extension)
    found: dict[str, Json] = {}
    for each in parts:
        values = [_native(each, extension) for extension in by_url.get(each.url, ())]
        if values:
            found[each.field] = values if each.many else values[0]
    return found


def _extension(part: Part, value: Json, source: Source) -> Element:
    if isinstance(part.shape, Value):
        element, content = part.shape.write(value, source)
        return {"url": part.url, element: content}
    return {"url": part.url, "extension": written(value, part.shape, source)}


def _native(part: Part, extension: Element) -> Json:
    if not isinstance(part.shape, Value):
        return read(extension, part.shape)
    content = next(value for name, value in extension.items() if name.startswith("value"))
    return part.shape.read(content)
