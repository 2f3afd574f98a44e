"""What an Episode has that EpisodeOfCare has no element for, and the status map.

https://hl7.org/fhir/R4/episodeofcare.html
"""

from fhir_server.intake.build import RECORD_VERSION
from fhir_server.intake.extension import CODE, TEXT, TIME, concept, reference, simple

EXTENSIONS = (
    RECORD_VERSION,
    simple("openReason", "crisis-episode-open-reason", CODE),
    simple("closureReason", "crisis-episode-closure", concept("crisis-episode-closure-reason")),
    simple("indexEncounter", "crisis-index-encounter", reference("crisisEncounter")),
    simple("problems", "crisis-episode-problem", TEXT, many=True),
    simple("acuity", "crisis-acuity", CODE),
    simple("nextContactDue", "crisis-next-contact", TIME),
)
STATUS = {
    "open": "active",
    "waitlist": "waitlist",
    "on-hold": "onhold",
    "closed": "finished",
    "entered-in-error": "entered-in-error",
}
NATIVE_STATUS = {status: native for native, status in STATUS.items()}
