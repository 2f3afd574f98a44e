"""A SearchParameter resource, turned into what the server searches by: one definition per base.

https://hl7.org/fhir/R4/searchparameter.html
"""

from collections.abc import Iterable, Iterator

from fhir_server.fhir.definitions import SearchParameterDefinition, param_id
from fhir_server.fhir.resource import Resource, items


def parameter(source: Resource, base: str) -> SearchParameterDefinition | None:
    """Return the definition for one of the bases, None where the expression is about others."""
    expression = expression_of(base, source["expression"], source["base"])
    if not expression:
        return None
    return SearchParameterDefinition(
        base=base,
        code=source["code"],
        param_id=param_id(base, source["code"]),
        type=source["type"],
        url=source["url"],
        expression=expression,
        targets=tuple(sorted(source.get("target", ()))),
        components=tuple(
            (component["definition"], component["expression"])
            for component in items(source, "component")
        ),
    )


def expression_of(base: str, expression: str, bases: Iterable[str]) -> str:
    """Return the branches of a union that can apply to `base`: all that start at no other base.

    That is "" where there are none.
    """
    others = set(bases) - {base}
    return " | ".join(b for b in _branches(expression) if _first_name(b) not in others)


def _branches(expression: str) -> Iterator[str]:
    """Split at the `|` that stand outside of parentheses and quotes."""
    depth = start = 0
    is_quoted = False
    for position, character in enumerate(expression):
        is_quoted ^= character == "'" and expression[position - 1 : position] != "\\"
        if not is_quoted:
            depth += (character == "(") - (character == ")")
            if character == "|" and depth == 0:
                yield expression[start:position].strip()
                start = position + 1
    yield expression[start:].strip()


def _first_name(branch: str) -> str:
    return branch.lstrip("( ").partition(".")[0]
