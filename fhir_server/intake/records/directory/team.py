"""A unit as an Organization within its agency, a team as a CareTeam, and back.

https://hl7.org/fhir/R4/organization.html and https://hl7.org/fhir/R4/careteam.html
"""

from collections.abc import Sequence

from fhir_server.fhir.crisis import code_system, profile
from fhir_server.fhir.resource import Element, Resource
from fhir_server.intake import extension
from fhir_server.intake.build import concept, extended, identifier_of, of_type, set_if
from fhir_server.intake.record import Mapped
from fhir_server.intake.records.directory.mapping import TEAM
from fhir_server.intake.source import Source, external_id

_TYPE = code_system("crisis-organization-type")


def unit_to_fhir(record: Element, source: Source) -> Mapped:
    """Return the Organization of a unit."""
    found = _named("Organization", "unit", record, source)
    found["active"] = True
    found["type"] = [concept(_TYPE, "unit")]
    # org-1 is content with the identifier where the unit has no name.
    set_if(found, name=record.get("name"))
    found["partOf"] = _agency(record, source)
    return Mapped(resources=(found,))


def team_to_fhir(record: Element, source: Source) -> Mapped:
    """Return the CareTeam of a team."""
    found = _named("CareTeam", "team", record, source)
    found["status"] = "active"
    set_if(found, name=record.get("name"))
    found["managingOrganization"] = [_agency(record, source)]
    return Mapped(resources=(found,))


def _named(type_: str, kind: str, record: Element, source: Source) -> Resource:
    agency = record.get("agency")
    found: Resource = {
        "resourceType": type_,
        "id": source.id(kind, record["id"], agency),
        "meta": {"profile": [profile("crisis-unit" if kind == "unit" else "crisis-care-team")]},
    }
    extended(found, extension.written(record, TEAM, source))
    found["identifier"] = [{"system": source.system_of(kind, agency), "value": record["id"]}]
    return found


def _agency(record: Element, source: Source) -> Element:
    if "agency" in record:
        return source.reference("agency", record["agency"])
    return source.self_reference()


def unit_from_fhir(resources: Sequence[Resource]) -> Element:
    """Return the unit that an Organization was made from."""
    (unit,) = of_type(resources, "Organization")
    return _native(unit, "unit", unit["partOf"])


def team_from_fhir(resources: Sequence[Resource]) -> Element:
    """Return the team that a CareTeam was made from."""
    (team,) = of_type(resources, "CareTeam")
    return _native(team, "team", team["managingOrganization"][0])


def _native(resource: Resource, kind: str, agency: Element) -> Element:
    found: Element = {
        **extension.read(resource, TEAM),
        "id": identifier_of(resource, kind),
        "agency": external_id(agency),
        "name": resource.get("name"),
    }
    return {name: value for name, value in found.items() if value is not None}
