"""`python -m flan_jax.tasks.demonstrations [FOLDER]` prints what is kept of a folder's demonstrations and what is
dropped; the folder is DATA_DIR/human_demonstrations where none is named."""

import pathlib
import sys

from flan_jax.core.errors import FlanError
from flan_jax.core.terminal import visible
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.demonstrations.register import PUBLISHED
from flan_jax.tasks.demonstrations.source import DemonstrationSource


def main(arguments: list[str]) -> int:
    """0, or 2 for demonstrations that cannot be read."""
    download = PUBLISHED
    if arguments:
        folder = str(pathlib.Path(arguments[0]).resolve())
        download = Download("demonstrations", "your own JSONL files,", "your own", folder)
    try:
        print(visible("\n".join(DemonstrationSource(download).curated().lines())))
    except FlanError as error:
        print(visible(f"error: {error}"), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
