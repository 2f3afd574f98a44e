"""The shape of the house: sizes, frozen values, links to the specification, one error hierarchy."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "fhir_server"
MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if "migrations/versions" not in path.as_posix()
)
SPECIFIED = ("interactions", "operations", "search/params", "consent/rules", "smart")
MOST_LINES_OF_A_MODULE = 400
MOST_LINES_OF_A_FUNCTION = 40


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef))


def lines_of_code(function: ast.FunctionDef) -> int:
    """Lines of the body without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module_is_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES_OF_A_MODULE


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_functions_are_small(path: Path) -> None:
    long = [f.name for f in functions(path) if lines_of_code(f) > MOST_LINES_OF_A_FUNCTION]

    assert long == []


def dataclass_decorator(node: ast.ClassDef) -> ast.expr | None:
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(called, ast.Name) and called.id == "dataclass":
            return decorator
    return None


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_dataclasses_are_frozen(path: Path) -> None:
    thawed = [
        node.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        and (decorator := dataclass_decorator(node)) is not None
        and "frozen=True" not in ast.unparse(decorator)
    ]

    assert thawed == []


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if relative(path).startswith(SPECIFIED)],
    ids=relative,
)
def test_module_names_the_section_that_it_implements(path: Path) -> None:
    if path.name == "__init__.py" and len(path.read_text().splitlines()) <= 1:
        return

    assert "https://" in (ast.get_docstring(tree(path)) or path.read_text())


@pytest.mark.parametrize(
    "path", [path for path in MODULES if relative(path) != "fhir/outcome.py"], ids=relative
)
def test_fhir_errors_are_defined_in_one_module(path: Path) -> None:
    strangers = [
        node.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).endswith("FhirError") for base in node.bases)
    ]

    assert strangers == []


@pytest.mark.parametrize(
    "path", [path for path in MODULES if not relative(path).startswith("access/")], ids=relative
)
def test_only_access_makes_confined_queries(path: Path) -> None:
    confined = {"ConfinedRead", "ConfinedQuery", "ConfinedHistory"}
    made = [
        ast.unparse(node.func)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in confined
    ]

    assert made == []
