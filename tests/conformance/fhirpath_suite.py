"""The official FHIRPath tests of R4: read from the archive of test cases, run, and told.

    python -m tests.conformance.fhirpath_suite

writes conformance/results/fhirpath/r4.json. https://github.com/FHIR/fhir-test-cases
"""

import hashlib
import json
import os
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

from fhir_server.fhir.definitions import ElementDefinition, load
from fhir_server.fhir.json import decode
from fhir_server.fhir.resource import Json, Resource
from fhir_server.fhirpath.errors import FhirPathError, FhirPathSyntaxError
from fhir_server.fhirpath.evaluation import Ports
from fhir_server.fhirpath.expression import expression
from fhir_server.fhirpath.functions.conversion import to_string
from fhir_server.fhirpath.item import Item, Items, boolean, value_of
from fhir_server.fhirpath.model import model_of
from fhir_server.fhirpath.statics import Strictness
from fhir_server.fhirpath.temporal import Temporal

ROOT = Path(__file__).parents[2]
ARCHIVE = Path(
    os.environ.get(
        "FHIR_TEST_CASES", ROOT.parent / "shared" / "data" / "fhir-test-cases-open.tar.xz"
    )
)
SUITE = "fhir-test-cases/r4/fhirpath/tests-fhir-r4.xml"
INPUTS = "fhir-test-cases/r4/"
RESULTS = ROOT / "conformance" / "results" / "fhirpath" / "r4.json"
# 2026-01-01T00:00:00.123Z: any moment will do, but the same in every run.
NOW = 1_767_225_600_123_000
MODEL = model_of(load())
PORTS = Ports(now=lambda: NOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test: `expected` are (type, text) of the items, `invalid` is which error there must be.

    `number` tells apart the tests of one name.
    """

    group: str
    name: str
    number: int
    input: str
    text: str
    expected: tuple[tuple[str, str], ...]
    invalid: str
    predicate: bool
    check_order: bool
    any_order: bool

    @property
    def id(self) -> str:
        return f"{self.group}/{self.name}" + (f"/{self.number}" if self.number > 1 else "")


class Archive:
    """The files of the suite in memory."""

    def __init__(self, path: Path) -> None:
        with tarfile.open(path) as archive:
            self._files = {
                member.name: file.read()
                for member in archive
                if member.name == SUITE or member.name.count("/") == INPUTS.count("/")
                if (file := archive.extractfile(member)) is not None
            }

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self._files[SUITE]).hexdigest()

    def cases(self) -> Iterator[Case]:
        root = ET.fromstring(self._files[SUITE])  # noqa: S314 - a file of our own
        for group in root.iter("group"):
            seen: dict[str, int] = {}
            for test in group.iter("test"):
                name = test.get("name", "")
                seen[name] = seen.get(name, 0) + 1
                yield _case(group.get("name", ""), test, seen[name])

    @cache  # noqa: B019 - lives as long as the run
    def resource(self, name: str) -> Resource:
        if not name:
            # Some tests are about literals only.
            return {"resourceType": "Basic"}
        data = self._files[INPUTS + name]
        return decode(data) if name.endswith(".json") else from_xml(data)


def _case(group: str, test: ET.Element, number: int) -> Case:
    found = test.find("expression")
    assert found is not None
    return Case(
        group=group,
        name=test.get("name", ""),
        number=number,
        input=test.get("inputfile", ""),
        text=found.text or "",
        expected=tuple((out.get("type", ""), out.text or "") for out in test.iter("output")),
        invalid=found.get("invalid", ""),
        predicate=test.get("predicate") == "true",
        check_order=test.get("checkOrderedFunctions") == "true",
        any_order=test.get("ordered") == "false",
    )


def from_xml(data: bytes) -> Resource:
    """Return the resource of an XML document that is known to be right."""
    root = ET.fromstring(data)  # noqa: S314 - a file of our own
    return _resource(root)


def _name(node: ET.Element) -> str:
    return node.tag.rpartition("}")[2]


def _resource(node: ET.Element) -> Resource:
    return {"resourceType": _name(node), **_object(node, _name(node))}


def _object(node: ET.Element, type_name: str) -> dict[str, Json]:
    table = load().structure(type_name.partition(".")[0]).elements[type_name]
    kinds = {
        name: (kind.code, element)
        for element in table
        for name, kind in element.json_names().items()
    }
    found: dict[str, Json] = {key: value for key, value in node.attrib.items() if key in kinds}
    for child in node:
        kind, element = kinds[_name(child)]
        value, beside = _value(child, kind)
        _put(found, element, _name(child), value)
        if beside is not None:
            _put(found, element, f"_{_name(child)}", beside)
    return found


def _put(found: dict[str, Json], element: ElementDefinition, name: str, value: Json) -> None:
    if element.max == 1:
        found[name] = value
    else:
        found.setdefault(name, []).append(value)


def _value(node: ET.Element, kind: str) -> tuple[Json, Json]:
    if kind == "xhtml":
        return ET.tostring(node, encoding="unicode"), None
    if kind in {"Resource", "DomainResource"}:
        return _resource(node[0]), None
    if kind not in load().primitive_types:
        return _object(node, kind), None
    text = node.get("value", "")
    json_text = text if kind in _UNQUOTED else json.dumps(text)
    value = decode(f'{{"value": {json_text}}}'.encode())["value"]
    beside = _object(node, "Element") if len(node) or node.get("id") else None
    return value, beside


_UNQUOTED = frozenset({"boolean", "integer", "decimal", "positiveInt", "unsignedInt"})


def failure(case: Case, archive: Archive) -> str | None:
    """Run one test; return why it failed, None where it passed."""
    strictness = Strictness(types=True, single_as=True, order=case.check_order)
    resource = archive.resource(case.input)
    try:
        compiled = expression(
            case.text, MODEL, base=resource["resourceType"], strictness=strictness
        )
    except FhirPathError as error:
        return _refusal(case, error, before=True)
    try:
        found = compiled.evaluate(resource, ports=PORTS)
    except FhirPathError as error:
        return _refusal(case, error, before=False)
    if case.invalid:
        return f"must be refused ({case.invalid}), gave {_shown(found)}"
    return _difference(case, found)


def _refusal(case: Case, error: FhirPathError, *, before: bool) -> str | None:
    """A syntax error must show when the text is read, a semantic one before it is evaluated."""
    stage = "compilation" if before else "evaluation"
    right = {
        "": False,
        "syntax": isinstance(error, FhirPathSyntaxError),
        "semantic": before,
        "execution": True,
    }[case.invalid]
    return None if right else f"{type(error).__name__} in {stage}: {error}"


def _difference(case: Case, found: Items) -> str | None:
    if case.predicate:
        found = [Item("System.Boolean", value=bool(boolean(found)))]
    wanted = list(case.expected)
    got = [_written(item) for item in found]
    if case.any_order:
        wanted, got = sorted(wanted), sorted(got)
    same = len(wanted) == len(got) and all(map(_fits, wanted, got))
    return None if same else f"expected {wanted}, gave {got}"


def _fits(wanted: tuple[str, str], got: tuple[str, str]) -> bool:
    (kind, text), (its_kind, its_text) = wanted, got
    return kind in {"", its_kind} and text.removeprefix("@").removeprefix("T") == its_text


def _written(item: Item) -> tuple[str, str]:
    value = value_of(item)
    name = item.type.removeprefix("System.")
    kind = name if name == "Quantity" else name[:1].lower() + name[1:]
    if value is None:
        return item.type, "a complex value"
    if isinstance(value, Temporal):
        return kind, str(value)
    return kind, to_string(value)


def _shown(found: Items) -> str:
    return str([_written(item) for item in found])


def results(archive: Archive) -> dict[str, Json]:
    """Return what is published: the suite and a result for each of its tests."""
    cases = {case.id: failure(case, archive) for case in archive.cases()}
    return {
        "suite": "r4/fhirpath/tests-fhir-r4.xml",
        "sha256": archive.sha256,
        "total": len(cases),
        "passed": sum(reason is None for reason in cases.values()),
        "cases": {
            name: {"passed": True} if reason is None else {"passed": False, "reason": reason}
            for name, reason in cases.items()
        },
    }


def published(found: dict[str, Json]) -> str:
    """Return the text of the published file."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the results; return the exit status."""
    if not ARCHIVE.exists():
        sys.stderr.write(f"{ARCHIVE} is missing; set FHIR_TEST_CASES.\n")
        return 1
    found = results(Archive(ARCHIVE))
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(published(found))
    sys.stdout.write(f"FHIRPath R4: {found['passed']} of {found['total']} passed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
