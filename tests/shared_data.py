"""Test data that may not be part of the project: it stands beside the checkout, or not at all."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "shared" / "data"


def shared_data(name: str) -> Path:
    """Return the path of a file in ../shared/data; the test is skipped where it is not there."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"`{name}` is not beside the checkout (../shared/data)")
    return path
