"""An invented person: what the agencies of the region would write down about them.

Names are words that nobody bears; the Medicaid number says DEMO. One person in five is never
identified.
"""

from dataclasses import dataclass

from fhir_server.demo.clock import DAY, day_of
from fhir_server.demo.dice import Dice
from fhir_server.fhir.resource import Element

_GIVEN = (
    "Aster", "Birch", "Cedar", "Dahlia", "Ember", "Fern", "Garnet", "Hazel", "Indigo", "Jade",
    "Kestrel", "Linden", "Maple", "Nova", "Opal", "Pepper", "Quartz", "Rowan", "Sage", "Tansy",
    "Umber", "Violet", "Willow", "Xenia", "Yarrow", "Zephyr",
)  # fmt: skip
_FAMILY = (
    "Demoson", "Exemplar", "Fauxley", "Imaginary", "Madeup", "Notreal", "Pretend", "Sampleton",
    "Simulant", "Synthesen", "Testbury", "Trialford", "Unreal", "Virtuala",
)  # fmt: skip
_AGES = {(12, 17): 8, (18, 24): 19, (25, 44): 42, (45, 64): 23, (65, 84): 8}
_RACES = {"white": 54, "black": 20, "asian": 6, "american-indian": 4, "other": 8, "unknown": 8}
_GENDERS = {"female": 48, "male": 47, "other": 4, "unknown": 1}
_LANGUAGES = {"en": 85, "es": 11, "vi": 2, "so": 2}
_HOUSING = {
    "stable": 52, "unstable": 18, "homeless-sheltered": 10, "homeless-unsheltered": 13,
    "institutional": 3, "unknown": 4,
}  # fmt: skip
_YEAR = 365.25 * DAY
_LAST_PHONE = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who comes into crisis; `severity` from 0 to 1 makes every crisis graver."""

    index: int
    given: str
    family: str
    age: int
    born: str
    gender: str
    race: str
    hispanic: bool
    language: str
    housing: str
    veteran: bool
    identified: bool
    insured: bool
    substance: bool
    severity: float

    @property
    def id(self) -> str:
        """The number that every agency of the region files the person under."""
        return f"P-{self.index + 1:06}"


def invent(index: int, until: int, dice: Dice) -> Person:
    """Return the person number `index` as they are at `until` (seconds)."""
    age = dice.between(*dice.weighted(_AGES))
    language = dice.weighted(_LANGUAGES)
    return Person(
        index=index,
        given=dice.pick(_GIVEN),
        family=f"{dice.pick(_FAMILY)}-{index + 1}",
        age=age,
        born=day_of(until - int((age + 0.99 * dice.share()) * _YEAR)),
        gender=dice.weighted(_GENDERS),
        race=dice.weighted(_RACES),
        hispanic=language == "es" or dice.chance(0.08),
        language=language,
        housing=dice.weighted(_HOUSING),
        veteran=age > 18 and dice.chance(0.09),  # noqa: PLR2004 - of age
        identified=dice.chance(0.85),
        insured=dice.chance(0.7),
        substance=dice.chance(0.35),
        severity=dice.share(),
    )


def record(person: Person, version: int = 1) -> Element:
    """Return the native Person record that an agency keeps."""
    found: Element = {
        "id": person.id,
        "recordVersion": version,
        "identityConfidence": "self-reported" if person.identified else "unknown",
        "gender": person.gender,
        "housing": person.housing,
        "preferredLanguage": person.language,
    }
    if not person.identified:
        low = person.age - person.age % 10
        return found | {"ageEstimate": {"low": low, "high": low + 9}}
    found |= {
        "name": {"family": person.family, "given": [person.given]},
        "birthDate": person.born,
        "race": [person.race],
        "ethnicity": "hispanic" if person.hispanic else "not-hispanic",
        "veteran": "yes" if person.veteran else "no",
    }
    if person.insured:
        number = f"DEMO{person.index + 1:07}"
        found["identifiers"] = [
            {"type": "medicaid", "issuer": "Medicaid of the fictitious state T", "value": number}
        ]
    if person.housing.startswith("homeless"):
        return found | {"noFixedAddress": True}
    return found | {
        "address": {
            "line": [f"{person.index + 1} Example Street"],
            "city": "Larkspur",
            "postalCode": "00000",
        },
        "phones": [
            {
                "value": f"555-01{person.index % (_LAST_PHONE + 1):02}",
                "safeToCall": person.index % 7 > 0,
                "safeToLeaveMessage": person.index % 3 > 0,
            }
        ],
    }
