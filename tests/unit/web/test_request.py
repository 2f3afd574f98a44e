"""From a WSGI environment to a request. https://hl7.org/fhir/R4/http.html#general ."""

from io import BytesIO

import pytest

from fhir_server.fhir.outcome import InvalidRequestError, TooLargeError
from fhir_server.web.request import path_of, read_body


def body_of(data: bytes, length: str | None, most: int = 10) -> bytes:
    environ: dict[str, object] = {"wsgi.input": BytesIO(data)}
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    return read_body(environ, most)


def test_a_body_is_read_as_long_as_it_says() -> None:
    assert body_of(b"12345 and more", "5") == b"12345"


def test_a_body_that_does_not_say_is_read_to_its_end() -> None:
    assert body_of(b"1234567890", None) == b"1234567890"


@pytest.mark.parametrize("length", ["11", None, "99999999999999999999"])
def test_no_more_than_the_limit_is_read(length: str | None) -> None:
    with pytest.raises(TooLargeError):
        body_of(b"12345678901", length)


@pytest.mark.parametrize("length", ["-1", "x", "1.5"])
def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    with pytest.raises(InvalidRequestError):
        body_of(b"1", length)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/fhir", ()),
        ("/fhir/", ()),
        ("/fhir/Patient", ("Patient",)),
        ("/fhir/Patient/1/", ("Patient", "1")),
        ("/fhir/Patient//1", ("Patient", "", "1")),
        ("/fhir/Pati\xc3\xa9nt", ("Patiént",)),
        ("/fhir/\xff", ("\ufffd",)),
    ],
)
def test_the_path_below_the_base(path: str, expected: tuple[str, ...]) -> None:
    assert path_of({"PATH_INFO": path}) == expected
