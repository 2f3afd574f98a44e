"""The facts of one crisis encounter: instants, disposition, flags.

Written at commit beside the Encounter, read only by `Repository.aggregate`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EncounterFact:
    """Instants are microseconds since 1970 UTC; flags are None where nobody said.

    `status` is Encounter.status; `disposition`, `responder_model`, `dispatch_source`, `risk` and
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
