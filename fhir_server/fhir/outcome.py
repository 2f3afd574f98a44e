"""Errors and the OperationOutcome that each becomes: the only table of status codes.

https://hl7.org/fhir/R4/operationoutcome.html and https://hl7.org/fhir/R4/http.html#Status-Codes

Messages are for the client's developer: the fault and its remedy, the caller's own input in
backticks, and never health data that the server holds.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from typing_extensions import override

_EXTENSION = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One OperationOutcome.issue.

    `code` is of https://hl7.org/fhir/R4/valueset-issue-type.html, `expression` a FHIRPath from the
    root of the submitted resource (or `http.<header>`, or a search parameter's name). `change` is
    the place of the resource among the changes of its commit, where there were several; a
    transaction turns it into the entry's FHIRPath. `profile` is the canonical URL of the definition
    that the resource does not fit, and `rule` what in it: the key of a constraint, or one of
    `cardinality`, `binding`, `slicing` and the like. `line` and `column` count from 1.
    """

    severity: str = "error"
    code: str
    diagnostics: str
    expression: str | None = None
    change: int = 0
    profile: str | None = None
    rule: str | None = None
    line: int | None = None
    column: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the BackboneElement `OperationOutcome.issue`."""
        issue: dict[str, Any] = {"severity": self.severity, "code": self.code}
        found = (
            (f"{_EXTENSION}operationoutcome-authority", "valueUri", self.profile),
            (f"{_EXTENSION}operationoutcome-issue-line", "valueInteger", self.line),
            (f"{_EXTENSION}operationoutcome-issue-col", "valueInteger", self.column),
        )
        extensions = [{"url": url, name: value} for url, name, value in found if value is not None]
        if extensions:
            issue = {"extension": extensions, **issue}
        if self.rule is not None:
            issue["details"] = {"text": self.rule}
        issue["diagnostics"] = self.diagnostics
        if self.expression is not None:
            issue["expression"] = [self.expression]
        return issue


class FhirError(Exception):
    """A refusal that the client is told about; `status` is the HTTP status."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "exception"

    def __init__(
        self,
        diagnostics: str,
        *,
        expression: str | None = None,
        issues: tuple[Issue, ...] = (),
    ) -> None:
        super().__init__(diagnostics)
        only = Issue(code=self.code, diagnostics=diagnostics, expression=expression)
        self.issues: tuple[Issue, ...] = issues or (only,)

    def headers(self) -> dict[str, str]:
        """Return the response headers that belong to this refusal."""
        return {}


class InvalidResourceError(FhirError):
    """The body cannot be read as the resource that it claims to be."""

    status = 400
    code = "structure"


class InvalidRequestError(FhirError):
    """The request itself (URL, header, Bundle.entry.request) is malformed."""

    status = 400
    code = "invalid"


class InvalidSearchError(FhirError):
    """A search parameter, modifier, prefix or value is unknown or malformed."""

    status = 400
    code = "invalid"


class UnauthorizedError(FhirError):
    """No valid access token was presented."""

    status = 401
    code = "login"

    @override
    def headers(self) -> dict[str, str]:
        """Return the challenge of https://www.rfc-editor.org/rfc/rfc6750#section-3."""
        return {"WWW-Authenticate": 'Bearer realm="fhir"'}


class ForbiddenError(FhirError):
    """The token's scopes or registration do not allow the interaction at all."""

    status = 403
    code = "forbidden"


class NotFoundError(FhirError):
    """Absent, or not to be disclosed to this caller: the two look the same."""

    status = 404
    code = "not-found"


class MethodNotAllowedError(FhirError):
    """The interaction does not exist at this URL."""

    status = 405
    code = "not-supported"

    def __init__(self, diagnostics: str, *, allow: tuple[str, ...] = ("GET", "HEAD")) -> None:
        super().__init__(diagnostics)
        self.allow = allow

    @override
    def headers(self) -> dict[str, str]:
        """Return Allow, which https://www.rfc-editor.org/rfc/rfc9110#status.405 demands."""
        return {"Allow": ", ".join(self.allow)}


class NotAcceptableError(FhirError):
    """None of the formats asked for can be given."""

    status = 406
    code = "not-supported"


class ConflictError(FhirError):
    """The write collides with the state of the server."""

    status = 409
    code = "conflict"


class CollisionError(ConflictError):
    """Another writer took the same identity first."""


class ConditionChangedError(ConflictError):
    """What a conditional change was to depend on changed while it was made; it is tried again."""

    def __init__(self) -> None:
        super().__init__("What the condition finds keeps changing; try again.")


class ReplayedError(ConflictError):
    """The message was taken before; `result` is what it was answered then."""

    def __init__(self, result: bytes) -> None:
        super().__init__("This message was taken before.")
        self.result = result


class StaleError(ConflictError):
    """A record of the same or a newer version was taken before."""

    def __init__(self) -> None:
        super().__init__("The record is known in this version or a newer one.")


class GoneError(FhirError):
    """The resource was deleted."""

    status = 410
    code = "deleted"


class VersionConflictError(FhirError):
    """`If-Match` names a version that is not the current one."""

    status = 412
    code = "conflict"


class PreconditionError(FhirError):
    """The criteria of a conditional interaction find too many, or not what must be."""

    status = 412
    code = "multiple-matches"


class TooLargeError(FhirError):
    """The body is larger than the server takes."""

    status = 413
    code = "too-long"


class UnsupportedMediaTypeError(FhirError):
    """The body's format is not one that the server reads."""

    status = 415
    code = "not-supported"


class UnprocessableError(FhirError):
    """The resource is readable but breaks a rule of its definition or of this server."""

    status = 422
    code = "processing"


class PackageError(UnprocessableError):
    """A file is no FHIR package, or a damaged one."""


class TooCostlyError(FhirError):
    """The answer would take more work, or be larger, than the server affords."""

    status = 422
    code = "too-costly"


class NotSupportedError(FhirError):
    """The specification has it, this server does not (yet)."""

    status = 501
    code = "not-supported"


class UnavailableError(FhirError):
    """The database is busy or away; try again after `retry_after_seconds`."""

    status = 503
    code = "transient"

    def __init__(self, diagnostics: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(diagnostics)
        self.retry_after_seconds = retry_after_seconds

    @override
    def headers(self) -> dict[str, str]:
        """Return Retry-After, in seconds."""
        return {"Retry-After": str(self.retry_after_seconds)}


class RetryError(UnavailableError):
    """The transaction collided with another; storage tries again a bounded number of times."""


class UnknownProfileError(UnprocessableError):
    """A profile that is asked for is in no package that is loaded."""

    code = "not-found"


class StorageError(FhirError):
    """The database refused a statement: a fault of the server, told without values."""


def operation_outcome(issues: tuple[Issue, ...]) -> dict[str, Any]:
    """Return the OperationOutcome resource for `issues`."""
    return {"resourceType": "OperationOutcome", "issue": [issue.as_json() for issue in issues]}


def not_found() -> NotFoundError:
    """Return the one answer for what is absent and for what is withheld."""
    return NotFoundError("No such resource is known to you at this URL.")
