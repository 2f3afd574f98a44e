"""The open R4 cases of the validator's test suite: run, compared, and told.

    python -m tests.conformance.validator_suite [NAME...]

writes conformance/results/validator/r4.json; with names it shows these cases instead.
https://github.com/FHIR/fhir-test-cases . What is compared is the verdict: an error, or none.
"""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Json, Resource, items
from fhir_server.packages import source
from fhir_server.packages.built_in import core
from fhir_server.packages.complete import complete
from fhir_server.packages.packages import Packages
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.profile.report import Options
from fhir_server.validation.resolution import NOWHERE
from fhir_server.validation.text import check_text, read
from fhir_server.validation.validator import Validator
from tests.conformance.fhirpath_suite import ARCHIVE, ROOT
from tests.conformance.validator_cases import Archive, Case, Run, place
from tests.conformance.validator_reasons import REASONS

RESULTS = ROOT / "conformance" / "results" / "validator" / "r4.json"
# 2026-01-01T00:00:00Z: any moment will do, but the same in every run.
NOW = 1_767_225_600_000_000
_ERRORS = frozenset({"fatal", "error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one run; `agrees` is None where the archive does not say what is right."""

    run: Run
    issues: tuple[Issue, ...]

    @property
    def errors(self) -> tuple[Issue, ...]:
        return tuple(issue for issue in self.issues if issue.severity in _ERRORS)

    @property
    def agrees(self) -> bool | None:
        expected = self.run.expected
        return None if expected is None else expected.is_error == bool(self.errors)

    @property
    def disagreement(self) -> str | None:
        if self.agrees is not False:
            return None
        return "false alarm" if self.errors else "missed error"

    @property
    def places(self) -> tuple[int, int, int]:
        """How many places with errors both found, the other alone, we alone."""
        expected = self.run.expected
        theirs = set(expected.errors) if expected else set()
        ours = {place(issue.expression or "") for issue in self.errors}
        return len(theirs & ours), len(theirs - ours), len(ours - theirs)


class _NothingElse:
    """Says of relative references that lead out of the text that there is nothing."""

    def find(self, reference: str) -> None:
        del reference

    def lacks(self, reference: str) -> bool:
        return ":" not in reference


def verdicts(case: Case, archive: Archive) -> tuple[Verdict, ...]:
    """Run one case; return the verdict of each of its runs."""
    if case.missing(archive):
        return ()
    return tuple(Verdict(run=run, issues=tuple(_issues(case, run, archive))) for run in case.runs)


def _issues(case: Case, run: Run, archive: Archive) -> Iterator[Issue]:
    definitions = [
        read(archive.files[name], load()) for name in (*case.supporting, *run.supporting)
    ]
    profiles: tuple[str, ...] = ()
    if run.profile is not None:
        structure = read(archive.files[run.profile], load())
        definitions.append(structure)
        profiles = (structure["url"],)
    validator = _validator(case, definitions, archive)
    outside = _NothingElse() if _checks_existence(case) else NOWHERE

    def check(resource: Resource) -> Iterable[Issue]:
        found = validator.validate(
            resource, profiles=profiles, outside=outside, options=_options(case)
        )
        return (*found, *_by_parameter(case, resource, validator))

    for text in _texts(case.file, archive.files[case.file]):
        for issue in check_text(text, load(), check):
            if not _is_left_out(case, issue):
                yield issue


def _texts(name: str, data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\n") if line.strip()] if ".nd" in name else [data]


def _validator(case: Case, definitions: list[Resource], archive: Archive) -> Validator:
    packages = core()
    for name in case.packages:
        if name in archive.files:
            packages = _with(packages, _package(archive.files[name]))
    packages = _with(packages, definitions)
    terminology = None if case.settings.get("no-tx") else Terminology([packages])
    return Validator(load(), packages, terminology)


def _with(packages: Packages, resources: Iterable[Resource]) -> Packages:
    """Return `packages` with more definitions, whose snapshots are made where they have none."""
    found, _ = complete(resources, packages.resolve)
    return Packages.of(found, base=packages)


def _package(data: bytes) -> tuple[Resource, ...]:
    with tempfile.NamedTemporaryFile(suffix=".tgz") as file:
        file.write(data)
        file.flush()
        return source.read(Path(file.name)).resources


def _options(case: Case) -> Options:
    settings = case.settings
    known = not case.packages and "allowed-extension-domain" not in settings
    return Options(
        now=NOW,
        unknown_extension="error" if known else "information",
        html_in_markdown="error" if settings.get("noHtmlInMarkdown") else "warning",
        example_urls="error" if settings.get("examples") is False else None,
    )


def _checks_existence(case: Case) -> bool:
    return case.settings.get("validateReference") == "CHECK_EXISTS_AND_TYPE"


def _is_left_out(case: Case, issue: Issue) -> bool:
    """Say whether the case asks not to look at what is contained."""
    ignored = case.settings.get("validateContains") == "IGNORE"
    return ignored and (issue.rule == "dom-3" or ".contained[" in (issue.expression or ""))


def _by_parameter(case: Case, resource: Resource, validator: Validator) -> tuple[Issue, ...]:
    """Return the issues of the entry to which the parameter `Type:number` gives a profile."""
    parameter = case.settings.get("bundle-param")
    if parameter is None:
        return ()
    type_, _, number = parameter["rule"].partition(":")
    found = [entry["resource"] for entry in items(resource, "entry") if "resource" in entry]
    of_type = [each for each in found if each["resourceType"] == type_]
    return validator.validate(of_type[int(number)], profiles=(parameter["profile"],))


def results(archive: Archive) -> dict[str, Json]:
    """Return what is published: the suite, totals, and a result for each case."""
    cases = {case.name: (case, verdicts(case, archive)) for case in archive.cases()}
    runs = [verdict for _, found in cases.values() for verdict in found]
    kinds = Counter(verdict.disagreement for verdict in runs)
    both, theirs, ours = (sum(verdict.places[part] for verdict in runs) for part in range(3))
    told = {name: _result(case, found, archive) for name, (case, found) in cases.items()}
    return {
        "suite": "validator/manifest.json",
        "sha256": archive.sha256,
        "total": len(told),
        "passed": sum(result["passed"] is True for result in told.values()),
        "not compared": sum(result["passed"] is None for result in told.values()),
        "missed errors": kinds["missed error"],
        "false alarms": kinds["false alarm"],
        "places with errors": {"both": both, "theirs alone": theirs, "ours alone": ours},
        "cases": told,
    }


def _result(case: Case, found: Sequence[Verdict], archive: Archive) -> dict[str, Json]:
    """Return the result of a case; `passed` is None where there is nothing to compare it with."""
    compared = [verdict for verdict in found if verdict.agrees is not None]
    passed = all(verdict.agrees for verdict in compared) if compared else None
    result: dict[str, Json] = {"module": case.module, "passed": passed}
    for verdict in found:
        expected = verdict.run.expected
        result[verdict.run.kind] = {
            "expected": None if expected is None else _word(expected.is_error),
            "found": _word(bool(verdict.errors)),
        }
    missing = ", ".join(case.missing(archive))
    if missing:
        result["reason"] = f"The archive does not hold {missing}."
    elif passed is None:
        result["reason"] = "The archive does not hold the outcome that is expected."
    elif not passed:
        kinds = {kind for verdict in found if (kind := verdict.disagreement)}
        result["kind"] = " and ".join(sorted(kinds))
        result["reason"] = REASONS.get(case.name, "")
    return result


def _word(is_error: bool) -> str:  # noqa: FBT001 - the verdict itself
    return "error" if is_error else "valid"


def published(found: dict[str, Json]) -> str:
    """Return the text of the published file."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


@cache
def archive() -> Archive:
    """Return the suite's files, read once."""
    return Archive(ARCHIVE)


def show(names: Iterable[str]) -> Iterator[str]:
    """Yield what both validators say of the named cases, a line each."""
    for case in archive().cases():
        for verdict in verdicts(case, archive()) if case.name in names else ():
            yield f"{case.name} {verdict.run.kind}: {verdict.disagreement or 'agrees'}"
            expected = verdict.run.expected
            if expected is not None:
                for where, text in zip(expected.errors, expected.texts, strict=True):
                    yield f"  theirs {where}: {text}"
            for issue in verdict.issues:
                told = f"{issue.diagnostics} ({issue.profile}#{issue.rule})"
                yield f"  ours {issue.severity} {issue.expression}: {told}"


def main() -> int:
    """Write the results; return the exit status."""
    if not ARCHIVE.exists():
        sys.stderr.write(f"{ARCHIVE} is missing; set FHIR_TEST_CASES.\n")
        return 1
    if sys.argv[1:]:
        sys.stdout.writelines(f"{line}\n" for line in show(sys.argv[1:]))
        return 0
    found = results(archive())
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(published(found))
    names = ("total", "passed", "not compared", "missed errors", "false alarms")
    counts = {name: found[name] for name in names}
    sys.stdout.write(f"Validator R4: {counts}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
