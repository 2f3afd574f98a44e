"""`handoff validate` tells where each issue is, and by its exit code whether there is an error."""

import json
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fhir_server.cli.main import group
from fhir_server.fhir.resource import Json

VALID = {"resourceType": "Patient", "active": True}
WRONG = b'{\n  "resourceType": "Patient",\n  "gender": "robot"\n}'
PROFILE = "http://example.org/StructureDefinition/named"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command without a database, in a deployment without packages."""

    def invoke(*arguments: str, **more: Json) -> Result:
        # A database would be an error: there is none of such a kind.
        env = {"PACKAGES_DIR": str(tmp_path / "packages"), "DATABASE_URL": "none://"}
        env |= more.pop("env", {})
        return CliRunner(env=env).invoke(group(), ["validate", *arguments], **more)

    return invoke


@pytest.fixture
def package(tmp_path: Path) -> str:
    """A package with one profile, which demands a name."""
    profile = {
        "resourceType": "StructureDefinition",
        "url": PROFILE,
        "name": "Named",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Patient.name", "path": "Patient.name", "min": 1, "mustSupport": True},
                {"id": "Patient.photo", "path": "Patient.photo", "mustSupport": True},
            ]
        },
    }
    manifest = {"name": "example.named", "version": "1.0.0", "fhirVersions": ["4.0.1"]}
    path = tmp_path / "named.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("package.json", manifest), ("StructureDefinition-n.json", profile)):
            data = json.dumps(content).encode()
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            archive.addfile(entry, BytesIO(data))
    return str(path)


def written(path: Path, content: bytes | Json) -> str:
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def test_a_valid_resource_is_exit_code_0(run: Run, tmp_path: Path) -> None:
    result = run("--min-severity", "error", written(tmp_path / "a.json", VALID))

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("1 resources: 1 valid, 0 not; 0 errors")


def test_an_error_is_a_line_with_its_place_and_exit_code_1(run: Run, tmp_path: Path) -> None:
    name = written(tmp_path / "a.json", WRONG)

    result = run("--min-severity", "error", name)

    assert result.exit_code == 1
    (line,) = result.stdout.splitlines()
    assert line.startswith(f"{name}:3:3  error        ")
    assert line.endswith("[Patient.gender]")


@pytest.mark.parametrize(
    "arguments",
    [[], ["absent.json"], ["--profile"], ["--format", "yaml", "-"], ["--nonsense", "-"]],
    ids=str,
)
def test_what_cannot_be_understood_is_exit_code_2(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_an_unknown_profile_is_exit_code_2(run: Run) -> None:
    result = run("--profile", PROFILE, "-", input=json.dumps(VALID))

    assert result.exit_code == 2
    assert PROFILE in result.stderr
    assert "--package" in result.stderr


def test_a_package_that_cannot_be_read_is_exit_code_2(run: Run, tmp_path: Path) -> None:
    damaged = written(tmp_path / "damaged.tgz", b"nonsense")

    result = run("--package", damaged, "-", input=json.dumps(VALID))

    assert (result.exit_code, result.stdout) == (2, "")
    assert damaged in result.stderr


def test_a_file_that_cannot_be_read_is_exit_code_2(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder" / "a.json").mkdir(parents=True)

    assert run(str(tmp_path / "folder")).exit_code == 2


def test_a_profile_of_a_package_is_applied(run: Run, package: str) -> None:
    result = run("--package", package, "--profile", PROFILE, "-", input=json.dumps(VALID))

    assert result.exit_code == 1
    assert f"({PROFILE}#cardinality)" in result.stdout


def test_a_claimed_profile_is_applied(run: Run, package: str) -> None:
    claiming = json.dumps(VALID | {"meta": {"profile": [PROFILE]}})

    assert run("-", input=claiming).exit_code == 0
    assert run("--package", package, "-", input=claiming).exit_code == 1


def test_must_support_is_told_where_asked(run: Run, package: str) -> None:
    named = json.dumps(VALID | {"name": [{"text": "Ana"}]})
    arguments = ["--package", package, "--profile", PROFILE, "--min-severity", "information", "-"]

    assert "photo" not in run(*arguments, input=named).stdout
    assert "[Patient.photo]" in run("--must-support", *arguments, input=named).stdout


def test_lines_of_a_file_are_counted_in_the_file(run: Run, tmp_path: Path) -> None:
    lines = json.dumps(VALID).encode() + b"\n" + WRONG.replace(b"\n", b"") + b"\n"
    name = written(tmp_path / "a.ndjson", lines)

    result = run("--min-severity", "error", name)

    assert result.stdout.startswith(f"{name}:2:")
    assert "2 resources: 1 valid, 1 not" in result.stderr


def test_issues_stand_in_the_order_of_the_file(run: Run, tmp_path: Path, package: str) -> None:
    file = tmp_path / "patient.json"
    file.write_text('{"resourceType": "Patient",\n "gender": "robot",\n "foo": 1}')
    lines = run("--package", package, "--profile", PROFILE, str(file)).stdout.splitlines()
    places = [int(line.removeprefix(f"{file}:").partition(":")[0]) for line in lines]
    assert places == sorted(places)
    assert len(set(places)) == 3


def test_xml_and_what_cannot_be_read_are_told(run: Run, tmp_path: Path) -> None:
    written(tmp_path / "a.xml", b'<Patient xmlns="http://hl7.org/fhir">\n <x/></Patient>')
    written(tmp_path / "b.json", b'{"resourceType":\n ]')

    result = run("--min-severity", "error", str(tmp_path))

    assert [line.partition("  ")[0] for line in result.stdout.splitlines()] == [
        f"{tmp_path}/a.xml:2:2",
        f"{tmp_path}/b.json:2:2",
    ]


def test_json_is_an_outcome_a_line(run: Run, tmp_path: Path) -> None:
    names = [written(tmp_path / "a.json", VALID), written(tmp_path / "b.json", WRONG)]

    result = run("--format", "json", "--min-severity", "error", *names)

    good, bad = (json.loads(line) for line in result.stdout.splitlines())
    assert (good["file"], good["valid"]) == (names[0], True)
    assert good["outcome"]["issue"][0]["severity"] == "information"
    (issue,) = bad["outcome"]["issue"]
    assert (bad["valid"], issue["expression"]) == (False, ["Patient.gender"])
    assert [each["valueInteger"] for each in issue["extension"]] == [3, 3]
    assert (result.exit_code, result.stderr) == (1, "")


def test_colours_are_for_terminals_that_want_them(run: Run) -> None:
    plain = run("-", input=WRONG)
    coloured = run("-", input=WRONG, color=True)
    unwanted = run("-", input=WRONG, color=True, env={"NO_COLOR": "1"})

    assert "\x1b[" in coloured.stdout
    assert "\x1b[" not in plain.stdout + unwanted.stdout
