"""Definitions are found by canonical URL, with and without a version."""

from fhir_server.fhir.resource import Resource
from fhir_server.packages.packages import Packages

URL = "http://a.org/ValueSet/x"


def value_set(version: str, title: str = "", url: str = URL) -> Resource:
    return {"resourceType": "ValueSet", "url": url, "version": version, "title": title}


def title_of(packages: Packages, canonical: str) -> str | None:
    found = packages.resolve("ValueSet", canonical)
    return None if found is None else f"{found['version']} {found['title']}".strip()


def test_without_a_version_the_newest_is_found() -> None:
    packages = Packages.of([value_set("2.9.0"), value_set("2.10.0"), value_set("1.0")])
    assert title_of(packages, URL) == "2.10.0"


def test_a_version_finds_that_version() -> None:
    packages = Packages.of([value_set("2.9.0"), value_set("2.10.0")])
    assert title_of(packages, f"{URL}|2.9.0") == "2.9.0"
    assert title_of(packages, f"{URL}|3.0.0") is None


def test_a_part_of_a_version_finds_the_newest_of_those() -> None:
    packages = Packages.of([value_set("2.1.0"), value_set("2.1.3"), value_set("2.2.0")])
    assert title_of(packages, f"{URL}|2.1") == "2.1.3"


def test_an_exact_version_wins_over_one_that_begins_so() -> None:
    packages = Packages.of([value_set("2.1"), value_set("2.1.3")])
    assert title_of(packages, f"{URL}|2.1") == "2.1"


def test_of_the_same_version_the_later_package_wins() -> None:
    first = Packages.of([value_set("1.0", "first")])
    both = Packages.of([value_set("1.0", "second")], base=first)
    assert title_of(both, URL) == "1.0 second"
    assert title_of(both, f"{URL}|1.0") == "1.0 second"


def test_what_is_of_another_type_or_unknown_is_not_found() -> None:
    packages = Packages.of([value_set("1.0")])
    assert packages.resolve("CodeSystem", URL) is None
    assert packages.resolve("ValueSet", "http://a.org/ValueSet/y") is None


def test_urls_and_resources_are_listed_by_type() -> None:
    packages = Packages.of(
        [value_set("1.0"), value_set("2.0"), value_set("1.0", url="http://a.org/ValueSet/a")]
    )
    assert packages.urls("ValueSet") == ("http://a.org/ValueSet/a", URL)
    assert [found["version"] for found in packages.resources("ValueSet")] == ["1.0", "2.0", "1.0"]
    assert packages.urls("CodeSystem") == ()
