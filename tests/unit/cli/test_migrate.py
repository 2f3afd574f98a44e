"""`handoff migrate` says what it does."""

from pathlib import Path

from click.testing import CliRunner

from fhir_server.cli.migrate import migrate
from fhir_server.settings import Settings


def test_each_revision_has_a_line_and_a_second_time_there_is_none(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/new/handoff.db")

    first = CliRunner().invoke(migrate, obj=settings)
    second = CliRunner().invoke(migrate, obj=settings)

    assert first.exit_code == second.exit_code == 0
    assert first.output.splitlines()[0].startswith("Running upgrade  -> 0001")
    assert second.output == "The schema is up to date.\n"
