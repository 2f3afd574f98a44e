"""The person inside of a crisis encounter: known by id, described, or left unnamed."""

from collections.abc import Mapping

from typing_extensions import override

from fhir_server.fhir.resource import Json
from fhir_server.intake.fields import Flag, Id, Object
from fhir_server.intake.records.person.schema import DEMOGRAPHICS


class InlinePerson(Object):
    """A person's id, what is known of the person, or {anonymous: true}; a bare string is the id."""

    def __init__(self) -> None:
        super().__init__({"id": Id(), "anonymous": Flag(), **DEMOGRAPHICS})

    @override
    def _deserialize(
        self,
        value: Json,
        attr: str | None,
        data: Mapping[str, Json] | None,
        partial: Json = None,
        **kwargs: Json,
    ) -> Json:
        value = {"id": value} if isinstance(value, str) else value
        return super()._deserialize(value, attr, data, partial, **kwargs)
