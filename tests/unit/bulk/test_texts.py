"""Files, folders, lines and streams of resources."""

from io import BytesIO
from pathlib import Path

from fhir_server.bulk.texts import STREAM, Text, files, texts

NOTHING = BytesIO()


def test_a_folder_is_its_files_in_order_but_no_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.json", "a/x.xml", "c.ndjson", "notes.txt", "package.json", ".git/d.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")

    found = files([str(tmp_path), STREAM])

    assert [name.removeprefix(f"{tmp_path}/") for name in found] == [
        "a/x.xml",
        "b.json",
        "c.ndjson",
        "-",
    ]


def test_each_line_is_a_resource_and_empty_lines_are_none(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    file.write_bytes(b'{"a": 1}\n\n{"b": 2}\n')

    assert [(text.first_line, text.data) for text in texts(str(file), NOTHING)] == [
        (1, b'{"a": 1}'),
        (3, b'{"b": 2}'),
    ]


def test_a_stream_is_one_resource_or_lines_of_them() -> None:
    one = b'{\n"resourceType": "Patient"}'
    lines = b'{"a": 1}\n{"b": 2}'

    assert list(texts(STREAM, BytesIO(one))) == [Text(name=STREAM, first_line=1, data=one)]
    assert [text.data for text in texts(STREAM, BytesIO(lines))] == [b'{"a": 1}', b'{"b": 2}']
    assert len(list(texts(STREAM, BytesIO(b"<a/>\n<b/>")))) == 1
