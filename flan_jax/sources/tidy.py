"""White space that data sets leave around and inside their texts: a template sets a text into a sentence, where a blank
line at its end becomes a hole in the middle of the prompt."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["tidy"]

_LINE_END = re.compile(r"\s*?(?:<br ?/?>|\r\n|\n)", re.IGNORECASE)


def tidy(value: Any) -> Any:
    """`value`, a text or a tuple of texts, without white space around it or at the ends of its lines, and with a new
    line where it has a page's mark for one. Anything else comes back as it is."""
    if isinstance(value, str):
        return _LINE_END.sub("\n", value).strip()
    return tuple(map(tidy, value)) if isinstance(value, tuple) else value
