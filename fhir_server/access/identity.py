"""Logical ids that follow from what a record is called, and that nobody can compute outside.

https://www.rfc-editor.org/rfc/rfc9562#section-5.5 (name-based UUIDs) under a namespace that comes
from the deployment's secret: a case number is not enough to probe for a person.
"""

import hashlib
from collections.abc import Callable

# (kind of record, agency, external id) -> logical id
Identify = Callable[[str, str, str], str]

_PURPOSE = b"handoff intake ids\x00"
_UUID_BYTES = 16
_BETWEEN = "\x00"


def identifier(secret: bytes) -> Identify:
    """Return the function from (kind of record, agency, external id) to a logical id.

    `secret` is the deployment's; with the same secret the same record always gets the same id.
    """
    namespace = hashlib.sha256(_PURPOSE + secret).digest()[:_UUID_BYTES]

    def identify(kind: str, agency: str, external_id: str) -> str:
        name = _BETWEEN.join((kind, agency, external_id)).encode()
        # uuid.uuid5, without its objects: a crisis encounter asks for forty ids.
        found = bytearray(
            hashlib.sha1(namespace + name, usedforsecurity=False).digest()[:_UUID_BYTES]
        )
        found[6] = found[6] & 0x0F | 0x50
        found[8] = found[8] & 0x3F | 0x80
        text = found.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    return identify
