"""The search parameters of a type, and which of them extraction leaves out, with the reason.

https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from fhir_server.fhir.definitions import Definitions, SearchParameterDefinition
from fhir_server.search.parameter import Parameter, SearchType

# Columns of the resource itself, which need no index rows.
ID = "_id"
LAST_UPDATED = "_lastUpdated"
COLUMNS = frozenset({ID, LAST_UPDATED})

_RESOLVES_TO = "where(resolve() is "
_BY_TYPE = {
    SearchType.SPECIAL: "special parameters each need code of their own",
}
_BY_NAME = {
    ("Bundle", "composition"): "the entry is part of the Bundle and not a resource of its own",
    ("Bundle", "message"): "the entry is part of the Bundle and not a resource of its own",
    ("DocumentReference", "relationship"): "its definition gives each part the other's element",
    ("Organization", "phonetic"): "no phonetic algorithm is built in",
    ("InsurancePlan", "phonetic"): "no phonetic algorithm is built in",
    ("Patient", "phonetic"): "no phonetic algorithm is built in",
    ("Person", "phonetic"): "no phonetic algorithm is built in",
    ("Practitioner", "phonetic"): "no phonetic algorithm is built in",
    ("RelatedPerson", "phonetic"): "no phonetic algorithm is built in",
}


def not_extracted(parameter: Parameter) -> str | None:
    """Return why `parameter` has no index rows, None where it has them."""
    reason = _BY_TYPE.get(parameter.type)
    return reason or _BY_NAME.get((parameter.base, parameter.code))


def searchable(definitions: Definitions, type_name: str) -> tuple[Parameter, ...]:
    """Return the parameters by which a resource type can be searched, by code.

    Raises:
        KeyError: There is no such resource type.
    """
    found = parameters(definitions, type_name).values()
    return tuple(parameter for parameter in found if not_extracted(parameter) is None)


@cache
def parameters(definitions: Definitions, type_name: str) -> Mapping[str, Parameter]:
    """Return the parameters of a resource type by code, those of every resource included.

    Raises:
        KeyError: There is no such resource type.
    """
    found = definitions.search_parameters(type_name)
    return MappingProxyType({code: _parameter(found[code]) for code in sorted(found)})


def _parameter(defined: SearchParameterDefinition) -> Parameter:
    return Parameter(
        base=defined.base,
        code=defined.code,
        param_id=defined.param_id,
        type=SearchType(defined.type),
        url=defined.url,
        expression=defined.expression,
        targets=_targets(defined),
        components=defined.components,
    )


def _targets(defined: SearchParameterDefinition) -> tuple[str, ...]:
    """Return the target types, without those that the expression itself rules out.

    `patient` of the clinical types, for one, is defined with the targets Group and Patient.
    """
    _, found, rest = defined.expression.partition(_RESOLVES_TO)
    if found and "|" not in rest:
        return (rest.partition(")")[0].strip(),)
    return defined.targets
