"""What lies in a patient's compartment, as an Expression. Pure.

https://hl7.org/fhir/R4/compartmentdefinition-patient.html : exactly the parameters that it names,
and Task.for, which R4 leaves out. A Patient is in its own compartment alone, whomever it links to.
"""

from functools import cache

from fhir_server.fhir.definitions import Definitions
from fhir_server.search.expression import Expression, Nothing, OwnerIs, RefersTo, any_of
from fhir_server.search.parameter import Parameter
from fhir_server.search.parameters import parameters

_NOT_IN_R4 = {"Task": ("patient",)}


def in_compartment(type_: str, patient_id: str, definitions: Definitions) -> Expression:
    """Return which resources of `type_` are about the Patient; `Nothing` where none can be."""
    if not patient_id:
        return Nothing()
    if type_ == "Patient":
        return OwnerIs(patient_id=patient_id)
    return any_of(
        *(
            RefersTo(parameter=parameter, type="Patient", id=patient_id)
            for parameter in compartment(definitions, type_)
        )
    )


@cache
def compartment(definitions: Definitions, type_: str) -> tuple[Parameter, ...]:
    """Return the parameters by which a resource of `type_` names its patients, in their order."""
    codes = definitions.compartment("Patient").get(type_, ()) or _NOT_IN_R4.get(type_, ())
    known = parameters(definitions, type_)
    return tuple(known[code] for code in codes if code in known)
