"""Each element of a text is found where it is written, whatever the text's white space."""

import json
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.positions import Positions
from fhir_server.fhir.resource import Json

NAMES = st.sampled_from(["name", "given", "_given", "extension", "valueString", "id"])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(alphabet='a"\\{}[],:\nö\u2028', max_size=8)
)
ELEMENTS = st.recursive(
    st.dictionaries(NAMES, LEAVES, max_size=4),
    lambda inner: st.dictionaries(
        NAMES, st.one_of(inner, st.lists(st.one_of(inner, LEAVES), max_size=4)), max_size=4
    ),
    max_leaves=12,
)


@given(ELEMENTS, st.sampled_from([None, 0, 2, "\t"]), st.sampled_from(["ascii", "utf-8"]))
def test_each_element_stands_where_its_path_leads(
    resource: dict[str, Json], indent: int | str | None, coding: str
) -> None:
    text = json.dumps(resource, indent=indent, ensure_ascii=coding == "ascii")
    lines = text.split("\n")
    positions = Positions(text.encode())

    for path, shown in elements(resource, "Basic"):
        place = positions.of(path)
        rest = "\n".join([lines[place.line - 1][place.column - 1 :], *lines[place.line :]])
        assert begins(rest) == shown


def begins(text: str) -> Json:
    """Return the JSON value, or the name of the property, that `text` begins with."""
    return json.JSONDecoder().raw_decode(text)[0]


def elements(value: dict[str, Json], path: str) -> Iterator[tuple[str, Json]]:
    """Yield the path of each element without a twin, and what must stand there."""
    for name, child in value.items():
        if name.startswith("_") or f"_{name}" in value:
            continue
        yield f"{path}.{name}", name
        if isinstance(child, dict):
            yield from elements(child, f"{path}.{name}")
        if isinstance(child, list):
            for index, item in enumerate(child):
                yield f"{path}.{name}[{index}]", item
                if isinstance(item, dict):
                    yield from elements(item, f"{path}.{name}[{index}]")
