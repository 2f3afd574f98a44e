"""The directory: agencies, their units, teams, responders and services.

Nobody may write another agency's entries: an agency's record is its own or one whose `parent` it
is, and a unit, team or service is one of the agency that it names.
"""

from collections.abc import Iterator

from fhir_server.fhir import dates
from fhir_server.fhir.resource import Element
from fhir_server.intake.fault import Fault
from fhir_server.intake.record import Kind, Record
from fhir_server.intake.records.directory import agency, responder, schema, service, team


def _check_agency(record: Element) -> Iterator[Fault]:
    program = record.get("part2Program", {})
    start, end = program.get("from"), program.get("to")
    if start and end and dates.parse(start).lo >= dates.parse(end).hi:
        yield Fault(path="part2Program.to", message="This is before `from`.")


def _agency_of(record: Element) -> tuple[str, ...]:
    return (record["agency"],) if "agency" in record else ()


def _agency_or_parent(record: Element) -> tuple[str, ...]:
    return (record["id"], record["parent"]) if "parent" in record else (record["id"],)


RECORD = Record(
    path="directory",
    kinds=(
        Kind(
            name="agency",
            plural="agencies",
            schema=schema.AGENCY,
            belongs_to=_agency_or_parent,
            check=_check_agency,
            to_fhir=agency.to_fhir,
            from_fhir=agency.from_fhir,
        ),
        Kind(
            name="unit",
            plural="units",
            schema=schema.UNIT,
            belongs_to=_agency_of,
            to_fhir=team.unit_to_fhir,
            from_fhir=team.unit_from_fhir,
        ),
        Kind(
            name="team",
            plural="teams",
            schema=schema.TEAM,
            belongs_to=_agency_of,
            to_fhir=team.team_to_fhir,
            from_fhir=team.team_from_fhir,
        ),
        Kind(
            name="responder",
            plural="responders",
            schema=schema.RESPONDER,
            to_fhir=responder.to_fhir,
            from_fhir=responder.from_fhir,
        ),
        Kind(
            name="service",
            plural="services",
            schema=schema.SERVICE,
            belongs_to=_agency_of,
            to_fhir=service.to_fhir,
            from_fhir=service.from_fhir,
        ),
    ),
)
