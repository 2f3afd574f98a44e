"""https://hl7.org/fhir/R4/json.html: reading and writing without loss."""

from decimal import Decimal

import pytest

from fhir_server.fhir.json import MOST_LEVELS, decode, encode
from fhir_server.fhir.outcome import InvalidResourceError


@pytest.mark.parametrize(
    "text",
    [
        b'{"value":1.00}',
        b'{"value":0.10}',
        b'{"value":-0.0}',
        b'{"value":123456789012345678.123456789}',
        b'{"value":18446744073709551616}',
        b'{"b":1,"a":{"d":[],"c":null}}',
        '{"text":"\u00e9 \u20ac \U0001f600 \\" \\\\ \\u0000"}'.encode(),
    ],
)
def test_what_is_read_is_written_the_same(text: bytes) -> None:
    assert encode(decode(text)) == text


@pytest.mark.parametrize(("sent", "written"), [(b"1e3", b"1E+3"), (b"0.0000001", b"1E-7")])
def test_an_exponent_may_be_spelled_differently(sent: bytes, written: bytes) -> None:
    assert encode(decode(b'{"value":' + sent + b"}")) == b'{"value":' + written + b"}"


def test_decimals_are_decimals_and_integers_integers() -> None:
    decoded = decode(b'{"value":1.50,"count":2,"valueBoolean":true}')

    assert decoded == {"value": Decimal("1.50"), "count": 2, "valueBoolean": True}
    assert str(decoded["value"]) == "1.50"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"Patient"',
        b"null",
        b'{"a":1}{"b":2}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":01}',
        b'{"a":1.}',
        b'{"a":+1}',
        b'{"a":1,}',
        b"{'a':1}",
        b"{a:1}",
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\ud800 and more"}',
        b'{"a":"\t"}',
        b'{"a":1e99999}',
        b'{"a":1e-99999}',
        b'{"a":1e99999999999999999999999999}',
        b'{"a":' + b"1" * 5000 + b"}",
        b'{"a":1}\x00',
    ],
)
def test_what_is_not_one_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidResourceError):
        decode(body)


@pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 100_000])
@pytest.mark.parametrize(("start", "end"), [(b'{"a":', b"}"), (b"[", b"]")])
def test_nesting_beyond_the_limit_is_refused(levels: int, start: bytes, end: bytes) -> None:
    body = b'{"a":' + start * (levels - 1) + b"1" + end * (levels - 1) + b"}"

    with pytest.raises(InvalidResourceError, match="nested deeper"):
        decode(body)


def test_nesting_up_to_the_limit_is_read() -> None:
    body = b'{"a":' * MOST_LEVELS + b"1" + b"}" * MOST_LEVELS

    assert encode(decode(body)) == body


def test_many_brackets_side_by_side_are_not_deep() -> None:
    body = b'{"a":[' + b",".join([b"{}"] * 1000) + b"]}"

    assert encode(decode(body)) == body


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"resourceType":"Patient","active":true,"active":true}', "Patient.active"),
        (b'{"resourceType":"Patient","name":[{},{"text":"a","text":"b"}]}', "Patient.name[1].text"),
        (b'{"resourceType":"Patient","name":[{"family":"a","family":null}]}', "Patient.name[0].fa"),
        # the ways in which two equal keys can look different, or a count can be disguised
        (b'{"resourceType":"Patient","active":true,"\\u0061ctive":true}', "Patient.active"),
        (b'{"resourceType":"Patient","active":true,"active" :true}', "Patient.active"),
        (b'{"resourceType":"Patient","active":true,"active"\n:true}', "Patient.active"),
        (b'{"resourceType":"Patient","a":"\\u0022:","active":1,"active":1}', "Patient.active"),
        (b'{"resourceType":"Patient","a":"\\"\\u003a","active":1,"active":1}', "Patient.active"),
        (b'{"resourceType":"Patient","a":"\\"\\u003A","active":1,"active":1}', "Patient.active"),
        (b'{"resourceType":"Patient","a":"\\u0022:","active":1,"active":{"x":2}}', "Patient.act"),
        (b'{"id":"x","id":"x"}', "id"),
    ],
)
def test_a_key_twice_in_one_object_is_refused_by_its_path(body: bytes, path: str) -> None:
    with pytest.raises(InvalidResourceError) as refused:
        decode(body)

    assert refused.value.issues[0].expression is not None
    assert refused.value.issues[0].expression.startswith(path)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":"\\":","b":1}',
        b'{"a":": :","b":"\\u0022:"}',
        b'{"a" : 1,\n "b"\n:\t2}',
        b'{"a":{"x":1},"b":{"x":1}}',
        b'{"a":":x"}',
    ],
)
def test_keys_that_only_look_alike_are_read(body: bytes) -> None:
    assert len(decode(body)) > 0


def test_a_refusal_repeats_no_value() -> None:
    with pytest.raises(InvalidResourceError) as refused:
        decode(b'{"resourceType":"Patient","name":"Canary" x}')

    assert "Canary" not in refused.value.issues[0].diagnostics
