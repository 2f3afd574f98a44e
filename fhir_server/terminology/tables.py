"""The tables of the grammars: units, language subtags, currencies, countries.

Compiled from pinned packages when the server is set up (`compile_tables`), decoded when first asked
for.
"""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from fhir_server.fhir import definitions

ICD10CM = definitions.DATA / "icd-10-cm.table"
TABLES = definitions.DATA / "terminology.msgpack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """UCUM: the name of each prefix; of each atom its name, and whether it takes prefixes."""

    version: str
    prefixes: dict[str, str]
    atoms: dict[str, tuple[str, bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtags:
    """The registry of language subtags: names in lower case by subtag, by kind.

    `prefixes` are of extlangs: the one language that each may follow. `whole` are tags that were
    registered before there were subtags.
    """

    version: str
    language: dict[str, str]
    extlang: dict[str, str]
    script: dict[str, str]
    region: dict[str, str]
    variant: dict[str, str]
    whole: dict[str, str]
    prefixes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Codes that are a plain list, with their names."""

    version: str
    names: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The file: each part is decoded only when it is asked for."""

    units: msgspec.Raw
    subtags: msgspec.Raw
    currencies: msgspec.Raw
    countries: msgspec.Raw


def read(path: Path) -> Tables:
    """Return the tables in the file `path`."""
    return msgspec.msgpack.decode(path.read_bytes(), type=Tables)
