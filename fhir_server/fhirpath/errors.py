"""What can be wrong with an expression, and when it shows.

https://hl7.org/fhirpath/N1/ ; no message has a value of the data in it, only names and types.
"""


class FhirPathError(ValueError):
    """The expression cannot be used; the subclasses say why."""


class FhirPathSyntaxError(FhirPathError):
    """It is not of the grammar."""


class FhirPathSemanticError(FhirPathError):
    """It can mean nothing: an unknown function, type or element, or types that do not fit."""


class FhirPathEvaluationError(FhirPathError):
    """It has no result for this input: many items where one may be, or values that do not fit."""


class FhirPathLimitError(FhirPathError):
    """It is longer, deeper or takes more steps than an expression may."""
