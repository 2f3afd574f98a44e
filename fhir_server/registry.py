"""Discovery: one constant per module of a package, or the server refuses to start.

No decorators and no import-order effects; the registry knows no feature.
"""

import importlib
import pkgutil
from collections.abc import Container
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


class RegistryError(Exception):
    """A plug-in module exports no constant of its kind, or something else under its name."""


def discover(
    package: ModuleType, constant: str, kind: type[T], *, except_for: Container[str] = ()
) -> tuple[T, ...]:
    """Return the `constant` of every module and package directly inside `package`, by name.

    Modules named in `except_for` are not looked at.

    Raises:
        RegistryError: A module has no such constant, or it is not a `kind`.
    """
    names = sorted(
        found.name
        for found in pkgutil.iter_modules(package.__path__)
        if found.name not in except_for
    )
    return tuple(_constant(f"{package.__name__}.{name}", constant, kind) for name in names)


def _constant(module_name: str, constant: str, kind: type[T]) -> T:
    value = getattr(importlib.import_module(module_name), constant, None)
    if not isinstance(value, kind):
        raise RegistryError(f"`{module_name}` must export `{constant}`, one {kind.__name__}.")
    return value
