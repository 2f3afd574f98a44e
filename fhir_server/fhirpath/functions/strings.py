"""https://hl7.org/fhirpath/N1/#string-manipulation ."""

import base64
import binascii
import html
import json
import re
from collections.abc import Callable
from functools import partial

from fhir_server.fhirpath import regex
from fhir_server.fhirpath.errors import FhirPathEvaluationError
from fhir_server.fhirpath.evaluation import Run
from fhir_server.fhirpath.function import Function, a
from fhir_server.fhirpath.item import (
    EMPTY,
    PRIMITIVES,
    Items,
    Value,
    single,
    single_value,
    system_item,
    value_of,
)
from fhir_server.fhirpath.operators import refuse_text

# A FHIR date may be taken for the text that it is written with.
_WRITTEN = frozenset({"String", "Date", "DateTime", "Time"})
_JSON_ESCAPE = re.compile(r'\\(?:u[0-9A-Fa-f]{4}|["\\/bfnrt])')
# So many characters cost one step.
_STRIDE = 64


def text_of(items: Items) -> str | None:
    """Return the text of the only item, None where there is none.

    Raises:
        FhirPathEvaluationError: There are several, or it is of another type.
    """
    item = single(items)
    if item is None or (item.type in PRIMITIVES and item.value is None):
        return None
    value = item.value if item.type in PRIMITIVES else value_of(item)
    if not isinstance(value, str):
        raise FhirPathEvaluationError("The function wants a String.")
    return value


def _on_text(
    operate: Callable[..., Value | list[str] | None], *kinds: type
) -> Callable[..., Items]:
    """Return a function that is empty wherever the text or an argument is."""

    def call(run: Run, focus: Items, *arguments: Items) -> Items:
        text = text_of(focus)
        values = [single_value(argument) for argument in arguments]
        for value, kind in zip(values, kinds, strict=False):
            if value is not None and type(value) is not kind:
                raise FhirPathEvaluationError(f"The argument must be of the type {kind.__name__}.")
        if text is None or None in values:
            return EMPTY
        result = operate(text, *values)
        run.spend(1 + len(text) // _STRIDE)
        return _items(run, result)

    return call


def _items(run: Run, result: Value | list[str] | None) -> Items:
    if result is None:
        return EMPTY
    if isinstance(result, list):
        run.spend(len(result))
        return [system_item(each) for each in result]
    return [system_item(result)]


def _substring(text: str, start: int, *length: int) -> str | None:
    if not 0 <= start < len(text):
        return None
    return text[start : start + max(0, length[0])] if length else text[start:]


def _replace(text: str, pattern: str, substitution: str) -> str:
    refuse_text(len(text) + (text.count(pattern) if pattern else len(text) + 1) * len(substitution))
    return text.replace(pattern, substitution)


def _matches(run: Run, focus: Items, pattern: Items, *_flags: Items, whole: bool) -> Items:
    text, form = text_of(focus), text_of(pattern)
    if text is None or form is None:
        return EMPTY
    return [system_item(regex.matches(form, text, whole=whole, spend=run.spend))]


def _replace_matches(run: Run, focus: Items, *arguments: Items) -> Items:
    text = text_of(focus)
    pattern, substitution = text_of(arguments[0]), text_of(arguments[1])
    if text is None or pattern is None or substitution is None:
        return EMPTY
    if not pattern:
        return [system_item(text)]
    return [system_item(regex.replaced(pattern, text, substitution, run.spend))]


def _join(run: Run, focus: Items, *separator: Items) -> Items:
    texts = [text for item in focus if (text := text_of([item])) is not None]
    between = (text_of(separator[0]) or "") if separator else ""
    refuse_text(sum(len(text) for text in texts) + len(between) * len(texts))
    run.spend(len(texts))
    return [system_item(between.join(texts))] if focus else EMPTY


def _encode(text: str, form: str) -> str | None:
    data = text.encode()
    match form:
        case "hex":
            return data.hex()
        case "base64":
            return base64.b64encode(data).decode()
        case "urlbase64":
            return base64.urlsafe_b64encode(data).decode()
        case _:
            return None


def _decode(text: str, form: str) -> str | None:
    try:
        match form:
            case "hex":
                return bytes.fromhex(text).decode()
            case "base64":
                return base64.b64decode(text, validate=True).decode()
            case "urlbase64":
                return base64.urlsafe_b64decode(text).decode()
            case _:
                return None
    except (ValueError, binascii.Error):
        return None


def _escape(text: str, form: str) -> str | None:
    match form:
        case "html":
            return html.escape(text)
        case "json":
            return json.dumps(text, ensure_ascii=False)[1:-1]
        case _:
            return None


def _unescape(text: str, form: str) -> str | None:
    match form:
        case "html":
            return html.unescape(text)
        case "json":
            return _from_json(text)
        case _:
            return None


def _from_json(text: str) -> str:
    return _JSON_ESCAPE.sub(lambda found: str(json.loads(f'"{found[0]}"')), text)


def _split(text: str, separator: str) -> list[str]:
    return text.split(separator) if separator else list(text)


_PLAIN: tuple[tuple[str, Callable[..., Value | list[str] | None], tuple[type, ...], str], ...] = (
    ("indexOf", str.find, (str,), "Integer"),
    ("lastIndexOf", str.rfind, (str,), "Integer"),
    ("startsWith", str.startswith, (str,), "Boolean"),
    ("endsWith", str.endswith, (str,), "Boolean"),
    ("contains", str.__contains__, (str,), "Boolean"),
    ("upper", str.upper, (), "String"),
    ("lower", str.lower, (), "String"),
    ("replace", _replace, (str, str), "String"),
    ("length", len, (), "Integer"),
    ("trim", str.strip, (), "String"),
    ("encode", _encode, (str,), "String"),
    ("decode", _decode, (str,), "String"),
    ("escape", _escape, (str,), "String"),
    ("unescape", _unescape, (str,), "String"),
)

FUNCTIONS = (
    *(
        Function(
            name=name,
            call=_on_text(operate, *kinds),
            arguments=(len(kinds), len(kinds)),
            result=a(result),
            wants=_WRITTEN,
        )
        for name, operate, kinds, result in _PLAIN
    ),
    Function(
        name="substring",
        call=_on_text(_substring, int, int),
        arguments=(1, 2),
        result=a("String"),
        wants=_WRITTEN,
    ),
    Function(name="toChars", call=_on_text(list), result=a("String", many=True), wants=_WRITTEN),
    Function(
        name="split",
        call=_on_text(_split, str),
        arguments=(1, 1),
        result=a("String", many=True),
        wants=_WRITTEN,
    ),
    Function(
        name="matches",
        call=partial(_matches, whole=False),
        arguments=(1, 2),
        result=a("Boolean"),
        wants=_WRITTEN,
    ),
    Function(
        name="matchesFull",
        call=partial(_matches, whole=True),
        arguments=(1, 2),
        result=a("Boolean"),
        wants=_WRITTEN,
    ),
    Function(
        name="replaceMatches",
        call=_replace_matches,
        arguments=(2, 2),
        result=a("String"),
        wants=_WRITTEN,
    ),
    Function(name="join", call=_join, arguments=(0, 1), result=a("String")),
)
