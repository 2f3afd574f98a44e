"""The crisis guide against FHIR: its artifacts, its examples, and what this server writes.

https://hl7.org/fhir/R4/profiling.html . `examples/<profile>/valid-*` are right, and
`invalid-<rule>[-<what>]` break that one rule alone.
"""

import json
import tarfile
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from fhir_server import registry
from fhir_server.access.identity import identifier
from fhir_server.demo.history import messages
from fhir_server.fhir import definitions
from fhir_server.fhir.crisis import profile
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Json, Resource
from fhir_server.fhirpath.expression import expression
from fhir_server.intake import records
from fhir_server.intake.record import Record
from fhir_server.intake.source import Source
from fhir_server.packages import built_in, source
from fhir_server.packages.guide import build
from fhir_server.packages.packages import Packages
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.validator import Validator
from tests.intake_messages import worked_record
from tests.shared_data import shared_data

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path for folder in ("profiles", "terminology") for path in (ROOT / folder).glob("*.json")
)
VALID = sorted((ROOT / "profiles" / "examples").glob("*/valid-*.json"))
INVALID = sorted((ROOT / "profiles" / "examples").glob("*/invalid-*.json"))
# Of Communications per attempt to reach a person.
NOT_WRITTEN_YET = {"outreach-outcome"}
KINDS = {
    kind.name: kind
    for record in registry.discover(records, "RECORD", Record)
    for kind in record.kinds
}


def read(path: Path) -> Resource:
    return decode(path.read_bytes())


@cache
def packages() -> Packages:
    return Packages.of(map(read, FILES), base=built_in.core())


@cache
def validator() -> Validator:
    """The validator with the files as they are, whatever was compiled last."""
    return Validator(definitions.load(), packages(), Terminology([packages()]))


def errors(issues: Sequence[Issue]) -> list[Issue]:
    return [issue for issue in issues if issue.severity in {"error", "fatal"}]


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def profiles() -> Iterator[Resource]:
    for path in FILES:
        found = read(path)
        if found["resourceType"] == "StructureDefinition" and found["type"] != "Extension":
            yield found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_artifact_is_valid(path: Path) -> None:
    found = read(path)

    assert path.stem == f"{found['resourceType']}-{found['id']}"
    assert errors(validator().validate(found)) == []


def test_every_profile_and_extension_has_a_snapshot() -> None:
    assert packages().warnings == ()
    for found in map(read, FILES):
        if found["resourceType"] == "StructureDefinition":
            made = packages().resolve("StructureDefinition", found["url"])
            assert made is not None
            assert made["snapshot"]["element"]


def test_every_value_set_of_our_codes_has_codes() -> None:
    terminology = Terminology([packages()])
    for found in map(read, FILES):
        if found["resourceType"] == "ValueSet":
            assert terminology.codes(found["url"])


def test_every_profile_has_examples_for_each_of_its_rules() -> None:
    for found in profiles():
        folder = ROOT / "profiles" / "examples" / found["id"]
        names = [path.stem.removeprefix("invalid-") for path in folder.glob("invalid-*.json")]
        assert list(folder.glob("valid-*.json")), found["id"]
        for wanted in rules(found):
            assert any(is_of(name, wanted) for name in names), (found["id"], wanted)


def rules(found: Resource) -> Iterator[str]:
    """Yield what the profile's examples must break: invariants, and what it makes mandatory."""
    for element in found["differential"]["element"]:
        path = element["id"].partition(".")[2]
        yield from (constraint["key"] for constraint in element.get("constraint", ()))
        if element.get("min", 0) and path and ":" not in path and not path.endswith("extension"):
            yield f"cardinality-{path.removesuffix('[x]')}"


def is_of(name: str, rule: str) -> bool:
    return name == rule or name.startswith(f"{rule}-")


@pytest.mark.parametrize("path", VALID, ids=named)
def test_valid_example_is_valid(path: Path) -> None:
    example = read(path)

    assert profile(path.parent.name) in example["meta"]["profile"]
    assert errors(validator().validate(example)) == []


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.stem.startswith("SearchParameter")],
    ids=lambda p: p.stem,
)
def test_search_parameter_finds_what_examples_have(path: Path) -> None:
    parameter = read(path)
    if parameter["code"] in NOT_WRITTEN_YET:
        pytest.skip("There is no profile yet of what it finds.")
    base = parameter["base"][0]
    evaluated = expression(parameter["expression"], validator().engine.model, base=base)

    examples = [found for found in map(read, VALID) if found["resourceType"] == base]

    tree = validator().engine.tree
    assert any(evaluated.evaluate(tree.root(found).item) for found in examples)


