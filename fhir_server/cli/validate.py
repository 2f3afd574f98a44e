"""`handoff validate`: resources in files, against the specification and against profiles."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import msgspec
from tqdm import tqdm

from fhir_server import bootstrap
from fhir_server.bulk.texts import Text, files, texts
from fhir_server.fhir import definitions as r4
from fhir_server.fhir.outcome import Issue, PackageError, operation_outcome
from fhir_server.fhir.resource import Resource
from fhir_server.settings import Settings
from fhir_server.validation.profile.report import Options
from fhir_server.validation.text import check_text
from fhir_server.validation.validator import Validator

HELP = """Validate FHIR R4 resources, without a database.

FILE is a resource in JSON or XML, a file with a resource on each line (.ndjson), a folder of
them, or - for standard input.

Each resource is held against the specification, the profiles that it claims in meta.profile, and
each --profile. Profiles come from the packages in PACKAGES_DIR and from each --package.

There is a line for each issue: where it is, how severe, what is wrong, the element, and which rule
of which profile says so. The exit code is 0 if nothing has an error, 1 if something has, and 2 if
the command cannot be understood.

\b
Examples:
  handoff validate patient.json
  handoff validate --package hl7.fhir.us.core-7.0.0.tgz examples/
  handoff validate --profile http://hl7.org/fhir/StructureDefinition/bp - < observation.xml
"""

_SEVERITIES = ("error", "warning", "information")
_COLOURS = {"error": "red", "warning": "yellow", "information": "blue"}
_FILES = click.Path(exists=True, allow_dash=True)
_PACKAGE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says; `least` is the least severity to be shown."""

    paths: tuple[str, ...]
    profiles: tuple[str, ...]
    packages: tuple[Path, ...]
    form: str
    must_support: bool
    least: str


@click.command("validate", help=HELP)
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=_FILES)
@click.option(
    "--profile",
    "profiles",
    metavar="URL",
    multiple=True,
    help="A profile to hold each resource against; repeats.",
)
@click.option(
    "--package",
    "packages",
    metavar="FILE.tgz",
    multiple=True,
    type=_PACKAGE,
    help="A FHIR package to load; repeats.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: a line with an OperationOutcome for each resource.",
)
@click.option("--must-support", is_flag=True, help="Tell which mustSupport elements are absent.")
@click.option(
    "--min-severity",
    "least",
    type=click.Choice(_SEVERITIES),
    default="warning",
    show_default=True,
    help="The least severe issues to show.",
)
@click.pass_obj
def validate(settings: Settings, /, **options: object) -> None:
    """Validate files.

    Raises:
        click.BadParameter: A profile is in no package; a package or a file cannot be read.
    """
    asked = Asked(**options)  # type: ignore[arg-type]  # as declared just above
    validator = _validator(settings, asked)
    for url in asked.profiles:
        if not validator.knows(url):
            raise click.BadParameter(
                f"`{url}` is in no package that is loaded; name its package by --package.",
                param_hint="--profile",
            )
    counts = _validated(asked, validator)
    if asked.form == "text":
        _summary(counts)
    if counts["error"]:
        raise SystemExit(1)


COMMAND = validate


def _validator(settings: Settings, asked: Asked) -> Validator:
    # No verdict, so no exit code 1.
    try:
        return bootstrap.validator(bootstrap.packages(settings, asked.packages))
    except PackageError as error:
        raise click.BadParameter(str(error), param_hint="--package") from error


def _validated(asked: Asked, validator: Validator) -> Counter[str]:
    """Write what is wrong with each text; return the number of issues by severity, and of texts."""
    counts: Counter[str] = Counter()
    names = files(asked.paths)
    options = Options(now=bootstrap.now(), must_support=asked.must_support)

    def check(resource: Resource) -> tuple[Issue, ...]:
        return validator.validate(resource, profiles=asked.profiles, options=options)

    show = _as_json if asked.form == "json" else _as_lines
    is_quiet = len(names) == 1 or not sys.stderr.isatty()
    with tqdm(names, unit=" files", desc="Validating", disable=is_quiet) as bar:
        for name in bar:
            for text in _read(name):
                issues = sorted(
                    (_in_file(issue, text) for issue in check_text(text.data, r4.load(), check)),
                    key=_place,
                )
                counts.update(_shown_as(issue) for issue in issues)
                counts["resources"] += 1
                counts["valid"] += all(_shown_as(issue) != "error" for issue in issues)
                for line in show(text, _least(issues, asked.least)):
                    # Between a bar and the issues there must be a line of their own.
                    bar.clear()
                    click.echo(line, color=_colour())
    return counts


def _read(name: str) -> Iterator[Text]:
    try:
        yield from texts(name, sys.stdin.buffer)
    except OSError as error:
        text = f"`{name}` cannot be read: {error.strerror}."
        raise click.BadParameter(text, param_hint="FILE") from error


def _in_file(issue: Issue, text: Text) -> Issue:
    """Return the issue with its line in the file, not in the resource."""
    line = 1 if issue.line is None else issue.line
    return replace(issue, line=line + text.first_line - 1, column=issue.column or 1)


def _place(issue: Issue) -> tuple[int, int]:
    return issue.line or 0, issue.column or 0


def _shown_as(issue: Issue) -> str:
    return "error" if issue.severity == "fatal" else issue.severity


def _least(issues: Sequence[Issue], least: str) -> list[Issue]:
    shown = _SEVERITIES[: _SEVERITIES.index(least) + 1]
    return [issue for issue in issues if _shown_as(issue) in shown]


def _as_lines(text: Text, issues: Sequence[Issue]) -> Iterator[str]:
    for issue in issues:
        severity = _shown_as(issue)
        told = click.style(f"{severity:<11}", fg=_COLOURS[severity], bold=severity == "error")
        element = f"  [{issue.expression}]" if issue.expression else ""
        rule = f"  ({issue.profile}#{issue.rule})" if issue.profile else ""
        where = f"{text.name}:{issue.line}:{issue.column}"
        yield f"{where}  {told}  {issue.diagnostics}{click.style(element + rule, dim=True)}"


def _as_json(text: Text, issues: Sequence[Issue]) -> Iterator[str]:
    found = {
        "file": text.name,
        "line": text.first_line,
        "valid": all(_shown_as(issue) != "error" for issue in issues),
        "outcome": operation_outcome(tuple(issues) or (ALL_OK,)),
    }
    yield msgspec.json.encode(found).decode()


ALL_OK = Issue(
    severity="information", code="informational", diagnostics="No issue of that severity."
)


def _summary(counts: Counter[str]) -> None:
    invalid = counts["resources"] - counts["valid"]
    text = (
        f"{counts['resources']:,} resources: {counts['valid']:,} valid, {invalid:,} not;"
        f" {counts['error']:,} errors, {counts['warning']:,} warnings,"
        f" {counts['information']:,} notes."
    )
    click.echo(click.style(text, fg="red" if invalid else "green"), err=True, color=_colour())


def _colour() -> bool | None:
    """Return False where https://no-color.org asks for none, None for what the terminal can."""
    return False if os.environ.get("NO_COLOR") else None  # noqa: TID251 - a wish of the terminal
