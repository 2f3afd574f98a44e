"""The fields of a native Episode: an agency's responsibility for a person over a time."""

from fhir_server.fhir import crisis_codes as codes
from fhir_server.intake.fields import Code, DayOrInstant, Id, Instant, Many, Text
from fhir_server.intake.schema import RECORD, PersonId, compiled

EPISODE = compiled(
    {
        **RECORD,
        "person": PersonId(required=True),
        "openedAt": Instant(required=True),
        "openReason": Code(codes.EPISODE_OPEN_REASONS),
        "type": Code(codes.EPISODE_TYPES),
        "managingAgency": Id(),
        "careManager": Id(),
        "team": Id(),
        "status": Code(codes.EPISODE_STATUSES, required=True),
        "closedAt": Instant(),
        "closureReason": Code(codes.CLOSURE_REASONS),
        "indexEncounter": Id(),
        "problems": Many(Text()),
        "acuity": Code(codes.ACUITIES),
        "nextContactDue": DayOrInstant(),
        "recordedBy": Id(),
    }
)