@pytest.mark.parametrize("path", INVALID, ids=named)
def test_invalid_example_breaks_the_rule_that_it_is_named_after(path: Path) -> None:
    name = path.stem.removeprefix("invalid-")

    issues = validator().validate(read(path))

    broken = {issue.rule for issue in issues if issue.rule and is_of(name, issue.rule)}
    assert len(broken) == 1, issues
    assert {issue.rule for issue in errors(issues)} <= broken, errors(issues)


@pytest.mark.parametrize("path", VALID, ids=named)
def test_valid_example_depends_on_no_terminology(path: Path) -> None:
    without = Validator(definitions.load(), packages())

    assert errors(without.validate(read(path))) == []


def test_guide_is_an_installable_package(tmp_path: Path) -> None:
    built = build(ROOT)
    file = tmp_path / built.name
    file.write_bytes(built.content)

    package = source.read(file)

    assert package.manifest.dependencies["hl7.fhir.us.core"] == "7.0.0"
    assert {found["url"] for found in package.resources} == {read(path)["url"] for path in FILES}
    with tarfile.open(file) as opened:
        index = opened.extractfile("package/.index.json")
        assert index is not None
        listed = {found["filename"] for found in json.load(index)["files"]}
    assert listed == {path.name for path in FILES}


def source_of(head: dict[str, str]) -> Source:
    identify = identifier(b"example")
    return Source(
        agency=head["agency"],
        organization=identify("agency", "", head["agency"]),
        identify=identify,
        system=head["system"],
        message_id=head["messageId"],
        sent_at=head["sentAt"],
        digest="00",
    )


def written(kind: str, native: Json, head: dict[str, str]) -> Iterator[Resource]:
    found = KINDS[kind]
    for resource in found.to_fhir(found.load(native), source_of(head)).everything:
        yield decode(encode(resource))


def demo(people: int) -> Iterator[Resource]:
    for message in messages(people, 1, date(2026, 11, 23)):
        (natives,) = (found for found in message.body.values() if isinstance(found, list))
        for native in natives:
            yield from written(message.kind, native, message.body["source"])


def test_worked_record_is_the_example_of_its_profile() -> None:
    message = worked_record()
    (encounter,) = (
        found
        for found in written("crisisEncounter", message["crisisEncounter"], message["source"])
        if found["resourceType"] == "Encounter"
    )
    example = read(ROOT / "profiles/examples/crisis-encounter/valid-worked-record.json")

    assert encounter == example


def test_demo_has_no_error_and_claims_nothing_that_is_not_defined() -> None:
    found = list(demo(30))

    assert len(found) > 400
    issues = [issue for resource in found for issue in validator().validate(resource)]
    assert errors(issues) == []
    assert not any((issue.rule or "").startswith("crisis-sec-") for issue in issues)
    claimed = {url for resource in found for url in resource.get("meta", {}).get("profile", ())}
    assert {url for url in claimed if packages().resolve("StructureDefinition", url) is None} == (
        set()
    )


@pytest.fixture(scope="module")
def with_us_core() -> Validator:
    content = shared_data("hl7.fhir.us.core-7.0.0.tgz")
    us_core = source.read(content)
    both = Packages.of(us_core.resources, base=packages())
    return Validator(definitions.load(), both, Terminology([both]))


@pytest.mark.parametrize("path", VALID, ids=named)
def test_valid_example_is_valid_against_us_core_too(path: Path, with_us_core: Validator) -> None:
    issues = with_us_core.validate(read(path))

    assert errors(issues) == []
    assert not any(issue.rule == "profile" and "us/core" in issue.diagnostics for issue in issues)


def test_demo_is_valid_against_us_core_too(with_us_core: Validator) -> None:
    issues = [issue for found in demo(10) for issue in with_us_core.validate(found)]

    assert errors(issues) == []
