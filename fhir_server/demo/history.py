"""The history of the region: every message that its agencies would send, one person at a time.

The same seed, number of people and last day give the same messages; person number n is the same
whoever else there is. Nothing is kept: the stream needs the memory of one batch.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fhir_server.demo import region
from fhir_server.demo.aftermath import episode, is_followed_up, referral
from fhir_server.demo.clock import DAY, HOUR, end_of, local
from fhir_server.demo.consents import consent
from fhir_server.demo.crisis import Crisis, anonymous, crisis
from fhir_server.demo.dice import Dice
from fhir_server.demo.person import Person, invent, record
from fhir_server.fhir.resource import Element, Resource

SYSTEM = "handoff-demo"
# People whose records go into one message per agency and kind.
PEOPLE_OF_A_BATCH = 25
_YEARS = 3
_WINDOW = _YEARS * 365 * DAY
# How many crises people have in that time: most one, a few many ("familiar faces").
_CRISES: Mapping[int, float] = {1: 82, 2: 10, 3: 4, 4: 1.5, 5: 1, 7: 0.9, 9: 0.6}
_ANONYMOUS = 0.1
_ASKING = frozenset({region.MOBILE_CRISIS, region.CO_RESPONSE, region.STABILIZATION})
_PLURALS = {
    "agency": "agencies",
    "unit": "units",
    "responder": "responders",
    "service": "services",
    "person": "persons",
    "crisisEncounter": "crisisEncounters",
    "episode": "episodes",
    "referral": "referrals",
    "consent": "consents",
}

# Who sends it, the kind of record, the record.
Sent = tuple[str, str, Element]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One native message with its envelope; `people` are those whose records end with it."""

    agency: str
    kind: str
    body: Resource
    records: int
    people: int = 0


def messages(people: int, seed: int, until: date) -> Iterator[Message]:
    """Yield the messages of the whole region up to the end of `until`, directory first."""
    end = end_of(until)
    stamp = f"{seed}-{until.isoformat()}"
    for agency in region.AGENCIES:
        sent = [(agency.id, kind, found) for kind, found in region.directory(agency)]
        yield from _messages(sent, f"{stamp}-directory", end)
    for first in range(0, people, PEOPLE_OF_A_BATCH):
        last = min(first + PEOPLE_OF_A_BATCH, people)
        sent = [one for index in range(first, last) for one in _life(index, seed, end)]
        batch = list(_messages(sent, f"{stamp}-{first}-{last}", end))
        yield from batch[:-1]
        yield _counted(batch[-1], last - first)


def _messages(sent: Sequence[Sent], number: str, at: int) -> Iterator[Message]:
    by_agency: dict[tuple[str, str], list[Element]] = {}
    for agency, kind, found in sent:
        by_agency.setdefault((agency, kind), []).append(found)
    # Kinds in the order in which they were first sent: a person before their crisis.
    for agency, kind in sorted(by_agency, key=lambda key: list(_PLURALS).index(key[1])):
        records = by_agency[agency, kind]
        source = {
            "agency": agency,
            "system": SYSTEM,
            "messageId": f"{number}-{kind}",
            "sentAt": local(at),
        }
        yield Message(
            agency=agency,
            kind=kind,
            body={"schema": "crisis-native/1", "source": source, _PLURALS[kind]: records},
            records=len(records),
        )


def _counted(message: Message, people: int) -> Message:
    return Message(
        agency=message.agency,
        kind=message.kind,
        body=message.body,
        records=message.records,
        people=people,
    )


def _life(index: int, seed: int, until: int) -> Iterator[Sent]:
    """Yield everything that is recorded of one person."""
    dice = Dice(f"{seed}/{index}")
    person = invent(index, until, dice)
    crises = [
        crisis(person, f"CE-{index + 1:06}-{turn + 1}", received, dice)
        for turn, received in enumerate(_beginnings(until, dice))
    ]
    for agency in dict.fromkeys(found.agency for found in crises):
        yield agency, "person", record(person)
    for found in crises:
        yield found.agency, "crisisEncounter", found.record
        yield from _aftermath(person, found, until, dice)
    yield from _directive(person, crises, until, dice)
    if dice.chance(_ANONYMOUS):
        call = anonymous(f"CA-{index + 1:06}", _beginning(until, dice), dice)
        yield call.agency, "crisisEncounter", call.record


def _beginnings(until: int, dice: Dice) -> list[int]:
    return sorted(_beginning(until, dice) for _ in range(dice.weighted(_CRISES)))


def _beginning(until: int, dice: Dice) -> int:
    """Return an instant of the last years: the program grows, and evenings are busier."""
    day = int(_YEARS * 365 * dice.share() ** 0.7)
    hour = dice.weighted({0: 3, 4: 2, 8: 4, 12: 6, 16: 8, 20: 6})
    begins = until - _WINDOW + day * DAY + hour * HOUR + int(4 * HOUR * dice.share())
    # Nothing is still going on at the end.
    return min(begins, until - DAY)


def _aftermath(person: Person, found: Crisis, until: int, dice: Dice) -> Iterator[Sent]:
    if is_followed_up(found):
        yield found.agency, "episode", episode(person, found, until, dice)
    every = person.index % 4 == 0 and found.id.endswith("-1")
    if found.agency != region.POLICE and (every or dice.chance(0.4)):
        yield found.agency, "referral", referral(person, found, until, dice)


def _directive(person: Person, crises: Sequence[Crisis], until: int, dice: Dice) -> Iterator[Sent]:
    """Yield the consent of a person; no officer and no voice on the telephone takes one down."""
    asked = [found for found in crises if found.agency in _ASKING]
    given = consent(person, asked[0], until, dice) if asked else None
    if given is not None:
        holder, form = given
        if holder == region.PART2_PROGRAM:
            yield from _treatment(person, asked[0], until, dice)
        yield holder, "consent", form


def _treatment(person: Person, found: Crisis, until: int, dice: Dice) -> Iterator[Sent]:
    """Yield what the Part 2 program keeps of somebody whom it treats."""
    program = region.BY_ID[region.PART2_PROGRAM]
    opened = min(found.cleared + DAY, until - HOUR)
    yield program.id, "person", record(person)
    yield (
        program.id,
        "episode",
        {
            "id": f"EP-{person.id}",
            "recordVersion": 1,
            "person": person.id,
            "openedAt": local(opened),
            "openReason": "referral-in",
            "type": "post-hold" if dice.chance(0.1) else "crisis-follow-up",
            "managingAgency": program.id,
            "careManager": program.responder(0, 0),
            "status": "open",
            "recordedBy": program.responder(0, 0),
        },
    )
