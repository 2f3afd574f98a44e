"""The work that a crisis leaves behind: calls after 24 and 72 hours, 7 and 30 days.

https://hl7.org/fhir/R4/task.html . R4 has no due date of a Task: `restriction.period.end` is it.
"""

from datetime import timedelta

from fhir_server.fhir.crisis import code_system, profile
from fhir_server.fhir.resource import Resource
from fhir_server.intake.build import RESTRICTED, after, concept, meta
from fhir_server.intake.records.crisis_encounter.codes import wants_follow_up
from fhir_server.intake.records.crisis_encounter.context import Contact

WINDOW = profile("crisis-followup-window")
TASK_CODE = code_system("crisis-task")
WINDOWS = {
    "24h": timedelta(hours=24),
    "72h": timedelta(hours=72),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}


def follow_ups(contact: Contact) -> tuple[Resource, ...]:
    """Return the Tasks, for a person who is known and whose crisis is over."""
    record, subject = contact.record, contact.subject
    timeline = record["timeline"]
    ended = timeline.get("clearedAt", timeline.get("dispositionAt"))
    if subject is None or ended is None or not wants_follow_up(record):
        return ()
    return tuple(
        _task(contact, window, ended, after(ended, span)) for window, span in WINDOWS.items()
    )


def _task(contact: Contact, window: str, ended: str, due: str) -> Resource:
    agency = contact.source.self_reference()
    return {
        "resourceType": "Task",
        "id": contact.part_id(f"follow-up-{window}"),
        # The bare fact of a call that is due: what the crisis was about stands elsewhere.
        "meta": meta("crisis-followup-task", security=(RESTRICTED,)),
        "extension": [{"url": WINDOW, "valueCode": window}],
        "status": "requested",
        "intent": "order",
        "code": concept(TASK_CODE, "follow-up"),
        "for": contact.subject,
        "encounter": contact.encounter,
        "authoredOn": ended,
        "requester": agency,
        "owner": agency,
        "restriction": {"period": {"start": ended, "end": due}},
    }
