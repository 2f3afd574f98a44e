"""Values of any length in index columns of bounded length.

FHIR sets no limit (https://hl7.org/fhir/R4/datatypes.html#string: 1 MB), a B-tree entry has one.
"""

from hashlib import blake2b

LIMIT = 200
_KEPT = 160


def equatable(text: str) -> str:
    """Return `text`, or a stand-in of at most `LIMIT` characters that is equal only to its own.

    The stand-in is the beginning and a digest, so that equality stays exact.
    """
    if len(text) <= LIMIT:
        return text
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{text[:_KEPT]}…{digest}"


def beginning(text: str) -> str:
    """Return the first `LIMIT` characters: prefixes are compared no further than that."""
    return text[:LIMIT]
