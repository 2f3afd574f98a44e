"""FHIRPath text to something that evaluates: `expression(text, model)` is the one entrance.

https://hl7.org/fhir/R4/fhirpath.html

The whole language. What search parameters use is compiled more narrowly, and is faster, in
`compile`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fhir_server.fhir.resource import Resource
from fhir_server.fhirpath.ast import Node
from fhir_server.fhirpath.compiler import Compiler
from fhir_server.fhirpath.errors import FhirPathLimitError
from fhir_server.fhirpath.evaluation import NO_PORTS, STEPS, Evaluate, Frame, Ports, Run
from fhir_server.fhirpath.function import Function, Static
from fhir_server.fhirpath.functions import (
    boundaries,
    clock,
    conversion,
    existence,
    fhir,
    filtering,
    numbers,
    strings,
    subsetting,
)
from fhir_server.fhirpath.item import Item, Items, resource_item
from fhir_server.fhirpath.model import Model
from fhir_server.fhirpath.parse import parse
from fhir_server.fhirpath.statics import Strictness

_LENIENT = Strictness()
STRICT = Strictness(types=True, single_as=True)
_MODULES = (
    existence,
    filtering,
    subsetting,
    conversion,
    strings,
    numbers,
    boundaries,
    clock,
    fhir,
)
FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {function.name: function for module in _MODULES for function in module.FUNCTIONS}
)
_NO_VARIABLES: Mapping[str, Items] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """An expression that is ready to be evaluated, any number of times and by any thread.

    `types` are the types of which its items can be, None where that is not known.
    """

    text: str
    node: Node
    model: Model
    types: frozenset[str] | None
    run: Evaluate

    def evaluate(
        self,
        focus: Item | Resource,
        *,
        variables: Mapping[str, Items] = _NO_VARIABLES,
        ports: Ports = NO_PORTS,
        steps: int = STEPS,
    ) -> Items:
        """Return the collection that the expression finds in `focus`.

        `variables` are without the percent sign; `resource` and `rootResource` are the focus where
        they are not given, and must be where the focus is an element.

        Raises:
            FhirPathEvaluationError: It has no result for this input.
            FhirPathLimitError: It takes more than so many `steps`.
        """
        item = focus if isinstance(focus, Item) else resource_item(focus)
        known = {"context": [item], "resource": [item], **variables}
        known.setdefault("rootResource", known["resource"])
        run = Run(self.model, ports, known, steps)
        try:
            # A list of the caller's own: those inside are shared.
            return list(self.run(Frame(run, [item])))
        except RecursionError:
            raise FhirPathLimitError("The expression goes too deep.") from None


def expression(
    text: str,
    model: Model,
    *,
    base: str | None = None,
    strictness: Strictness = _LENIENT,
    more: tuple[Function, ...] = (),
) -> Compiled:
    """Return the compiled form of `text`.

    Compiling takes a millisecond, so who evaluates an expression again keeps it. Nothing is kept
    here: texts come from outside, and there is no end of them.

    `base` is the type of the focus, which lets names be checked beforehand; `more` are functions
    beside those of FHIRPath and FHIR.

    Raises:
        FhirPathSyntaxError: It is malformed.
        FhirPathSemanticError: It can mean nothing.
        FhirPathLimitError: It is too long or too deep.
    """
    node = parse(text)
    functions = {**FUNCTIONS, **{function.name: function for function in more}}
    scope = Static(types=None if base is None else frozenset({base}), many=False)
    code = Compiler(model=model, functions=functions, strictness=strictness, scope=scope).compile(
        node
    )
    return Compiled(text=text, node=node, model=model, types=code.static.types, run=code.run)
