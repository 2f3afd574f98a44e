"""Logical ids that follow from what a record is called, and that nobody can compute outside.

https://www.rfc-editor.org/rfc/rfc9562#section-5.5 (name-based UUIDs) under a namespace that comes
from the deployment's secret: a case number is not enough to probe for a person.
"""

import hashlib
import uuid
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
    namespace = uuid.UUID(bytes=hashlib.sha256(_PURPOSE + secret).digest()[:_UUID_BYTES])

    def identify(kind: str, agency: str, external_id: str) -> str:
        return str(uuid.uuid5(namespace, _BETWEEN.join((kind, agency, external_id))))

    return identify
