"""The facts of one crisis encounter: instants, disposition, flags.

Written at commit beside the Encounter, read only by `Repository.aggregate`.
"""

from dataclasses import dataclass

from fhir_server.fhir import crisis, dates
from fhir_server.fhir.resource import Element, Resource, extensions, type_of

_NOT_REACHED = frozenset({"unable-to-locate", "left-scene", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EncounterFact:
    """Instants are microseconds since 1970 UTC; flags are None where nobody said.

    `status` is Encounter.status; `disposition`, `responder_model`, `dispatch_source` and
    `offense_level` are codes of the crisis code systems, "" where absent. `in_person`: somebody
    reached the person on scene. `known_person`: the subject is an identified Patient.
    """

    status: str
    received: int
    on_scene: int | None = None
    cleared: int | None = None
    disposition: str = ""
    responder_model: str = ""
    dispatch_source: str = ""
    offense_level: str = ""
    voluntary: bool | None = None
    in_person: bool = False
    arrestable: bool | None = None
    arrested: bool | None = None
    cited: bool | None = None
    known_person: bool = False


def facts_of(encounter: Resource) -> EncounterFact | None:
    """Return the facts of a crisis Encounter in its agency's form; None of any other resource.

    A crisis Encounter is one whose timeline says when the contact was received.
    """
    if type_of(encounter) != "Encounter":
        return None
    events = _events(encounter)
    received = events.get("received")
    if received is None:
        return None
    disposition = _complex(encounter, crisis.DISPOSITION)
    diversion = _complex(encounter, crisis.JAIL_DIVERSION)
    code = crisis.code_of(crisis.part(disposition, "disposition"))
    on_scene = events.get("on-scene", events.get("at-patient"))
    return EncounterFact(
        status=str(encounter.get("status", "")),
        received=received,
        on_scene=on_scene,
        cleared=events.get("cleared"),
        disposition=code,
        responder_model=crisis.code_of(_complex(encounter, crisis.RESPONDER_MODEL)),
        dispatch_source=crisis.code_of(_complex(encounter, crisis.DISPATCH_SOURCE)),
        offense_level=crisis.code_of(crisis.part(diversion, "offenseLevel")),
        voluntary=_flag(crisis.part(disposition, "voluntary")),
        # Not every agency notes when the patient was reached, but a team that found nobody says so.
        in_person="at-patient" in events or (on_scene is not None and code not in _NOT_REACHED),
        arrestable=_flag(crisis.part(diversion, "arrestableOffense")),
        arrested=_flag(crisis.part(diversion, "arrested")),
        cited=_flag(crisis.part(diversion, "cited")),
        known_person="subject" in encounter,
    )


def _complex(encounter: Resource, url: str) -> Element:
    return next(iter(extensions(encounter, url)), {})


def _events(encounter: Resource) -> dict[str, int]:
    """Return when each event of the timeline first was; several units have their own."""
    events: dict[str, int] = {}
    for entry in extensions(encounter, crisis.TIMELINE):
        time = crisis.part(entry, "time") or {}
        text = time.get("valueDateTime", time.get("valueInstant"))
        if isinstance(text, str):
            code = crisis.code_of(crisis.part(entry, "event"))
            at = dates.parse(text).lo
            events[code] = min(at, events.get(code, at))
    return events


def _flag(extension: Element | None) -> bool | None:
    """Return a boolean, or a code of yes, no and unknown, as a flag."""
    if extension is None:
        return None
    value = extension.get("valueBoolean")
    if isinstance(value, bool):
        return value
    return {"yes": True, "no": False}.get(crisis.code_of(extension))
