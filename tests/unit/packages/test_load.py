"""The packages of a folder: loaded in order, compiled once, and what is missing is said."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fhir_server.fhir.outcome import PackageError
from fhir_server.fhir.resource import Resource
from fhir_server.packages.built_in import core
from fhir_server.packages.load import COMPILED, load
from tests.packages import URL, manifest, profile, write_package
from tests.shared_data import shared_data

BELOW = profile("below", "Patient", [{"path": "Patient.birthDate", "min": 1}])
ABOVE = profile("above", "Patient", [], base=URL + "below")


def birth_date(resource: Resource | None) -> int:
    assert resource is not None
    (found,) = [e for e in resource["snapshot"]["element"] if e["path"] == "Patient.birthDate"]
    least: int = found["min"]
    return least


def test_a_folder_that_is_not_there_adds_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "none", core()).names == core().names


def test_a_package_is_loaded_after_those_that_it_builds_upon(tmp_path: Path) -> None:
    above = manifest("a.above", dependencies={"b.below": "1.0.0", "hl7.fhir.r4.core": "4.0.1"})
    write_package(tmp_path / "a.tgz", ABOVE, said=above)
    write_package(tmp_path / "b.tgz", BELOW, said=manifest("b.below"))
    packages = load(tmp_path, core())

    assert packages.names == ("hl7.fhir.r4.core#4.0.1", "b.below#1.0.0", "a.above#1.0.0")
    assert packages.warnings == ()
    assert birth_date(packages.resolve("StructureDefinition", ABOVE["url"])) == 1


def test_a_change_below_compiles_anew_what_is_above(tmp_path: Path) -> None:
    above = manifest("a.above", dependencies={"b.below": "1.0.0"})
    write_package(tmp_path / "a.tgz", ABOVE, said=above)
    for least in (1, 0):
        below = profile("below", "Patient", [{"path": "Patient.birthDate", "min": least}])
        write_package(tmp_path / "b.tgz", below, said=manifest("b.below"))
        packages = load(tmp_path, core())
        assert birth_date(packages.resolve("StructureDefinition", ABOVE["url"])) == least


def test_packages_in_a_circle_are_loaded(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        said = manifest(name, dependencies={other: "1.0.0"})
        write_package(tmp_path / f"{name}.tgz", said=said)
    assert load(tmp_path, core()).names[1:] == ("b#1.0.0", "a#1.0.0")


def test_a_missing_dependency_is_named_with_its_version(tmp_path: Path) -> None:
    said = manifest(dependencies={"some.where": "2.1.0", "hl7.fhir.r4.core": "4.0.1"})
    write_package(tmp_path / "a.tgz", said=said)
    (warning,) = load(tmp_path, core()).warnings
    assert warning.startswith("`a.package#1.0.0` builds upon `some.where#2.1.0`, but it is not")


def test_another_version_of_a_dependency_is_named(tmp_path: Path) -> None:
    write_package(tmp_path / "a.tgz", said=manifest(dependencies={"b": "2.x", "c": "latest"}))
    write_package(tmp_path / "b.tgz", said=manifest("b", "1.5.0"))
    write_package(tmp_path / "c.tgz", said=manifest("c", "1.5.0"))
    (warning,) = load(tmp_path, core()).warnings
    assert "`b#2.x`, but only 1.5.0 is loaded" in warning


def test_a_second_start_compiles_nothing(tmp_path: Path) -> None:
    write_package(tmp_path / "a.tgz", BELOW)
    load(tmp_path, core())
    (file,) = (tmp_path / COMPILED).iterdir()
    before = file.stat()
    load(tmp_path, core())
    assert file.stat() == before


def test_a_file_given_beside_the_folder_is_loaded_once(tmp_path: Path) -> None:
    elsewhere = write_package(tmp_path / "elsewhere.tgz", BELOW)
    folder = tmp_path / "packages"
    assert load(folder, core(), [elsewhere]).names[1:] == ("a.package#1.0.0",)
    shutil.copy(elsewhere, folder / "a.tgz")
    assert load(folder, core(), [elsewhere]).names[1:] == ("a.package#1.0.0",)


def test_where_nothing_can_be_written_it_is_compiled_each_time(tmp_path: Path) -> None:
    write_package(tmp_path / "a.tgz", BELOW)
    (tmp_path / COMPILED).write_text("a file, where the folder would be")
    packages = load(tmp_path, core())
    (warning,) = packages.warnings

    assert "compiled anew at each start" in warning
    assert birth_date(packages.resolve("StructureDefinition", BELOW["url"])) == 1


def test_a_package_for_another_version_of_fhir_is_refused(tmp_path: Path) -> None:
    write_package(tmp_path / "a.tgz", said=manifest(fhirVersions=["5.0.0"]))
    with pytest.raises(PackageError, match=r"is for FHIR 5\.0\.0; this server is of R4"):
        load(tmp_path, core())


def test_a_damaged_package_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(b"nonsense")
    with pytest.raises(PackageError, match=r"a\.tgz` is no FHIR package"):
        load(tmp_path, core())


def test_processes_that_start_together_do_not_disturb_each_other(tmp_path: Path) -> None:
    """All compile the same at once; each reads a whole file, and one is left."""
    many = [profile(f"p{n}", "Patient", []) for n in range(60)]
    write_package(tmp_path / "a.tgz", *many)
    program = (
        "import sys; from pathlib import Path;"
        "from fhir_server.packages.built_in import core;"
        "from fhir_server.packages.load import load;"
        "packages = load(Path(sys.argv[1]), core());"
        f"print(sum(1 for f in packages.resources('StructureDefinition') if '{URL}' in f['url']))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert [process.communicate()[0] for process in running] == ["60\n"] * 3
    assert len(list((tmp_path / COMPILED).iterdir())) == 1


def test_us_core_in_two_versions(tmp_path: Path) -> None:
    for version in ("7.0.0", "6.1.0"):
        shutil.copy(shared_data(f"hl7.fhir.us.core-{version}.tgz"), tmp_path)
    packages = load(tmp_path, core())
    patient = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"

    def version_of(canonical: str) -> str | None:
        found = packages.resolve("StructureDefinition", canonical)
        return None if found is None else found["version"]

    assert version_of(patient) == "7.0.0"
    assert version_of(f"{patient}|6.1.0") == "6.1.0"
    assert version_of(f"{patient}|6.1") == "6.1.0"
    assert version_of(f"{patient}|5.0.1") is None
    assert packages.profiles()["Patient"] == (f"{patient}|6.1.0", f"{patient}|7.0.0")
    named = " ".join(packages.warnings)
    assert "`us.nlm.vsac#0.18.0`, but it is not loaded" in named
    assert "Nothing is validated" not in named
