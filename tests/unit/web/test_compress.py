"""https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3 ."""

import gzip

import pytest

from fhir_server.web.compress import compressed, wants_gzip

LONG = b"x" * 5000


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", False),
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("identity", False),
    ],
)
def test_gzip_is_given_to_who_takes_it(header: str, wanted: bool) -> None:  # noqa: FBT001 - a case
    assert wants_gzip(header) is wanted


def test_what_is_compressed_is_the_same_body() -> None:
    found = compressed(LONG, "gzip")

    assert found is not None
    assert gzip.decompress(found) == LONG
    assert found == compressed(LONG, "gzip")


def test_small_answers_are_not_worth_it() -> None:
    assert compressed(b"x", "gzip") is None
