"""Native records of every shape that a schema allows, for property tests.

The strategies are made from the schemas themselves, so that a new field is tested without a line
here.
"""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from marshmallow import Schema, fields

from fhir_server.intake import fields as native
from fhir_server.intake import schema as shared
from fhir_server.intake.records.person.schema import System

Json = Any

letters = st.text("abcXYZ019 .,-/|éñ\n\t'", min_size=1, max_size=12).filter(str.strip)
ids = st.text("abcXYZ019-/| .#é", min_size=1, max_size=10).filter(
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
    if isinstance(field, fields.Nested):
        return record(field.schema)
    if isinstance(field, native.Many):
        return st.lists(value(field.inner), max_size=min(field.most, 3))
    if isinstance(field, shared.BooleanOr):
        return st.booleans() | value(field.other)
    if isinstance(field, native.Whole):
        return st.integers(field.least, field.most)
    if isinstance(field, native.Number):
        return st.decimals(field.least, field.most, places=3).map(Decimal)
    if isinstance(field, native.OpenCode):
        own = st.fixed_dictionaries({"code": codes}, optional={"display": letters})
        return st.sampled_from(sorted(field.codes)) | codes | own
    if isinstance(field, native.YesNo):
        return st.sampled_from(sorted(field.codes)) | st.booleans()
    if isinstance(field, native.Code):
        return st.sampled_from(sorted(field.codes))
    return simple(field)


SIMPLE: dict[type, st.SearchStrategy[Json]] = {
    native.Text: letters,
    native.Id: ids,
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


def simple(field: fields.Field[Json]) -> st.SearchStrategy[Json]:
    """Return values of a field without options of its own."""
    return SIMPLE[type(field)]
