"""What is allowed and often a mistake: HTML in markdown, addresses of examples. Told where asked.

https://hl7.org/fhir/R4/datatypes.html#markdown and https://www.rfc-editor.org/rfc/rfc2606
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fhir_server.validation.profile.narrow import ForTypes
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Check, Report
from fhir_server.validation.profile.subject import Subject

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

_HTML = re.compile(r"</?[A-Za-z][^\s<>:@]*(?:\s[^<>]*)?>")
_EXAMPLE = re.compile(r"https?://(?:[^/\s]+\.)?(?:example\.(?:org|com|net)|acme\.com)(?:[/:]|$)")
_ADDRESSES = frozenset({"url", "canonical"})


def checks(subject: Subject, engine: "Engine") -> Iterator[Check]:
    """Yield the checks of elements of the types that these mistakes are made in."""
    if subject.base is not None:
        return
    codes = {kind.code for kind in subject.definition.types}
    if engine.scope.html and "markdown" in codes:
        yield _markdown(subject)
    if engine.scope.example_urls and not _ADDRESSES.isdisjoint(codes):
        yield _address(subject)


def _markdown(subject: Subject) -> Check:
    text = "What looks like HTML may be shown as text, or not at all."

    def check(node: Node, report: Report) -> None:
        severity = report.options.html_in_markdown
        if severity is None or not isinstance(node.value, str) or not _HTML.search(node.value):
            return
        report.add(node, subject.problem("markdown", "invalid", text, severity=severity))

    return check


def _address(subject: Subject) -> Check:
    text = "This is an address of examples, where nothing is."

    def check(node: Node, report: Report) -> None:
        severity = report.options.example_urls
        if severity is None or not isinstance(node.value, str):
            return
        if _EXAMPLE.match(node.value):
            report.add(node, subject.problem("example-url", "invalid", text, severity=severity))

    return ForTypes(_ADDRESSES.__contains__, check)
