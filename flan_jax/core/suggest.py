"""Near misses for misspelt names."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], limit: int = 3) -> str:
    """`"; did you mean A, B?"` for the nearest of `known`, or an empty string."""
    known = list(known)
    nearest = difflib.get_close_matches(name, known, n=limit, cutoff=0.6)
    if not nearest:
        folded = {item.lower(): item for item in known}
        nearest = [folded[m] for m in difflib.get_close_matches(name.lower(), folded, n=limit, cutoff=0.6)]
    return f"; did you mean {', '.join(nearest)}?" if nearest else ""
