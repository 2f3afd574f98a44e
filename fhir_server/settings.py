"""Every setting of the server: name, type, unit, default and meaning, read once at start.

The README's table is generated from the fields (cli/docs.py), so a setting cannot go undocumented.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar


class SettingError(Exception):
    """An environment variable has a value that the setting cannot take."""


Value = TypeVar("Value", str, int)


def _setting(default: Value, meaning: str, unit: str = "") -> Value:
    return field(default=default, metadata={"meaning": meaning, "unit": unit})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The environment variable of a field is its name in capitals."""

    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8080, "port to listen on")
    base_url: str = _setting(
        "", "public address of the server without /fhir; empty: http://HOST:PORT"
    )
    database_url: str = _setting(
        "sqlite:///var/handoff.db",
        "sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME",
    )
    workers: int = _setting(2, "server processes")
    trusted_proxies: str = _setting(
        "", "addresses or networks, comma-separated, whose forwarded headers are believed"
    )
    demo_people: int = _setting(1000, "people of the demo written into an empty database; 0: none")
    demo_seed: int = _setting(1, "seed of the demo")
    demo_until: str = _setting("", "last day of the demo, YYYY-MM-DD; empty: yesterday")
    demo_keys: str = _setting("var/demo-keys", "folder where the demo clients' keys are kept")
    token_seconds: int = _setting(300, "life of an access token", "s")
    secret_key_file: str = _setting(
        "var/secret-key",
        "file with the secret that seals keys and second factors in the database; made if absent",
    )
    jwks_hosts: str = _setting(
        "", "hosts inside the network, comma-separated, where clients' jwks_uri may point"
    )
    session_minutes: int = _setting(30, "a login ends when nobody has stirred for so long", "min")
    default_count: int = _setting(20, "entries of a page without _count")
    max_count: int = _setting(1000, "most entries of a page")
    max_body_bytes: int = _setting(64_000_000, "largest request body", "bytes")
    packages_dir: str = _setting(
        "var/packages", "folder of the FHIR packages (.tgz) that are loaded at start"
    )
    required_profiles: str = _setting(
        "",
        "profiles (canonical URLs, comma-separated) of which a resource of their type must fit one"
        " to be stored",
    )
    lock_wait_seconds: int = _setting(10, "longest wait for the SQLite writer", "s")
    suppression_threshold: int = _setting(
        11, "counts from 1 to below this are hidden in published measures"
    )

    @property
    def public_url(self) -> str:
        """The server's address as clients see it, without a trailing slash."""
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def fhir_base(self) -> str:
        """The FHIR base URL, without a trailing slash."""
        return f"{self.public_url}/fhir"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Return the settings of `environ`; what is absent or empty has its default.

        Raises:
            SettingError: A number is not one.
        """
        values: dict[str, Any] = {
            found.name: _read(found.name, found.type, environ[found.name.upper()])
            for found in fields(cls)
            if environ.get(found.name.upper())
        }
        return cls(**values)


def _read(name: str, kind: object, text: str) -> str | int:
    if kind is not int:
        return text
    try:
        return int(text)
    except ValueError:
        raise SettingError(f"{name.upper()} must be a whole number, not `{text}`.") from None
