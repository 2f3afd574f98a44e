"""Compartments: what is about one patient, encounter, practitioner or related person.

https://hl7.org/fhir/R4/compartmentdefinition.html : exactly the parameters that the definition
names. R4's Patient compartment has no Task, which lies with the patient it is for.
"""

from fhir_server.fhir.definitions import Definitions
from fhir_server.search.expression import Expression, IdIs, RefersTo, any_of
from fhir_server.search.parameters import parameters

COMPARTMENTS = ("Patient", "Encounter", "Practitioner", "RelatedPerson", "Device")
_NOT_IN_R4 = {("Patient", "Task"): ("patient",)}


def types_of(compartment: str, definitions: Definitions) -> tuple[str, ...]:
    """Return the types of which something can be in a compartment, its own type among them."""
    named = {type_ for of, type_ in _NOT_IN_R4 if of == compartment}
    return tuple(sorted({*definitions.compartment(compartment), *named, compartment}))


def membership(
    compartment: str, id_: str, type_: str, definitions: Definitions
) -> Expression | None:
    """Return which resources of `type_` are in the compartment of `compartment`/`id_`.

    None where the type has no place in it.
    """
    codes = definitions.compartment(compartment).get(type_, ())
    codes = codes or _NOT_IN_R4.get((compartment, type_), ())
    known = parameters(definitions, type_)
    found: list[Expression] = [
        RefersTo(parameter=known[code], type=compartment, id=id_) for code in codes if code in known
    ]
    if type_ == compartment:
        found.append(IdIs(ids=(id_,)))
    return any_of(*found) if found else None
