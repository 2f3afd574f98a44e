"""What the schemas of several native records share.

A schema is a mapping of native field names to fields; marshmallow refuses every other name.
"""

from collections.abc import Mapping

from marshmallow import Schema
from typing_extensions import override

from fhir_server.fhir.resource import Json
from fhir_server.intake.fields import (
    Fields,
    Id,
    Many,
    Native,
    Number,
    Object,
    StrictSchema,
    Text,
    Whole,
)

# The fields of every record: its id, and its version where the sender numbers them.
RECORD: Fields = {"id": Id(required=True), "recordVersion": Whole()}

# A point of WGS84, in degrees.
GEO: Fields = {
    "latitude": Number(-90, 90, required=True),
    "longitude": Number(-180, 180, required=True),
}
ADDRESS: Fields = {
    "text": Text(),
    "line": Many(Text()),
    "city": Text(),
    "district": Text(),
    "state": Text(),
    "postalCode": Text(),
    "country": Text(),
}


def compiled(fields: Fields) -> Schema:
    """Return the schema of a whole record, to be made once and used for every one."""
    return StrictSchema.from_dict(fields)()


class Address(Object):
    """A postal address; a bare string is its text."""

    def __init__(self) -> None:
        super().__init__(ADDRESS)

    @override
    def _deserialize(
        self,
        value: Json,
        attr: str | None,
        data: Mapping[str, Json] | None,
        partial: Json = None,
        **kwargs: Json,
    ) -> Json:
        value = {"text": value} if isinstance(value, str) else value
        return super()._deserialize(value, attr, data, partial, **kwargs)


class PersonId(Native):
    """The id of a person at the agency, as a string or as {id}."""

    @override
    def read(self, value: Json) -> str:
        """Return the id."""
        if isinstance(value, dict) and value.keys() == {"id"}:
            value = value["id"]
        return Id().read(value)


class BooleanOr(Native):
    """True or false, or a value of another field."""

    def __init__(self, other: Native) -> None:
        super().__init__()
        self.other = other

    @override
    def read(self, value: Json) -> Json:
        """Return the boolean, or the other field's normal form."""
        return value if isinstance(value, bool) else self.other.read(value)
