"""Write the generated tables of the documentation; `make check` fails where they are stale."""

from dataclasses import fields
from pathlib import Path

from fhir_server.settings import Settings

ROOT = Path(__file__).parents[1]


def between(text: str, name: str, table: str) -> str:
    """Return `text` with what stands between the markers of `name` replaced by `table`."""
    begin, end = f"<!-- {name}: generated -->", f"<!-- /{name} -->"
    head, rest = text.split(begin, 1)
    _, tail = rest.split(end, 1)
    return f"{head}{begin}\n{table}\n{end}{tail}"


def settings_table() -> str:
    """Return the table of every setting: variable, default, meaning with its unit."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for found in fields(Settings):
        unit = f" ({found.metadata['unit']})" if found.metadata["unit"] else ""
        default = f"`{found.default}`" if found.default != "" else ""
        rows.append(f"| `{found.name.upper()}` | {default} | {found.metadata['meaning']}{unit} |")
    return "\n".join(rows)


def main() -> None:
    """Rewrite the README's table of settings."""
    readme = ROOT / "README.md"
    readme.write_text(between(readme.read_text(), "settings", settings_table()))


if __name__ == "__main__":
    main()
