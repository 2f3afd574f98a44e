"""JSON in and out without loss: order and decimals' digits are kept, duplicate keys refused.

https://hl7.org/fhir/R4/json.html

`1.00` stays `1.00`, since a decimal's precision has meaning; only an exponent may be spelled
differently (`1e3` as `1E+3`), with the same value and precision, and `-0` becomes `0`.
"""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

import msgspec

from fhir_server.fhir.outcome import InvalidResourceError
from fhir_server.fhir.resource import Json, Resource

# No resource of the specification's examples is deeper than 30; the limit keeps every recursive
# reader of a decoded resource far away from Python's.
MOST_LEVELS = 128
# A number beyond the range of a double is an attack on whoever turns it into an integer.
MOST_EXPONENT = 300

_ESCAPED_ASCII = b"\\u00"


def decode(data: bytes) -> Resource:
    """Return the JSON object that `data` is, with decimals as Decimal and integers as int.

    Raises:
        InvalidResourceError: Not JSON in UTF-8, not an object, a key twice in one object, a
            number out of range, or nested too deeply.
    """
    try:
        value: Json = _DECODER.decode(data)
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise InvalidResourceError("The body is not UTF-8.") from None
    except msgspec.MsgspecError as error:
        raise InvalidResourceError(f"The body is not JSON: {_reason(error)}") from None
    if not isinstance(value, dict):
        raise InvalidResourceError("The body must be one JSON object.")
    _refuse_depth(data, value)
    _refuse_duplicates(data, value)
    return value


def encode(resource: Resource) -> bytes:
    """Return `resource` as JSON in UTF-8, without white space between tokens."""
    return _ENCODER.encode(resource)


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("Number out of range") from None
    if abs(number.adjusted()) > MOST_EXPONENT:
        raise ValueError("Number out of range")
    return number


_DECODER = msgspec.json.Decoder(float_hook=_number)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def _reason(error: msgspec.MsgspecError) -> str:
    return str(error).removeprefix("JSON is malformed: ").rstrip(".") + "."


def _too_deep() -> InvalidResourceError:
    return InvalidResourceError(f"The body is nested deeper than {MOST_LEVELS} levels.")


def _refuse_depth(data: bytes, value: Json) -> None:
    # As many brackets as levels are needed, and most resources have fewer: no need to walk those.
    if data.count(b"{") + data.count(b"[") <= MOST_LEVELS:
        return
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return
    raise _too_deep()


def _refuse_duplicates(data: bytes, value: Json) -> None:
    """Look for lost keys the fast way; where that leaves a doubt, the slow way decides."""
    written = _ENCODER.encode(value)
    if data == written or _same_keys(data, written):
        return
    marked = json.loads(data, object_pairs_hook=_marked, parse_float=str, parse_int=str)
    for path, key in _duplicates(marked, str(value.get("resourceType", ""))):
        raise InvalidResourceError(f"The key `{key}` stands twice in one object.", expression=path)


def _same_keys(data: bytes, written: bytes) -> bool:
    """Compare the keys that were sent with those that were understood, by counting `":` in both.

    In JSON as we write it, `":` ends a key or stands inside of a string, and what stands inside of
    strings is the same in both. Unless the body escapes ASCII characters or has white space before
    a colon: that is no duplicate yet, but counting cannot tell.
    """
    return (
        _ESCAPED_ASCII not in data
        and not _has_spaced_colon(data)
        and data.count(b'":') == written.count(b'":')
    )


def _has_spaced_colon(data: bytes) -> bool:
    # Looking for one byte is several times faster than for two, and most bodies have no such byte.
    return (
        b" :" in data
        or (b"\n" in data and b"\n:" in data)
        or (b"\t" in data and b"\t:" in data)
        or (b"\r" in data and b"\r:" in data)
    )


class _Marked(dict[str, Json]):
    """An object in which `key` stood more than once."""

    key: str


def _marked(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    marked = _Marked(found)
    marked.key = next(name for name in names if names.count(name) > 1)
    return marked


def _duplicates(value: Json, path: str) -> Iterator[tuple[str, str]]:
    """Yield the FHIRPath of each key that stood twice, and the key itself."""
    if isinstance(value, _Marked):
        yield f"{path}.{value.key}".lstrip("."), value.key
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _duplicates(child, f"{path}.{name}")
    if isinstance(value, list):
        for index, child in enumerate(value):
            yield from _duplicates(child, f"{path}[{index}]")
