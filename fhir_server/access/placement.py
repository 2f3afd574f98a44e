"""Whose a resource is: the compartment that it lies in.

https://hl7.org/fhir/R4/compartmentdefinition-patient.html ; R4's compartment has no Task, which
lies with the patient it is for. The first patient named is the owner, further ones have a say too
(storage keeps them as compartment rows). A Patient owns itself, whomever it links to. What names
no patient and is not directory data owns itself, so that an anonymous contact is shared with
nobody.
"""

from dataclasses import dataclass

from fhir_server.access.compartment import compartment
from fhir_server.access.directory import is_directory
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.resource import Resource, id_of, type_of
from fhir_server.search.indexed import Indexed
from fhir_server.storage.rows import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """`owner` None: directory data. `others` are further patients; neither need exist yet."""

    owner: Address | None
    others: tuple[Address, ...] = ()

    @property
    def patient(self) -> Address | None:
        """The owner, where it is a Patient."""
        return self.owner if self.owner is not None and self.owner[0] == "Patient" else None


def place(resource: Resource, indexed: Indexed, definitions: Definitions) -> Placement:
    """Return where `resource` lies; `indexed` are the index values of the same."""
    if is_directory(resource):
        return Placement(owner=None)
    itself = (type_of(resource), id_of(resource))
    if type_of(resource) == "Patient":
        return Placement(owner=itself)
    parameters = compartment(definitions, type_of(resource))
    patients = _patients(indexed, tuple(found.param_id for found in parameters))
    if not patients:
        return Placement(owner=itself)
    return Placement(owner=patients[0], others=patients[1:])


def _patients(indexed: Indexed, param_ids: tuple[int, ...]) -> tuple[Address, ...]:
    """Return the Patients referred to by these parameters, in their order, each once."""
    found: dict[Address, None] = {}
    for param_id in param_ids:
        for value in indexed.references:
            if value.param_id == param_id and value.type == "Patient" and value.id is not None:
                found[("Patient", value.id)] = None
    return tuple(found)
