"""XML of a real generator's resources. https://hl7.org/fhir/R4/xml.html ."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_server.fhir import xml
from fhir_server.fhir.definitions import load
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.resource import Resource

SYNTHEA = Path(__file__).parents[4] / "shared" / "data" / "synthea-r4-48-patients.tar.xz"


def bundles_of(archive: Path) -> Iterator[Resource]:
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.name.endswith(".json") else None
            if file:
                yield decode(file.read())


@pytest.mark.spec("xml.html", "SHALL")
def test_all_resources_of_a_real_generator_come_back_the_same() -> None:
    if not SYNTHEA.exists():
        pytest.skip("the Synthea archive is not beside the checkout (../shared/data)")

    count = 0
    for bundle in bundles_of(SYNTHEA):
        again = xml.decode(xml.encode(bundle, load()), load())
        assert again == bundle
        # Equal decimals may differ in their digits, and JSON shows them.
        assert len(encode(again)) == len(encode(bundle))
        count += len(bundle["entry"])

    assert count == 15_423
