"""The examples of the US Core packages, against the profiles that each declares.

    python -m tests.conformance.us_core_suite

writes conformance/results/validator/us-core-*.json. https://hl7.org/fhir/us/core/
"""

import hashlib
import json
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Json, Resource
from fhir_server.packages import built_in
from fhir_server.packages import load as loading
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.profile.report import Options
from fhir_server.validation.text import read
from fhir_server.validation.validator import Validator
from tests.conformance.fhirpath_suite import ARCHIVE, ROOT
from tests.conformance.validator_reasons import US_CORE
from tests.conformance.validator_suite import NOW

VERSIONS = ("6.1.0", "7.0.0")
RESULTS = ROOT / "conformance" / "results" / "validator"
_EXAMPLES = "package/example/"
_ERRORS = frozenset({"fatal", "error"})


def archive(version: str) -> Path:
    """Return where the package is, if it is there."""
    return ARCHIVE.parent / f"hl7.fhir.us.core-{version}.tgz"


def examples(path: Path) -> Iterator[tuple[str, Resource]]:
    """Yield each example of a package with its file's name, in their order."""
    with tarfile.open(path) as opened:
        names = sorted(name for name in opened.getnames() if _is_example(name))
        for name in names:
            file = opened.extractfile(name)
            assert file is not None
            yield name.removeprefix(_EXAMPLES), read(file.read(), load())


def _is_example(name: str) -> bool:
    file = name.removeprefix(_EXAMPLES)
    return name.startswith(_EXAMPLES) and file.endswith(".json") and not file.startswith(".")


def results(version: str, packages: Path) -> dict[str, Json]:
    """Return what is published of one version; `packages` is a folder for what is compiled."""
    path = archive(version)
    loaded = loading.load(packages, built_in.packages(), [path])
    validator = Validator(load(), loaded, Terminology([loaded]))
    cases = {name: _case(name, found, validator, version) for name, found in examples(path)}
    return {
        "suite": f"hl7.fhir.us.core#{version} examples",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "total": len(cases),
        "passed": sum(case["passed"] for case in cases.values()),
        "cases": cases,
    }


def _case(name: str, resource: Resource, validator: Validator, version: str) -> dict[str, Json]:
    profiles = (resource.get("meta") or {}).get("profile", [])
    issues = validator.validate(resource, options=Options(now=NOW))
    errors = [issue for issue in issues if issue.severity in _ERRORS]
    case: dict[str, Json] = {"passed": not errors, "profiles": profiles}
    unknown = [url for url in profiles if not validator.knows(url)]
    if unknown:
        case["unknown profiles"] = unknown
    if errors:
        case["reason"] = US_CORE.get((version, name), "")
        case["errors"] = [_told(issue) for issue in errors]
    return case


def _told(issue: Issue) -> str:
    return f"{issue.expression}: {issue.diagnostics} ({issue.profile}#{issue.rule})"


def published(found: dict[str, Json]) -> str:
    """Return the text of the published file."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def result_file(version: str) -> Path:
    """Return where the results of a version stand."""
    return RESULTS / f"us-core-{version}.json"


def main() -> int:
    """Write the results of each package that is there; return the exit status."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for version in VERSIONS:
        if not archive(version).exists():
            sys.stderr.write(f"{archive(version)} is missing.\n")
            return 1
        with tempfile.TemporaryDirectory() as folder:
            found = results(version, Path(folder))
        result_file(version).write_text(published(found))
        sys.stdout.write(f"{found['suite']}: {found['passed']} of {found['total']} valid\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
