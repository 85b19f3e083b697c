"""How much longer a tokenizer.json's steps may make a text, told from the file: `a` becomes `aa` thirty times is 9 GB.

Only steps whose growth the file itself chooses are counted. Unicode's own normal forms, which many tokenizers have,
make a text at most a fixed number of times as long.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping
from typing import Any

MAX_GROWTH = 256.0  # T5's is below 70
MAX_STEPS = 64

__all__ = ["MAX_GROWTH", "MAX_STEPS", "growth", "why_too_much"]


def why_too_much(tokenizer: Any) -> str | None:
    """Why the steps of a tokenizer.json are refused; None where they are not.

    Args:
      tokenizer: the file's content, as JSON values.
    """
    if not isinstance(tokenizer, Mapping):
        return "it holds no JSON object"
    for part in ("normalizer", "pre_tokenizer", "decoder", "post_processor"):
        steps = list(_steps(tokenizer.get(part)))
        if len(steps) > MAX_STEPS:
            return f"its {part} has {len(steps):,} steps; the most is {MAX_STEPS}"
        factor = math.prod(map(growth, steps))
        if factor > MAX_GROWTH:
            return f"its {part} can make a text {factor:,.0f} times as long; the most is {MAX_GROWTH:,.0f}"
    return None


def growth(step: Mapping[str, Any]) -> float:
    """How many times longer one step can make a text.

    Args:
      step: its object in the file.
    """
    kind = step.get("type")
    if kind == "Replace":
        content, pattern = step.get("content"), step.get("pattern")
        literal = pattern.get("String") if isinstance(pattern, Mapping) else None
        made = len(content.encode()) if isinstance(content, str) else 0
        # A regular expression may match nothing, before each character.
        return max(1.0, made / len(literal.encode()) if isinstance(literal, str) and literal else 1.0 + made)
    if kind == "Precompiled":
        return max(1.0, float(_longest_replacement(step.get("precompiled_charsmap"))))
    if kind == "Prepend":
        return 1.0 + len(str(step.get("prepend"))) / 16
    # Of a byte above 127 each makes a character of two bytes.
    return 2.0 if kind in ("ByteLevel", "Metaspace") else 1.0


def _steps(part: Any) -> Iterator[Mapping[str, Any]]:
    """A part's steps in order, sequences inside sequences among them."""
    waiting = [part]
    while waiting:
        step = waiting.pop()
        if not isinstance(step, Mapping):
            continue
        inner = [step.get(name) for name in ("normalizers", "pretokenizers", "decoders", "processors")]
        if step.get("type") == "Sequence":
            waiting += [item for items in inner if isinstance(items, list) for item in items]
        else:
            yield step


def _longest_replacement(charsmap: Any) -> int:
    """The longest text of SentencePiece's map of characters: a trie, its size before it, then texts that end in NUL."""
    try:
        content = base64.b64decode(charsmap, validate=False) if isinstance(charsmap, str) else b""
    except ValueError:
        return 0  # tokenizers says what is wrong with it
    texts = content[4 + int.from_bytes(content[:4], "little") :]
    return max(map(len, texts.split(b"\0")), default=0)
