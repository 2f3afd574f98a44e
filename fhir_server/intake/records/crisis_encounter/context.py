"""What the resources of one crisis encounter have in common: the record, its source, its person."""

from dataclasses import dataclass

from fhir_server.fhir.resource import Element
from fhir_server.intake.source import Source

KIND = "crisisEncounter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One record on its way to FHIR; `subject` is None for whoever is not to be known."""

    record: Element
    source: Source
    subject: Element | None
    labels: tuple[Element, ...]

    @property
    def encounter(self) -> Element:
        """A reference to the Encounter."""
        return {"reference": f"Encounter/{self.source.id(KIND, self.record['id'])}"}

    def part_id(self, part: str) -> str:
        """Return the id of a further resource of the record."""
        return self.source.part_id(KIND, self.record["id"], part)

    def when(self) -> str:
        """Return the best time there is for what was found on scene."""
        timeline = self.record["timeline"]
        for event in ("dispositionAt", "atPatientAt", "onSceneAt", "screenedAt"):
            if event in timeline:
                return str(timeline[event])
        return str(timeline["receivedAt"])

    def start(self) -> str:
        """Return when the encounter began: on scene, or when the contact was received."""
        timeline = self.record["timeline"]
        return str(timeline.get("onSceneAt", timeline["receivedAt"]))
