"""Where the shared facts, data and peers lie: FLAN_JAX_SHARED, by default ../shared from the repository's root."""

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("FLAN_JAX_SHARED", ROOT.parent / "shared"))


def shared_path(relative: str) -> pathlib.Path:
    """The path below the shared folder; skips the test where it is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"{path} is absent: set FLAN_JAX_SHARED to the project's shared folder")
    return path
