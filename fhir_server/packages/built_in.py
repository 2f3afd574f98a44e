"""The packages that every server has: the R4 definitions, compiled when it was set up.

https://hl7.org/fhir/R4/downloads.html
"""

from functools import cache

from fhir_server.fhir import definitions
from fhir_server.packages.compiled import CompiledPackage
from fhir_server.packages.packages import Packages

CORE = definitions.DATA / "hl7.fhir.r4.core.package"


@cache
def core() -> Packages:
    """Return the definitions of R4 itself, opened once per process.

    Raises:
        PackageError: They were not compiled: run `make setup`.
    """
    return Packages((CompiledPackage(CORE),))
