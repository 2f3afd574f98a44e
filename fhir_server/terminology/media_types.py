"""BCP 13: media types by their grammar.

https://www.rfc-editor.org/rfc/rfc6838#section-4.2 and https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1

The part before the slash is one of the few that are registered, or begins with `x-`.
"""

import re
from collections.abc import Sequence

from fhir_server.terminology.concept import About, Concept

URL = "urn:ietf:bcp:13"
_MOST_CHARACTERS = 512
_TOP = "application|audio|example|font|haptics|image|message|model|multipart|text|video"
_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a token of the grammar
_QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t -~])*"'
_TYPE = re.compile(
    rf"(?:{_TOP}|x-[A-Za-z0-9!#$&^_.+-]{{1,125}})/{_NAME}"
    rf"(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|{_QUOTED}))*",
    re.IGNORECASE,
)


class MediaTypes:
    """What may stand in Content-Type."""

    about = About(url=URL, name="Media types", case_sensitive=False)

    def find(self, code: str) -> Concept | None:
        """Return the media type that `code` is."""
        if len(code) > _MOST_CHARACTERS or not _TYPE.fullmatch(code):
            return None
        return Concept(code=code, display=code)

    def parents(self, code: str) -> Sequence[str]:  # noqa: ARG002 - they stand side by side
        """Return nothing: media types stand side by side."""
        return ()

    def children(self, code: str) -> Sequence[str]:  # noqa: ARG002 - they stand side by side
        """Return nothing: media types stand side by side."""
        return ()

    def codes(self, below: str | None = None) -> None:
        """There is no end of them."""

    def named(self, wanted: Sequence[str]) -> None:
        """There is no end of them."""
