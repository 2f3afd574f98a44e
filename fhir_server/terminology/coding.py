"""A code of a system, and what terminology can say about it.

https://hl7.org/fhir/R4/datatypes.html#Coding and https://hl7.org/fhir/R4/terminology-service.html

What is not here is not thereby wrong: a `Membership` without a result says that this server
cannot tell, and its message says what is missing.
"""

from dataclasses import dataclass, replace

from fhir_server.fhir.resource import Element, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """`system` and `version` "" where they are not stated; so `display`."""

    code: str
    system: str = ""
    version: str = ""
    display: str = ""

    @classmethod
    def of(cls, element: Element) -> "Coding":
        """Return the Coding that a JSON `Coding` is; what is no text counts as not stated."""
        get = element.get
        code, system, version, display = get("code"), get("system"), get("version"), get("display")
        return cls(
            code=code if isinstance(code, str) else "",
            system=system if isinstance(system, str) else "",
            version=version if isinstance(version, str) else "",
            display=display if isinstance(display, str) else "",
        )

    @property
    def name(self) -> str:
        """The code with its system, as messages write it."""
        return f"{self.system}#{self.code}" if self.system else self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Whether a code is of a value set or system; `result` None: it cannot be told here.

    `message` says why where the result is not True, and what is amiss where it is (a display that
    is not one of the concept's, a code that is inactive); `code` is the issue type of the message.
    `display` is the concept's own, `system` and `version` are where it was found. `normal` is how
    the system spells the code, where that differs from what was asked. `display_is_wrong`: a
    display was given that is none of the concept's. `is_ambiguous`: without a system, the code is
    one of several.
    """

    result: bool | None
    message: str = ""
    code: str = ""
    display: str | None = None
    normal: str | None = None
    system: str = ""
    version: str = ""
    inactive: bool = False
    display_is_wrong: bool = False
    is_ambiguous: bool = False

    def but(self, **changes: Json) -> "Membership":
        """Return this with some things said otherwise."""
        return replace(self, **changes)
