"""Which version of a code system is meant where a request has a say in it.

https://hl7.org/fhir/R4/valueset-operation-expand.html : `system-version` for value sets that name
none, `check-system-version` for the one that must be used, `force-system-version` for the one that
is used whatever the value set says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fhir_server.fhir import canonical
from fhir_server.fhir.outcome import InvalidRequestError, UnprocessableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Versions by the URL of their system."""

    default: Mapping[str, str] = field(default_factory=dict)
    check: Mapping[str, str] = field(default_factory=dict)
    force: Mapping[str, str] = field(default_factory=dict)

    def wanted(self, system: str, stated: str) -> str:
        """Return the version to be used where a value set states `stated`, "" for any.

        Raises:
            UnprocessableError: The value set wants another than the one that is checked.
        """
        version = self.force.get(system) or stated or self.default.get(system, "")
        must_be = self.check.get(system)
        if must_be is not None and version and not canonical.satisfies(version, must_be):
            raise UnprocessableError(
                f"Version `{must_be}` of `{system}` is required, but `{version}` would be used.",
                expression="check-system-version",
            )
        return version or must_be or ""


ANY = Versions()


def by_system(texts: Iterable[str], name: str) -> dict[str, str]:
    """Return the versions that `system|version` texts name.

    Raises:
        InvalidRequestError: One has no version; `name` is the parameter's.
    """
    found: dict[str, str] = {}
    for text in texts:
        system, _, version = text.partition("|")
        if not system or not version:
            raise InvalidRequestError(f"`{name}` must be `system|version`.", expression=name)
        found[system] = version
    return found
