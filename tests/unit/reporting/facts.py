"""Facts in memory, counted as `Repository.aggregate` counts them."""

from collections.abc import Callable, Mapping, Sequence

from fhir_server.facts.encounter import EncounterFact
from fhir_server.facts.query import FactQuery
from fhir_server.fhir.dates import parse


def a_fact(on: str = "2026-02-03", /, **changed: object) -> EncounterFact:
    """Return the fact of a crisis that was resolved on the scene, in which nobody said more."""
    said: dict[str, object] = {
        "status": "finished",
        "in_person": True,
        "disposition": "resolved-on-scene",
        "voluntary": True,
        "responder_model": "mobile-crisis-team",
    }
    said |= changed
    return EncounterFact(received=parse(on).lo, **said)  # type: ignore[arg-type]


def counting(facts: Sequence[EncounterFact]) -> Callable[[FactQuery], Mapping[str, int]]:
    """Return a counter of `facts`."""

    def count(query: FactQuery) -> Mapping[str, int]:
        received = [fact for fact in facts if query.since <= fact.received < query.until]
        return {
            population.code: sum(
                all(getattr(fact, test.field) in test.values for test in population.tests)
                for fact in received
            )
            for population in query.populations
        }

    return count
