"""Small profiles, and what a validator says of resources by them."""

from collections.abc import Sequence
from functools import cache

from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.packages.built_in import core
from fhir_server.packages.complete import complete
from fhir_server.packages.packages import Packages
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.profile.report import DEFAULT, Options
from fhir_server.validation.validator import Validator
from tests.packages import BASE, URL, profile

__all__ = ["BASE", "URL", "an_extension", "element", "found", "profile", "rules", "validator"]
# 2026-03-04T15:02:11Z
NOW = 1_772_636_531_000_000


def element(id_: str, **said: Json) -> Element:
    """Return an ElementDefinition of a differential; its path follows from its id."""
    path = ".".join(step.partition(":")[0] for step in id_.split("."))
    slice_ = id_.rpartition(".")[2].partition(":")[2]
    names = {"sliceName": slice_} if slice_ else {}
    return {"id": id_, "path": path, **names, **said}


def an_extension(name: str, *elements: Element, **more: Json) -> Resource:
    """Return the definition of an extension, for any element unless `more` says otherwise."""
    contexts = [{"type": "element", "expression": "Element"}]
    fixed = element("Extension.url", fixedUri=URL + name)
    said = {"kind": "complex-type", "context": contexts, **more}
    return profile(name, "Extension", [fixed, *elements], **said)


def validator(*resources: Resource) -> Validator:
    """Return a validator that knows `resources` beside the specification."""
    done, warnings = complete(resources, core().resolve)
    assert not warnings
    packages = Packages.of(done, base=core())
    return Validator(load(), packages, Terminology([packages]))


@cache
def plain() -> Validator:
    """Return a validator that knows the specification alone."""
    return Validator(load(), core(), Terminology([core()]))


def found(
    resource: Resource,
    *definitions: Resource,
    profiles: Sequence[str] = (),
    options: Options = DEFAULT,
) -> list[Issue]:
    """Return the errors of `resource` by the first of `definitions`, or by `profiles`."""
    wanted = profiles or [str(each["url"]) for each in definitions[:1]]
    asked = validator(*definitions) if definitions else plain()
    issues = asked.validate(resource, profiles=wanted, options=options)
    return [issue for issue in issues if issue.severity == "error"]


def rules(issues: Sequence[Issue]) -> list[tuple[str | None, str | None]]:
    """Return the rule and the place of each issue."""
    return [(issue.rule, issue.expression) for issue in issues]
