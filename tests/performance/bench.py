"""Run `handoff bench` on SQLite and on a PostgreSQL that is brought for it: `make bench`.

Further arguments are handed on, such as `--only W1 --runs 1`.
"""

import subprocess
import sys
from pathlib import Path

import psycopg

from tests.postgres import server

# Transaction Bundles for W6, where the operator has laid them beside the checkout.
ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "synthea-r4-48-patients.tar.xz"


def main() -> int:
    """Run both; the exit code is that of the first that failed."""
    arguments = sys.argv[1:]
    if ARCHIVE.exists():
        arguments += ["--archive", str(ARCHIVE)]
    command = [sys.executable, "-m", "fhir_server", "bench", *arguments]
    sqlite = subprocess.run(command, check=False).returncode
    with server(durable=True) as url:
        with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench")
        postgresql = subprocess.run([*command, "--database", f"{url}/bench"], check=False)
    return sqlite or postgresql.returncode


if __name__ == "__main__":
    sys.exit(main())
