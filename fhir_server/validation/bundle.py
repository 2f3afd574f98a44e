"""Bundles: identities of entries, links, what a search may answer.

https://hl7.org/fhir/R4/bundle.html ; what its invariants (bdl-1 to bdl-12) say is not said again.
"""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from fhir_server.fhir.resource import Element, items
from fhir_server.validation.composed import check_document, check_message
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import ERROR, WARNING, Problem, Report
from fhir_server.validation.resolution import FullUrl, Resolver, child_of

PROFILE = "http://hl7.org/fhir/StructureDefinition/Bundle"
# Their entries are named by what is asked for, and need no fullUrl.
_REQUESTS = frozenset({"transaction", "batch", "transaction-response", "batch-response"})
_PAGES = frozenset({"searchset", "history"})
_ONCE = frozenset({"self", "first", "previous", "prev", "next", "last"})
_PAGING = frozenset({"first", "previous", "prev", "next", "last"})


def check_bundle(bundle: Node, resolver: Resolver, report: Report) -> None:
    """Report what is wrong with a Bundle as a whole and with its entries' identities."""
    type_ = bundle.value.get("type")
    for entry in bundle.children("entry"):
        _check_full_url(entry, str(type_), report)
    _check_links(bundle, str(type_), report)
    entries = resolver.entries(bundle)
    if type_ == "searchset":
        _check_search(bundle, report)
    elif type_ == "document":
        check_document(bundle, entries, report)
    elif type_ == "message":
        check_message(bundle, entries, report)


def _check_full_url(entry: Node, type_: str, report: Report) -> None:
    url = FullUrl.of(entry.value)
    resource = next(iter(entry.children("resource")), None)
    if not url.text:
        is_outcome = resource is not None and resource.type == "OperationOutcome"
        if resource is not None and type_ not in _REQUESTS and not is_outcome:
            report.add(entry, _wrong("fullUrl", "An entry must have a `fullUrl`.", "required"))
        return
    if ":" not in url.text:
        report.add(entry, _wrong("fullUrl", "The `fullUrl` must be an absolute URL."), ".fullUrl")
    if resource is None or not url.type or not resource.tree.model.is_a(url.type, "Resource"):
        return
    posted = child_of(entry.value, "request").get("method") == "POST"
    named = url.type, url.id
    if not posted and named != (resource.type, resource.value.get("id")):
        text = (
            "A `fullUrl` that is a RESTful URL must end with the resource's type and id"
            if "id" in resource.value
            else "The resource must have the id that its `fullUrl`, a RESTful URL, ends with"
        )
        report.add(entry, _wrong("fullUrl", f"{text}."), ".fullUrl")


def _check_links(bundle: Node, type_: str, report: Report) -> None:
    seen: set[str] = set()
    for link in bundle.children("link"):
        relation = str(link.value.get("relation"))
        if relation in _ONCE and relation in seen:
            report.add(link, _wrong("link", f"There must be one link `{relation}` only."))
        if relation in _PAGING and type_ not in _PAGES:
            report.add(link, _wrong("link", f"A link `{relation}` is for pages of a search only."))
        seen.add(relation)


def _check_search(bundle: Node, report: Report) -> None:
    wanted = _searched(bundle.value)
    modes = False
    for entry in bundle.children("entry"):
        mode = child_of(entry.value, "search").get("mode")
        modes = modes or mode is not None
        for resource in entry.children("resource"):
            for problem in _found(resource, mode, wanted):
                report.add(resource, problem)
    if bundle.children("entry") and not modes:
        report.add(bundle, _wrong("search", "Entries should say their `search.mode`.", sev=WARNING))
    if all(link.get("relation") != "self" for link in _links(bundle.value)):
        text = "A link `self` should say what the search was."
        report.add(bundle, _wrong("search", text, sev=WARNING))


def _found(resource: Node, mode: str | None, wanted: frozenset[str]) -> Iterator[Problem]:
    """Yield what is wrong with a resource as an answer to a search for `wanted` types."""
    is_outcome = resource.type == "OperationOutcome"
    if mode == "outcome":
        if not is_outcome:
            yield _wrong("search", "What has the mode `outcome` must be an OperationOutcome.")
        return
    if "id" not in resource.value and not (is_outcome and mode is None):
        yield _wrong("search", "What a search found must have an id.")
    if mode == "include" or not wanted or resource.type in wanted:
        return
    if mode == "match":
        yield _wrong("search", f"`{resource.type}` is not what was searched for.")
    elif not is_outcome:
        text = f"`{resource.type}` is not what was searched for; its `search.mode` may be missing."
        yield _wrong("search", text, sev=WARNING)


def _links(bundle: Element) -> list[Element]:
    return [link for link in items(bundle, "link") if isinstance(link, dict)]


def _searched(bundle: Element) -> frozenset[str]:
    """Return the types that the link `self` says were searched for; empty if it does not tell."""
    for link in _links(bundle):
        if link.get("relation") != "self" or not isinstance(link.get("url"), str):
            continue
        try:
            url = urlsplit(link["url"])
        except ValueError:
            continue
        named = url.path.rstrip("/").rpartition("/")[2]
        if named[:1].isupper() and named.isalpha():
            return frozenset({named})
        types = parse_qs(url.query).get("_type", [])
        return frozenset(name for text in types for name in text.split(","))
    return frozenset()


def _wrong(rule: str, diagnostics: str, code: str = "invalid", *, sev: str = ERROR) -> Problem:
    return Problem(
        code=code, diagnostics=diagnostics, profile=PROFILE, rule=f"bundle-{rule}", severity=sev
    )
