"""Native records of every shape that a schema allows, for property tests.

The strategies are made from the schemas themselves, so that a new field is tested without a line
here.
"""

import base64
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from marshmallow import Schema, fields

from fhir_server.intake import fields as native
from fhir_server.intake import schema as shared
from fhir_server.intake.records.consent.schema import Base64, MediaType, ResourceType, Rules, Uri
from fhir_server.intake.records.directory.schema import Npi
from fhir_server.intake.records.person.schema import System

Json = Any

letters = st.text("abcXYZ019 .,-/|éñ😀\u00a0\u2028\n\t'", min_size=1, max_size=12).filter(str.strip)
ids = st.text("abcXYZ019-/| .#é😀\u00a0", min_size=1, max_size=10).filter(
    lambda text: bool(text) and text == text.strip()
)
codes = ids.map(lambda text: " ".join(text.split()))
instants = st.builds(
    "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}".format,
    st.integers(1995, 2034),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
    st.sampled_from(["", ".5", ".123456"]),
    st.sampled_from(["Z", "-06:00", "+05:30", "+14:00"]),
)
days = st.sampled_from(["1985", "1985-02", "1985-02-28", "2004-02-29"])


def record(schema: Schema) -> st.SearchStrategy[dict[str, Json]]:
    """Return records of a schema: what is required, and any of what is not."""
    required = {name: value(field) for name, field in schema.fields.items() if field.required}
    optional = {name: value(field) for name, field in schema.fields.items() if not field.required}
    return st.fixed_dictionaries(required, optional=optional)


def value(field: fields.Field[Json]) -> st.SearchStrategy[Json]:
    """Return values of one field."""
    for kind, strategy in COMPOUND.items():
        if isinstance(field, kind):
            return strategy(field)
    return SIMPLE[type(field)]


def open_code(codes_: frozenset[str]) -> st.SearchStrategy[Json]:
    """Return codes of an open list, and codes of the agency's own."""
    own = st.fixed_dictionaries({"code": codes}, optional={"display": letters})
    return st.sampled_from(sorted(codes_)) | codes | own


def rules(field: Rules) -> st.SearchStrategy[Json]:
    """Return rules of a consent, some of them with exceptions."""
    deepest = 3
    if field.level >= deepest:
        return st.just([])
    return st.lists(value(field.inner), max_size=2)


# In order: a subclass before its parent.
COMPOUND: dict[type, Callable[[Any], st.SearchStrategy[Json]]] = {
    Rules: rules,
    fields.Nested: lambda field: record(field.schema),
    native.Many: lambda field: st.lists(value(field.inner), max_size=min(field.most, 3)),
    shared.BooleanOr: lambda field: st.booleans() | value(field.other),
    native.Whole: lambda field: st.integers(field.least, field.most),
    native.Number: lambda field: st.decimals(field.least, field.most, places=3),
    native.OpenCode: lambda field: open_code(field.codes),
    native.YesNo: lambda field: st.sampled_from(sorted(field.codes)) | st.booleans(),
    native.Code: lambda field: st.sampled_from(sorted(field.codes)),
}
SIMPLE: dict[type, st.SearchStrategy[Json]] = {
    native.Text: letters,
    native.Id: ids,
    Base64: st.binary(min_size=1, max_size=6).map(lambda data: base64.b64encode(data).decode()),
    Npi: st.just("1245319599"),
    Uri: st.sampled_from(["urn:x:2", "http://example.org/code"]),
    MediaType: st.sampled_from(["application/pdf", "text/plain; charset=utf-8"]),
    ResourceType: st.sampled_from(["Encounter", "Observation"]),
    System: st.sampled_from(["urn:x:1", "http://example.org/mrn"]),
    shared.PersonId: ids | ids.map(lambda text: {"id": text}),
    native.OwnCode: codes,
    native.Instant: instants,
    native.Day: days,
    native.DayOrInstant: days | instants,
    native.Flag: st.booleans(),
    native.FlagOrCount: st.booleans() | st.integers(0, 9),
    native.Language: st.sampled_from(["es", "en-US", "zh-Hant-TW"]),
}
