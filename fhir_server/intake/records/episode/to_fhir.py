"""A native episode as an EpisodeOfCare.

https://hl7.org/fhir/R4/episodeofcare.html
"""

from fhir_server.fhir.crisis import code_system
from fhir_server.fhir.resource import Element, Resource
from fhir_server.intake import extension
from fhir_server.intake.build import (
    LABELS,
    concept,
    extended,
    identifier,
    meta,
    provenance,
    ref,
    reference_to,
    set_if,
)
from fhir_server.intake.record import Mapped
from fhir_server.intake.records.episode.mapping import EXTENSIONS, STATUS
from fhir_server.intake.source import Source

EPISODE_TYPE = code_system("crisis-episode-type")


def to_fhir(record: Element, source: Source) -> Mapped:
    """Return the EpisodeOfCare of an episode, and its Provenance."""
    patient = source.reference("person", record["person"])
    team = ref("team", record.get("team"), source)
    found: Resource = {
        "resourceType": "EpisodeOfCare",
        "id": source.id("episode", record["id"]),
        "meta": meta("crisis-episode-of-care", security=LABELS),
    }
    extended(found, extension.written(record, EXTENSIONS, source))
    found["identifier"] = [identifier("episode", record, source)]
    found["status"] = STATUS[record["status"]]
    kind = record.get("type")
    set_if(found, type=[concept(EPISODE_TYPE, kind)] if kind else None)
    found["patient"] = patient
    managing = ref("agency", record.get("managingAgency"), source)
    found["managingOrganization"] = managing or source.self_reference()
    found["period"] = set_if({"start": record["openedAt"]}, end=record.get("closedAt"))
    set_if(
        found,
        careManager=ref("responder", record.get("careManager"), source),
        team=[team] if team else None,
    )
    targets = [reference_to(found), patient]
    return Mapped(resources=(found, provenance("episode", record, targets, source)))
