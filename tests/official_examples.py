"""The examples of the specification: fetched once, and read.

    python -m tests.official_examples

puts the package `hl7.fhir.r4.examples` (5,306 resources, CC0) into build/, where the tests look for
it. They skip where it is not: without a network only these tests are lost.
https://hl7.org/fhir/R4/examples.html
"""

import hashlib
import sys
import tarfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

URL = "https://registry.npmjs.org/hl7.fhir.r4.examples/-/hl7.fhir.r4.examples-4.0.1.tgz"
SHA256 = "dce87f1b5b9341867033f7d1f544fa1b5232503f6d62813887ac6b8a8b6cb682"
PACKAGE = Path(__file__).parents[1] / "build" / URL.rpartition("/")[2]
# A dozen are larger: Bundles of what stands in files of its own too, and a guide without a name.
MOST_BYTES = 2_000_000
# Of each of these there are so many, and so alike, that a part of them shows as much.
DEFINITIONS = (
    "CodeSystem-",
    "ConceptMap-",
    "SearchParameter-",
    "StructureDefinition-",
    "ValueSet-",
)
_SECONDS = 60


def fetch() -> str | None:
    """Put the package where the tests look for it; return why that could not be done."""
    if PACKAGE.exists():
        return None
    try:
        with urllib.request.urlopen(URL, timeout=_SECONDS) as answer:
            data = answer.read()
    except OSError as error:
        return f"{URL} could not be fetched: {error}"
    if hashlib.sha256(data).hexdigest() != SHA256:
        return f"{URL} is not what it was: its SHA-256 differs."
    PACKAGE.parent.mkdir(exist_ok=True)
    # Two may fetch at once; a reader finds the whole file or none.
    part = PACKAGE.with_suffix(".part")
    part.write_bytes(data)
    part.replace(PACKAGE)
    return None


def examples() -> Iterator[tuple[str, bytes]]:
    """Yield (name, JSON) of each example; the test skips where there are none."""
    if not PACKAGE.exists():
        pytest.skip("the official examples are not in build/ (`make examples` fetches them)")
    with tarfile.open(PACKAGE) as tar:
        for member in tar:
            name = Path(member.name).name
            file = tar.extractfile(member) if member.size <= MOST_BYTES else None
            if file and name.endswith(".json") and name not in {"package.json", ".index.json"}:
                yield name, file.read()


def instances(one_in: int) -> Iterator[tuple[str, bytes]]:
    """Yield all examples but definitions, and of those one in so many."""
    for number, (name, body) in enumerate(examples()):
        if number % one_in == 0 or not name.startswith(DEFINITIONS):
            yield name, body


if __name__ == "__main__":
    sys.exit(fetch())
