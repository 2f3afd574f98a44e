"""An EpisodeOfCare as the native episode that it was made from.

https://hl7.org/fhir/R4/episodeofcare.html
"""

from collections.abc import Sequence

from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.intake import extension
from fhir_server.intake.build import code_in, identifier_of, of_type, recorded_by
from fhir_server.intake.records.episode.mapping import EXTENSIONS, NATIVE_STATUS
from fhir_server.intake.records.episode.to_fhir import EPISODE_TYPE
from fhir_server.intake.source import external_id


def from_fhir(resources: Sequence[Resource]) -> Element:
    """Return the record that `resources` were made from."""
    (episode,) = of_type(resources, "EpisodeOfCare")
    found: Element = {
        **extension.read(episode, EXTENSIONS),
        "id": identifier_of(episode, "episode"),
        "person": external_id(episode["patient"]),
        "status": NATIVE_STATUS[episode["status"]],
        "openedAt": episode["period"]["start"],
        "closedAt": episode["period"].get("end"),
        "type": next((code_in(kind, EPISODE_TYPE) for kind in items(episode, "type")), None),
        "managingAgency": external_id(episode["managingOrganization"]),
        "careManager": external_id(episode.get("careManager")),
        "team": next(map(external_id, items(episode, "team")), None),
    }
    found["recordedBy"] = recorded_by(resources)
    return {name: value for name, value in found.items() if value is not None}
