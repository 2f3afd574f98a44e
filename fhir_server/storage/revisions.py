"""Runs the migrations' steps with Alembic. https://alembic.sqlalchemy.org/ ."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config


def upgrade(connection: sa.Connection, folder: Path) -> None:
    """Apply the steps of `folder` that are missing, inside the transaction of `connection`."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
