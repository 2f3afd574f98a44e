"""The longest interval of each date parameter, known to the database as a bound for searches.

An interval [lo, hi) that reaches into a window can have begun at most so long before it. The
numbers only rise, in steps of powers of two, so that hardly any write has to touch them.
"""

from collections.abc import Iterable

from fhir_server.storage.rows import Version
from fhir_server.storage.schema import OPEN
from fhir_server.storage.session import Session
from fhir_server.storage.statements import RAISE_SPAN


class Spans:
    """What one transaction raises; `known` is shared by those that came before it."""

    def __init__(self, known: dict[int, int]) -> None:
        self._known = known
        self._raised: dict[int, int] = {}

    def raise_to(self, session: Session, versions: Iterable[Version]) -> None:
        """Raise the bounds to what `versions` need."""
        for param_id, span in sorted(_longest(versions).items()):
            if span > max(self._known.get(param_id, 0), self._raised.get(param_id, 0)):
                session.run(RAISE_SPAN.text(session.dialect), (param_id, span))
                self._raised[param_id] = span

    def committed(self) -> None:
        """Let later transactions know; before the commit it would be a promise."""
        for param_id, span in self._raised.items():
            self._known[param_id] = max(span, self._known.get(param_id, 0))


def _longest(versions: Iterable[Version]) -> dict[int, int]:
    longest: dict[int, int] = {}
    for version in versions:
        for value in version.indexed.dates if version.indexed else ():
            # Intervals without a start or an end are looked up apart (ix_date_odd).
            if value.lo > -OPEN and value.hi < OPEN:
                span = 1 << (value.hi - value.lo).bit_length()
                longest[value.param_id] = max(min(span, OPEN), longest.get(value.param_id, 0))
    return longest
