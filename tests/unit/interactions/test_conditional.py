"""https://hl7.org/fhir/R4/http.html#concurrency and https://hl7.org/fhir/R4/http.html#cread ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.outcome import InvalidRequestError
from fhir_server.interactions.conditional import etag, http_date, if_match, unchanged

NOON = 1_772_625_600_000_000  # 2026-03-04T12:00:00Z
VERSIONS = st.integers(min_value=1, max_value=10**17)


@given(VERSIONS)
def test_if_match_understands_the_etag_that_was_given(version: int) -> None:
    assert if_match({"if-match": etag(version)}) == version


def test_if_match_absent_names_no_version() -> None:
    assert if_match({}) is None


@pytest.mark.parametrize(
    "text", ["", "3", '"x"', 'W/"03"', 'W/"0"', "*", 'W/"1", W/"2"', 'W/"' + "9" * 30 + '"']
)
def test_malformed_if_match_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        if_match({"if-match": text})

    assert refused.value.issues[0].expression == "http.If-Match"


@pytest.mark.parametrize("text", ['W/"3"', '"3"', 'W/"1", W/"3"', "*"])
def test_a_copy_of_the_current_version_is_unchanged(text: str) -> None:
    assert unchanged({"if-none-match": text}, 3, NOON)


@pytest.mark.parametrize("text", ['W/"2"', '"33"', "3", ""])
def test_a_copy_of_another_version_is_not(text: str) -> None:
    assert not unchanged({"if-none-match": text}, 3, NOON)


def test_a_date_has_the_grain_of_a_second() -> None:
    assert http_date(NOON + 999_999) == "Wed, 04 Mar 2026 12:00:00 GMT"
    assert unchanged({"if-modified-since": http_date(NOON)}, 3, NOON + 999_999)


def test_a_copy_from_before_the_change_is_changed() -> None:
    assert not unchanged({"if-modified-since": http_date(NOON - 1_000_000)}, 3, NOON)


def test_if_none_match_goes_before_if_modified_since() -> None:
    headers = {"if-none-match": 'W/"2"', "if-modified-since": http_date(NOON)}

    assert not unchanged(headers, 3, NOON)


def test_a_date_that_cannot_be_read_is_ignored() -> None:
    assert not unchanged({"if-modified-since": "yesterday"}, 3, NOON)
