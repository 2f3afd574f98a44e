"""One evaluation: what it may ask of the outside, what it has in hand, and what it has spent.

https://hl7.org/fhirpath/N1/#expressions
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fhir_server.fhir.resource import Resource
from fhir_server.fhirpath.errors import FhirPathLimitError
from fhir_server.fhirpath.item import Item, Items
from fhir_server.fhirpath.model import Model

# A second or two of work, at the worst. Of the invariants dom-3 takes the most: 27,000 for an
# ExplanationOfBenefit of 50 kB.
STEPS = 250_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What functions ask of others; one that is missing makes the function that wants it fail.

    `resolve` gives the resource of a reference, None where it cannot be had. `member_of` tells of
    a code, Coding or CodeableConcept whether it is in the value set of a URL, None where that is
    not known; `subsumes` whether the first code is above the second. `conforms_to` tells whether
    an item fits the profile of a URL; it raises FhirPathEvaluationError for an unknown one.
    `html_checks` tells whether a narrative is of the allowed subset. `now` gives the microseconds
    since 1970 UTC. `trace` is given what `trace()` sees.
    """

    resolve: Callable[[str], Resource | None] | None = None
    member_of: Callable[[Item, str], bool | None] | None = None
    subsumes: Callable[[Item, Item], bool | None] | None = None
    conforms_to: Callable[[Item, str], bool] | None = None
    html_checks: Callable[[str], bool] | None = None
    now: Callable[[], int] | None = None
    trace: Callable[[str, Items], None] | None = None


NO_PORTS = Ports()


class Run:
    """The state that all frames of one evaluation share."""

    __slots__ = ("left", "model", "now", "ports", "variables")

    def __init__(
        self, model: Model, ports: Ports, variables: Mapping[str, Items], steps: int
    ) -> None:
        self.model = model
        self.ports = ports
        self.variables = variables
        self.left = steps
        # The instant is asked for once, so that now() is the same throughout.
        self.now: int | None = None

    def spend(self, steps: int) -> None:
        """Take `steps` from what is left.

        Raises:
            FhirPathLimitError: There are not so many left.
        """
        self.left -= steps
        if self.left < 0:
            raise FhirPathLimitError("The expression takes more steps than are allowed.")


class Frame:
    """What `$this`, `$index` and `$total` are; `this` is the focus of paths."""

    __slots__ = ("index", "run", "this", "total")

    def __init__(self, run: Run, this: Items, index: int | None = None, total: Items = []) -> None:  # noqa: B006 - never changed
        self.run = run
        self.this = this
        self.index = index
        self.total = total


Evaluate = Callable[[Frame], Items]
