"""`handoff package`: add, list, build."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fhir_server.cli.main import group
from fhir_server.packages import built_in, guide
from fhir_server.settings import Settings
from tests.packages import manifest, profile, write_package
from tests.shared_data import shared_data

ROOT = Path(__file__).parents[3]
PROFILE = profile("x", "Patient", [])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(packages_dir=str(tmp_path / "packages"))


def run(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(group(), ["package", *arguments], obj=settings)


def test_what_is_added_is_listed(settings: Settings, tmp_path: Path) -> None:
    said = manifest(dependencies={"some.where": "2.1.0"})
    file = write_package(tmp_path / "a.tgz", PROFILE, said=said)
    added, listed = run(settings, "add", str(file)), run(settings, "list")

    assert added.exit_code == 0
    assert added.stdout == "a.package#1.0.0: 1 StructureDefinition\n"
    assert "builds upon `some.where#2.1.0`, but it is not loaded" in added.stderr
    names = [line.partition("#")[0] for line in listed.stdout.splitlines()]
    assert names == ["hl7.fhir.r4.core", built_in.packages().all[1].name, "a.package"]
    assert "some.where#2.1.0" in listed.stderr


def test_adding_again_takes_the_place_of_what_was_there(settings: Settings, tmp_path: Path) -> None:
    other = PROFILE | {"id": "y", "url": "http://a.org/y"}
    run(settings, "add", str(write_package(tmp_path / "a.tgz", PROFILE)))
    again = run(settings, "add", str(write_package(tmp_path / "a.tgz", PROFILE, other)))

    assert again.stdout == "a.package#1.0.0: 2 StructureDefinition\n"
    folder = Path(settings.packages_dir)
    assert [path.name for path in folder.glob("*.tgz")] == ["a.package-1.0.0.tgz"]
    assert len(list((folder / ".compiled").iterdir())) == 1
    assert run(settings, "add", str(folder / "a.package-1.0.0.tgz")).exit_code == 0


def test_a_damaged_package_is_refused_and_not_kept(settings: Settings, tmp_path: Path) -> None:
    whole = write_package(tmp_path / "a.tgz", *({**PROFILE, "id": f"x{n}"} for n in range(50)))
    content = whole.read_bytes()
    for share in (0, 9):
        whole.write_bytes(content[: len(content) * share // 10])
        refused = run(settings, "add", str(whole))
        assert refused.exit_code == 1
        assert "FHIR package" in refused.stderr
    assert not list(Path(settings.packages_dir).glob("*"))


def test_a_package_of_another_version_of_fhir_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    file = write_package(tmp_path / "a.tgz", said=manifest(fhirVersions=["4.3.0"]))
    refused = run(settings, "add", str(file))
    assert refused.exit_code == 1
    assert "is for FHIR 4.3.0" in refused.stderr


def test_a_folder_that_cannot_be_made_is_named(settings: Settings, tmp_path: Path) -> None:
    Path(settings.packages_dir).write_text("a file")
    file = write_package(tmp_path / "a.tgz", PROFILE)
    refused = run(settings, "add", str(file))
    assert refused.exit_code == 1
    assert "cannot be written: File exists" in refused.stderr


def test_the_guide_is_built(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "guide.tgz"
    built = run(settings, "build", "--source", str(ROOT), "--output", str(file))
    assert (built.exit_code, built.stdout) == (0, f"{file}\n")
    assert file.read_bytes() == guide.build(ROOT).content


def test_a_place_where_the_guide_cannot_be_written_is_named(
    settings: Settings, tmp_path: Path
) -> None:
    built = run(settings, "build", "--source", str(ROOT), "--output", str(tmp_path))
    assert built.exit_code == 1
    assert "cannot be written: Is a directory" in built.stderr


def test_us_core_is_added(settings: Settings) -> None:
    added = run(settings, "add", str(shared_data("hl7.fhir.us.core-7.0.0.tgz")))
    assert added.exit_code == 0
    assert "63 StructureDefinition" in added.stdout
    assert added.stderr.count("Warning:") == 6
