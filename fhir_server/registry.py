"""Discovery: one constant per module of a package, or the server refuses to start.

No decorators and no import-order effects; the registry knows no feature.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


class RegistryError(Exception):
    """A plug-in module exports no constant of its kind, or something else under its name."""


def names(package: ModuleType) -> tuple[str, ...]:
    """Return the names of the modules and packages directly inside `package`, sorted."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(package.__path__)))


def one(package: ModuleType, name: str, constant: str, kind: type[T]) -> T:
    """Return the `constant` of the module `name` of `package`.

    Raises:
        RegistryError: The module has no such constant, or it is not a `kind`.
    """
    return _constant(f"{package.__name__}.{name}", constant, kind)


def discover(package: ModuleType, constant: str, kind: type[T]) -> tuple[T, ...]:
    """Return the `constant` of every module and package directly inside `package`, by name.

    Raises:
        RegistryError: A module has no such constant, or it is not a `kind`.
    """
    return tuple(one(package, name, constant, kind) for name in names(package))


def _constant(module_name: str, constant: str, kind: type[T]) -> T:
    value = getattr(importlib.import_module(module_name), constant, None)
    if not isinstance(value, kind):
        raise RegistryError(f"`{module_name}` must export `{constant}`, one {kind.__name__}.")
    return value
