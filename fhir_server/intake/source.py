"""Who hands a record in, and how its own ids become FHIR ids and references.

The id of a resource follows from (kind of record, agency, external id) under the secret namespace
of the deployment, so that a reference can be written before its record arrives, and nobody outside
can compute it. Each reference also carries the external id as Reference.identifier
(https://hl7.org/fhir/R4/references.html#logical), which is how a record is read back.
"""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

from fhir_server.access.identity import Identify
from fhir_server.fhir.crisis import identifier_system
from fhir_server.fhir.resource import Element

__all__ = ["TARGETS", "Identify", "Source", "agency_in", "agency_system", "external_id"]

# What can be referred to: kind -> (resource type, name of its identifier system).
TARGETS = {
    "agency": ("Organization", "agency"),
    "unit": ("Organization", "unit"),
    "team": ("CareTeam", "team"),
    "responder": ("Practitioner", "responder"),
    "service": ("HealthcareService", "service"),
    "person": ("Patient", "person"),
    "crisisEncounter": ("Encounter", "encounter"),
    "episode": ("EpisodeOfCare", "episode"),
    "referral": ("ServiceRequest", "referral"),
    "consent": ("Consent", "consent"),
    "safetyPlan": ("CarePlan", "safety-plan"),
    "responsePlan": ("CarePlan", "response-plan"),
    "assessment": ("QuestionnaireResponse", "assessment"),
    "followUp": ("Task", "follow-up"),
}
_PART = "\x1f"  # no external id can contain it


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The `source` of a message, resolved.

    `agency` is the agency's native id, `organization` the logical id of its Organization; `sent_at`
    is the message's time as sent; `digest` the SHA-256 of the record, in hexadecimal.
    """

    agency: str
    organization: str
    identify: Identify
    system: str = ""
    message_id: str = ""
    sent_at: str = ""
    digest: str = ""

    def id(self, kind: str, external_id: str, agency: str | None = None) -> str:
        """Return the logical id of the resource that a record of `kind` becomes."""
        if kind == "agency":
            # Agencies are named by all alike; this one may have got its id elsewhere.
            own = external_id == self.agency
            return self.organization if own else self.identify(kind, "", external_id)
        return self.identify(kind, agency or self.agency, external_id)

    def part_id(self, kind: str, external_id: str, part: str) -> str:
        """Return the logical id of a further resource that the record becomes."""
        return self.identify(kind, self.agency, f"{external_id}{_PART}{part}")

    def system_of(self, kind: str, agency: str | None = None) -> str:
        """Return the identifier system of the external ids of `kind`."""
        _, name = TARGETS[kind]
        return agency_system(name, "" if kind == "agency" else agency or self.agency)

    def reference(self, kind: str, external_id: str, agency: str | None = None) -> Element:
        """Return a reference to what a record of `kind` becomes, or is going to."""
        resource_type, _ = TARGETS[kind]
        return {
            "reference": f"{resource_type}/{self.id(kind, external_id, agency)}",
            "identifier": {"system": self.system_of(kind, agency), "value": external_id},
        }

    def self_reference(self) -> Element:
        """Return a reference to the agency that nobody wrote: it has no identifier."""
        return {"reference": f"Organization/{self.organization}"}


def external_id(reference: Element | None) -> str | None:
    """Return the external id that a reference was written from, or None."""
    if reference is None or "identifier" not in reference:
        return None
    value = reference["identifier"].get("value")
    return value if isinstance(value, str) else None


@lru_cache(maxsize=1024)
def agency_system(name: str, agency: str) -> str:
    """Return the identifier system `name` of an agency, whose id may hold any character."""
    return identifier_system(name, quote(agency, safe=""))


def agency_in(system: str, name: str) -> str | None:
    """Return the agency of an identifier system `.../sid/{name}/{agency}`, or None."""
    prefix = identifier_system(name) + "/"
    return unquote(system.removeprefix(prefix)) if system.startswith(prefix) else None
