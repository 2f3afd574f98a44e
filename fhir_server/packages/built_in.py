"""The packages that every server has: the R4 definitions and the crisis guide.

https://hl7.org/fhir/R4/downloads.html

Both were compiled into the package data when the server was set up (`compile_built_in`).
"""

from functools import cache

from fhir_server.fhir import definitions
from fhir_server.packages.compiled import CompiledPackage
from fhir_server.packages.packages import Packages

CORE = definitions.DATA / "hl7.fhir.r4.core.package"
GUIDE = definitions.DATA / "crisis-guide.package"


@cache
def core() -> Packages:
    """Return the definitions of R4 itself, opened once per process.

    Raises:
        PackageError: They were not compiled: run `make setup`.
    """
    return Packages((CompiledPackage(CORE),))


@cache
def packages() -> Packages:
    """Return the definitions of R4 and those of the crisis guide, opened once per process.

    Raises:
        PackageError: They were not compiled: run `make setup`.
    """
    return Packages((*core().all, CompiledPackage(GUIDE)))
