"""Values of every primitive type, each right by https://hl7.org/fhir/R4/datatypes.html#primitive .

Among them what servers lose: digits of decimals, precision of dates, white space, what XML has to
escape, and what lies beyond ASCII.
"""

import random
from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal

from fhir_server.fhir.resource import Json
from tests.probes import XMLNS

Chance = random.Random

TEXTS = (
    "x",
    "Sam Rivera",
    "<a b='c'>",
    "&amp;&",
    '"quoted" \\ / \\u0041',
    " \t\r\n x \n",
    "]]><!-- -->",
    "\u00e9\u2028\u202e\U0001f600e\u0301",
    "\x7f\u00a0\ufeff",
    '\': "resourceType":',
)
DIVS = (
    f"<div {XMLNS}>x</div>",
    f"<div   {XMLNS} title='>' ><p>a &#160;<br></br><br/></p>\n</div >",
    f"<div {XMLNS}><!-- <div> --><div><![CDATA[</div>]]></div>x</div>",
    f'<div lang="en" xml:lang="en" {XMLNS}><table><tbody><tr><td>1</td></tr></tbody></table></div>',
)
URIS = ("http://example.org/e", "urn:oid:1.2.3", "a", "x:y|1.0#z", "http://\u00e9.example/%20")
ZONES = ("Z", "+00:00", "-00:00", "+14:00", "-11:30", "+05:45")
DAYS = ("2024-02-29", "1980-01-31", "0001-01-01", "9999-12-31", "2000-02-29", "2026-11-30")
TIMES = ("00:00:00", "23:59:59", "23:59:60", "12:30:00.000", "01:02:03.123456789")


def _instant(chance: Chance) -> str:
    return f"{chance.choice(DAYS)}T{chance.choice(TIMES)}{chance.choice(ZONES)}"


def _date(chance: Chance) -> str:
    return chance.choice(DAYS)[: chance.choice((4, 7, 10))]


def _decimal(chance: Chance) -> Json:
    if chance.random() < 0.2:
        return chance.randrange(-(10**18), 10**18)
    return Decimal(chance.randrange(-(10**18), 10**18)).scaleb(-chance.randrange(1, 22))


def _uuid(chance: Chance) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return "urn:uuid:" + "-".join(
        (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    )


VALUES: dict[str, Callable[[Chance], Json]] = {
    "boolean": lambda chance: chance.random() < 0.5,
    "integer": lambda chance: chance.choice((0, -1, 2**31 - 1, -(2**31))),
    "unsignedInt": lambda chance: chance.choice((0, 1, 2**31 - 1)),
    "positiveInt": lambda chance: chance.choice((1, 2, 2**31 - 1)),
    "decimal": _decimal,
    "string": lambda chance: chance.choice(TEXTS),
    "markdown": lambda chance: chance.choice(TEXTS),
    "code": lambda chance: chance.choice(("a", "a-b", "two words", "\u00e9", "=")),
    "id": lambda chance: chance.choice(("1", "a-b.C", "x" * 64)),
    "uri": lambda chance: chance.choice(URIS),
    "url": lambda chance: chance.choice(URIS),
    "canonical": lambda chance: chance.choice(URIS),
    "oid": lambda chance: chance.choice(("urn:oid:0.0", "urn:oid:2.16.840.1.113883")),
    "uuid": _uuid,
    "date": _date,
    "dateTime": lambda chance: _instant(chance) if chance.random() < 0.5 else _date(chance),
    "instant": _instant,
    "time": lambda chance: chance.choice(TIMES),
    "base64Binary": lambda chance: b64encode(chance.randbytes(chance.randrange(1, 12))).decode(),
    "xhtml": lambda chance: chance.choice(DIVS),
}

# Required value sets that have no list: one code of each, with its system.
UNLISTED = {
    "http://hl7.org/fhir/ValueSet/mimetypes": ("urn:ietf:bcp:13", "text/plain"),
    "http://hl7.org/fhir/ValueSet/currencies": ("urn:iso:std:iso:4217", "USD"),
    "http://hl7.org/fhir/ValueSet/ucum-units": ("http://unitsofmeasure.org", "mg"),
    "http://loinc.org/vs/LL379-9": ("http://loinc.org", "LA9658-1"),
}
