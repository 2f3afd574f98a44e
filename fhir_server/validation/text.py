"""A text that ought to be a resource: read, checked, and each issue told with its line.

https://hl7.org/fhir/R4/validation.html

What cannot be read has issues as well, and no more is checked of it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from fhir_server.fhir import json, xml
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import InvalidResourceError, Issue
from fhir_server.fhir.positions import Position, Positions, position_of_byte
from fhir_server.fhir.resource import Resource

_BYTE = re.compile(r"\(byte (\d+)\)")
_LINE = re.compile(r"\bline (\d+), column (\d+)\b")
_ENDED = "truncated"
_BOM = b"\xef\xbb\xbf"

Check = Callable[[Resource], Iterable[Issue]]


def is_xml(data: bytes) -> bool:
    """Say whether a text is XML rather than JSON, by its first character."""
    return data.removeprefix(_BOM).lstrip()[:1] == b"<"


def read(data: bytes, definitions: Definitions) -> Resource:
    """Return the resource that a text in JSON or XML is.

    Raises:
        InvalidResourceError: It is none; every fault that shows is named.
    """
    if is_xml(data):
        return xml.decode(data, definitions)
    return json.decode(data.removeprefix(_BOM))


def check_text(data: bytes, definitions: Definitions, check: Check) -> tuple[Issue, ...]:
    """Return the issues of a text by `check`, those of its form included, each with its place."""
    try:
        resource = read(data, definitions)
    except InvalidResourceError as error:
        return tuple(_unread(data, issue) for issue in error.issues)
    return located(data, check(resource))


def located(data: bytes, issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Return `issues` of the resource that `data` is, each with its line and column."""
    found = tuple(issues)
    if all(issue.expression is None for issue in found):
        return found
    positions = Positions(data)
    return tuple(
        issue if issue.expression is None else _at(issue, positions.of(issue.expression))
        for issue in found
    )


def _unread(data: bytes, issue: Issue) -> Issue:
    if issue.expression is not None:
        return _at(issue, Positions(data).of(issue.expression))
    line, byte = _LINE.search(issue.diagnostics), _BYTE.search(issue.diagnostics)
    if line is not None:
        return _at(issue, Position(line=int(line[1]), column=int(line[2])))
    if byte is not None:
        return _at(issue, position_of_byte(data, int(byte[1])))
    return _at(issue, position_of_byte(data, len(data))) if _ENDED in issue.diagnostics else issue


def _at(issue: Issue, position: Position) -> Issue:
    return replace(issue, line=position.line, column=position.column)
