"""Codes that were found to be right, by what is written of them.

https://hl7.org/fhir/R4/terminologies.html ; the same few codes come again and again, so that most
are told from the JSON alone. What is wrong, or cannot be told, is asked of terminology again.
"""

from typing import TypeAlias

from fhir_server.fhir.resource import Element, Json
from fhir_server.terminology.coding import Coding
from fhir_server.validation.profile.node import Node

_MOST = 4096
_STATED = frozenset({"code", "system", "version", "display"})
_Key: TypeAlias = tuple[Json, Json, Json, Json]


class Known:
    """The codes that passed one check, in memory of a bounded size."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: set[_Key] = set()

    def has(self, element: Element) -> bool:
        """Say whether a JSON Coding is among them."""
        get = element.get
        return (get("code"), get("system"), get("version"), get("display")) in self._keys

    def are_all(self, value: Json) -> bool:
        """Say whether JSON is Codings that are among them, and have nothing else to look at."""
        found = value if type(value) is list else [value]
        return all(
            type(each) is dict and each.keys() <= _STATED and self.has(each) for each in found
        )

    def has_any_of(self, node: Node) -> bool:
        """Say whether some code of a node is among them."""
        value = node.value
        if type(value) is str:
            return (value, None, None, None) in self._keys
        if node.type == "CodeableConcept":
            return any(map(self.has, value.get("coding", ())))
        return type(value) is dict and node.type != "Money" and self.has(value)

    def add(self, coding: Coding) -> None:
        """Remember a code."""
        if len(self._keys) >= _MOST:
            self._keys.clear()
        # What is not stated is not there in JSON.
        stated = coding.system or None, coding.version or None, coding.display or None
        self._keys.add((coding.code, *stated))
