"""Canonical references and the order of versions."""

import pytest

from fhir_server.fhir.canonical import Canonical, parse, satisfies, version_key


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("http://a.org/x", ("http://a.org/x", "", "")),
        ("http://a.org/x|1.0", ("http://a.org/x", "1.0", "")),
        ("http://a.org/x|1.0#part", ("http://a.org/x", "1.0", "part")),
        ("http://a.org/x#part|1.0", ("http://a.org/x", "1.0", "part")),
        ("#contained", ("", "", "contained")),
    ],
)
def test_a_canonical_has_url_version_and_fragment(text: str, parts: tuple[str, str, str]) -> None:
    url, version, fragment = parts
    assert parse(text) == Canonical(url=url, version=version, fragment=fragment)


def test_a_canonical_is_written_as_it_is_read() -> None:
    assert str(parse("http://a.org/x|1.0#part")) == "http://a.org/x|1.0#part"


def test_versions_sort_by_value_and_not_by_text() -> None:
    rising = ["", "draft", "2.9", "2.10.0-ballot", "2.10.0", "10.0", "2018-08-12", "2019-01-01"]
    falling = list(reversed(rising))
    assert sorted(falling, key=version_key) == rising


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("7.0.0", "7.0.0", True),
        ("7.0.0", "7.0", True),
        ("7.0.0", "7", True),
        ("7.0.0", "7.0.x", True),
        ("7.0.0-ballot", "7.0.0", False),
        ("7.0.0", "", True),
        ("70.0.0", "7", False),
        ("", "7", False),
    ],
)
def test_a_part_of_a_version_asks_for_any_that_begins_so(
    version: str, wanted: str, *, expected: bool
) -> None:
    assert satisfies(version, wanted) is expected
