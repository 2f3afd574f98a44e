"""The filters of a value set: conditions on the concepts of one code system.

https://hl7.org/fhir/R4/valueset-filter-operator.html

`test` answers for one concept without looking at the others; `candidates` gives those codes that
are worth testing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fhir_server.fhir.outcome import UnprocessableError
from fhir_server.fhir.resource import Element
from fhir_server.fhirpath.errors import FhirPathEvaluationError, FhirPathLimitError
from fhir_server.fhirpath.regex import matches
from fhir_server.terminology.concept import CodeSystem, Concept, ancestors, is_above
from fhir_server.terminology.value_set import Filter

Spend = Callable[[int], None]

_CONCEPT = frozenset({"concept", "code"})
_CANONICAL = "canonical"
_BELOW = frozenset({"is-a", "descendent-of"})
_HIERARCHICAL = frozenset({"is-a", "descendent-of", "is-not-a", "generalizes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One filter, on the system whose concepts it is about.

    `named` is the code of the concept that the filter's value names, as its system spells it.
    """

    system: CodeSystem
    filter: Filter
    spend: Spend
    named: str | None

    @classmethod
    def of(cls, system: CodeSystem, condition: Filter, spend: Spend) -> "Condition":
        """Return the test of `condition`."""
        found = system.find(condition.value) if condition.op in _HIERARCHICAL else None
        named = None if found is None else found.code
        return cls(system=system, filter=condition, spend=spend, named=named)

    def passes(self, concept: Concept) -> bool:
        """Return whether the concept meets the condition.

        Raises:
            UnprocessableError: The operator is unknown, or a regular expression is malformed.
            TooCostlyError: It takes too many steps.
        """
        self.spend(1)
        operator = _OPERATORS.get(self.filter.op)
        if operator is None:
            known = ", ".join(f"`{each}`" for each in _OPERATORS)
            raise UnprocessableError(
                f"`{self.filter.op}` is no filter operator of FHIR R4; these are: {known}.",
                expression="filter.op",
            )
        return operator(self, concept)

    def _is_a(self, concept: Concept) -> bool:
        return self._is_under(concept, or_equal=True)

    def _descendent_of(self, concept: Concept) -> bool:
        return self._is_under(concept, or_equal=False)

    def _is_not_a(self, concept: Concept) -> bool:
        return not self._is_under(concept, or_equal=True)

    def _equals(self, concept: Concept) -> bool:
        return self.filter.value in self._values(concept) or self._is_measured_as(concept)

    def _is_measured_as(self, concept: Concept) -> bool:
        """Return whether a unit is canonically what the filter's is: all-time-units names `a`."""
        if self.filter.property != _CANONICAL:
            return False
        other = self.system.find(self.filter.value)
        found = () if other is None else other.properties
        wanted = {text for each in found if each.get("code") == _CANONICAL for text in _texts(each)}
        return not wanted.isdisjoint(self._values(concept))

    def _in(self, concept: Concept) -> bool:
        wanted = {each.strip() for each in self.filter.value.split(",")}
        return not wanted.isdisjoint(self._values(concept))

    def _not_in(self, concept: Concept) -> bool:
        return not self._in(concept)

    def _exists(self, concept: Concept) -> bool:
        return any(True for _ in self._values(concept)) is (self.filter.value == "true")

    def _regex(self, concept: Concept) -> bool:
        return any(self._matches(found) for found in self._values(concept))

    def _is_under(self, concept: Concept, *, or_equal: bool) -> bool:
        if self.named is None:
            return False
        if self.named == concept.code:
            return or_equal
        return is_above(self.system, self.named, concept.code)

    def _generalizes(self, concept: Concept) -> bool:
        return self.named is not None and (
            concept.code == self.named or is_above(self.system, concept.code, self.named)
        )

    def _values(self, concept: Concept) -> Iterator[str]:
        name = self.filter.property
        if name in _CONCEPT:
            yield concept.code
        elif name == "display":
            yield concept.display
        elif name == "parent":
            yield from self.system.parents(concept.code)
        elif name == "child":
            yield from self.system.children(concept.code)
        for found in concept.properties:
            if found.get("code") == name:
                yield from _texts(found)

    def _matches(self, text: str) -> bool:
        try:
            return matches(self.filter.value, text, whole=True, spend=self.spend)
        except FhirPathEvaluationError:
            raise UnprocessableError(
                f"`{self.filter.value}` is no regular expression that can be evaluated here:"
                " look-around and back references are not supported.",
                expression="filter.value",
            ) from None
        except FhirPathLimitError:
            raise UnprocessableError(
                f"The regular expression `{self.filter.value}` is too large.",
                expression="filter.value",
            ) from None


_OPERATORS: dict[str, Callable[[Condition, Concept], bool]] = {
    "=": Condition._equals,  # noqa: SLF001 - the table of the class above
    "is-a": Condition._is_a,  # noqa: SLF001
    "descendent-of": Condition._descendent_of,  # noqa: SLF001
    "is-not-a": Condition._is_not_a,  # noqa: SLF001
    "regex": Condition._regex,  # noqa: SLF001
    "in": Condition._in,  # noqa: SLF001
    "not-in": Condition._not_in,  # noqa: SLF001
    "generalizes": Condition._generalizes,  # noqa: SLF001
    "exists": Condition._exists,  # noqa: SLF001
}


def candidates(
    system: CodeSystem, filters: Sequence[Filter], words: Sequence[str]
) -> Sequence[str] | None:
    """Return a superset of the codes that pass, in order, and as few as is cheap; None if endless.

    Where `words` are given, all that is returned has them.
    """
    if words:
        named = system.named(words)
        return None if named is None else tuple(named)
    for each in filters:
        if each.op not in (*_BELOW, "generalizes"):
            continue
        found = system.find(each.value)
        if found is None:
            return ()
        if each.op in _BELOW:
            return system.codes(found.code)
        return (found.code, *ancestors(system, found.code))
    return system.codes()


def exact(system: CodeSystem, filters: Sequence[Filter]) -> bool:
    """Return whether `candidates` without words gives those that pass and no others."""
    if not filters:
        return True
    only = filters[0]
    return len(filters) == 1 and only.op == "is-a" and system.find(only.value) is not None


def _texts(found: Element) -> Iterator[str]:
    for name, value in found.items():
        if not name.startswith("value"):
            continue
        if isinstance(value, dict):
            code, system = value.get("code"), value.get("system")
            yield str(code)
            yield f"{system}#{code}"
        else:
            yield str(value).lower() if isinstance(value, bool) else str(value)
