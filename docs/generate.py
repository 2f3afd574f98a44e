"""Write the generated tables of the documentation; `make check` fails where they are stale."""

import json
from dataclasses import fields
from pathlib import Path

from guide_tables import tables, write_measures

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


def suites_table() -> str:
    """Return the table of the published results of suites: cases, passed, failed, not compared."""
    rows = [
        "| suite | digest | cases | passed | failed | not compared |",
        "|---|---|---|---|---|---|",
    ]
    for path in sorted((ROOT / "conformance" / "results").glob("*/*.json")):
        result = json.loads(path.read_text())
        if "cases" in result:
            skipped = result.get("not compared", 0)
            failed = str(result["total"] - result["passed"] - skipped)
            if "missed errors" in result:
                kinds = (f"{result[name]} {name}" for name in ("missed errors", "false alarms"))
                failed += f" ({', '.join(kinds)})"
            link = f"[{result['suite']}](results/{path.parent.name}/{path.name})"
            digest = f"`{result['sha256'][:12]}`"
            cells = (link, digest, result["total"], result["passed"], failed, skipped)
            rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(rows)


def main() -> None:
    """Rewrite the guide's measures and the tables of all pages."""
    write_measures(ROOT / "profiles")
    guide = ROOT / "docs" / "guides" / "implementation-guide.md"
    for name, path, table in (
        ("settings", ROOT / "README.md", settings_table()),
        ("suites", ROOT / "conformance" / "README.md", suites_table()),
        *((name, guide, table) for name, table in tables(ROOT).items()),
    ):
        path.write_text(between(path.read_text(), name, table))


if __name__ == "__main__":
    main()
