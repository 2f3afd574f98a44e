"""The code systems that are no resource: tables and grammars.

https://hl7.org/fhir/R4/terminologies-systems.html

A table that was not compiled makes its code systems unavailable, and nothing else.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from fhir_server.terminology import icd10cm, languages, media_types, tables, ucum
from fhir_server.terminology.concept import CodeSystem
from fhir_server.terminology.icd10cm import Icd10Cm
from fhir_server.terminology.languages import Languages
from fhir_server.terminology.listed import Listed
from fhir_server.terminology.media_types import MediaTypes
from fhir_server.terminology.tables import Names, Subtags, Units
from fhir_server.terminology.ucum import Ucum

if TYPE_CHECKING:
    from fhir_server.fhir.resource import Resource

CURRENCIES = "urn:iso:std:iso:4217"
COUNTRIES = "urn:iso:std:iso:3166"

Made = Callable[[], CodeSystem]
_T = TypeVar("_T")


@cache
def built_in() -> Mapping[str, Made]:
    """Return what makes each code system, by URL; each is made once per process."""
    return of(tables.ICD10CM, tables.TABLES)


def of(icd: Path, grammars: Path) -> Mapping[str, Made]:
    """Return the code systems of two compiled files, of which either may be missing."""
    found: dict[str, Made] = {media_types.URL: cache(MediaTypes)}
    if icd.exists():
        found[icd10cm.URL] = cache(lambda: Icd10Cm(icd))
    if grammars.exists():
        read = cache(lambda: tables.read(grammars))
        found |= {
            ucum.URL: cache(lambda: Ucum(_decoded(read().units, Units))),
            languages.URL: cache(lambda: Languages(_decoded(read().subtags, Subtags))),
            CURRENCIES: cache(
                lambda: _listed(CURRENCIES, "ISO 4217", _decoded(read().currencies, Names))
            ),
            COUNTRIES: cache(
                lambda: _listed(COUNTRIES, "ISO 3166-1", _decoded(read().countries, Names))
            ),
        }
    return found


def _decoded(raw: msgspec.Raw, kind: type[_T]) -> _T:
    return msgspec.msgpack.decode(raw, type=kind)


def _listed(url: str, name: str, found: Names) -> Listed:
    resource: Resource = {
        "resourceType": "CodeSystem",
        "url": url,
        "version": found.version,
        "name": name,
        "caseSensitive": True,
        "content": "complete",
        "concept": [{"code": code, "display": text} for code, text in found.names.items()],
    }
    return Listed(resource)
