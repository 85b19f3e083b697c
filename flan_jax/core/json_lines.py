"""Files with one JSON value a line, written by a run that may be killed and continued."""

from __future__ import annotations

import json
import os
import pathlib

__all__ = ["drop_lines_after"]


def drop_lines_after(path: pathlib.Path, step: int) -> int:
    """Rewrites a JSON-lines file without lines of later steps and without lines that a kill cut short.

    Returns how many lines went. A restart continues from its checkpoint, so what was logged after it happens again.
    """
    if not path.exists():
        return 0
    lines = path.read_text().splitlines()
    kept = []
    for line in lines:
        try:
            if json.loads(line).get("step", 0) <= step:
                kept.append(line)
        except ValueError:
            continue
    if len(kept) < len(lines):
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        partial.write_text("".join(line + "\n" for line in kept))
        os.replace(partial, path)
    return len(lines) - len(kept)
