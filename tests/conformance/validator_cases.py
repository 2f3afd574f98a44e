"""The open R4 cases of the validator's test suite, read from the archive.

https://github.com/FHIR/fhir-test-cases , validator/manifest.json
"""

import hashlib
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fhir_server.fhir.resource import Json

FOLDER = "fhir-test-cases/validator/"
_ERRORS = frozenset({"fatal", "error"})
_COMMENT = re.compile(r"/\*.*?\*/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the reference validator found: whether errors, and at which expressions (one each)."""

    is_error: bool
    errors: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One validation of a case: `base`, or with the `profile` that the manifest names.

    `expected` is None where the archive does not hold the outcome.
    """

    kind: str
    profile: str | None
    supporting: tuple[str, ...]
    expected: Expected | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test: `supporting` are files of definitions, `settings` the manifest's entry."""

    name: str
    module: str
    file: str
    supporting: tuple[str, ...]
    packages: tuple[str, ...]
    runs: tuple[Run, ...]
    settings: dict[str, Json] = field(default_factory=dict)

    def missing(self, archive: "Archive") -> tuple[str, ...]:
        """Return the files that the case needs and the archive does not hold."""
        needed = {self.file, *self.supporting}
        for run in self.runs:
            needed |= {*run.supporting, *([run.profile] if run.profile else [])}
        return tuple(sorted(needed - archive.files.keys()))


class Archive:
    """The files of the suite in memory."""

    def __init__(self, path: Path) -> None:
        with tarfile.open(path) as archive:
            self.files = {
                member.name.removeprefix(FOLDER): file.read()
                for member in archive
                if member.name.startswith(FOLDER)
                and (file := archive.extractfile(member)) is not None
            }

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.files["manifest.json"]).hexdigest()

    def cases(self) -> Iterator[Case]:
        for found in json.loads(self.files["manifest.json"])["test-cases"]:
            yield self._case(found)

    def _case(self, found: dict[str, Json]) -> Case:
        runs = [self._run("base", None, found, found)]
        profile = found.get("profile")
        if profile is not None:
            runs.append(self._run("profile", profile["source"], profile, profile))
        return Case(
            name=found["name"],
            module=found["module"],
            file=found["file"],
            supporting=_supporting(found),
            packages=tuple(found.get("packages", ())),
            runs=tuple(runs),
            settings=found,
        )

    def _run(
        self, kind: str, profile: str | None, found: dict[str, Json], supporting: dict[str, Json]
    ) -> Run:
        return Run(
            kind=kind,
            profile=profile,
            supporting=_supporting(supporting) if profile else (),
            expected=self._expected(found.get("java")),
        )

    def _expected(self, java: Json) -> Expected | None:
        if isinstance(java, dict) and "outcome" not in java:
            return Expected(is_error=java["errorCount"] > 0)
        outcome = java["outcome"] if isinstance(java, dict) else self._outcome(str(java))
        if outcome is None:
            return None
        errors = [issue for issue in outcome.get("issue", ()) if issue["severity"] in _ERRORS]
        return Expected(
            is_error=bool(errors),
            errors=tuple(place((issue.get("expression") or [""])[0]) for issue in errors),
            texts=tuple(issue.get("details", {}).get("text", "") for issue in errors),
        )

    def _outcome(self, name: str) -> Json:
        for path in (f"outcomes/{name}", f"outcomes/{name}.json"):
            if path in self.files:
                return json.loads(self.files[path])
        return None


def _supporting(found: dict[str, Json]) -> tuple[str, ...]:
    return (*found.get("supporting", ()), *found.get("profiles", ()))


def place(expression: str) -> str:
    """Return an expression as both validators write it."""
    return _COMMENT.sub("", expression).rstrip(".")
