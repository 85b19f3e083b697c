"""Marks that programs put at a text's end: its author wrote none, and a model that is trained on them writes them."""

from __future__ import annotations

# Of published files: Dolly's copies, GPT-2, the sentence end of SentencePiece models, chat layouts, Llama 3, Phi.
END_MARKS = (
    "###eos_token###",
    "<|endoftext|>",
    "</s>",
    "<|im_end|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|end|>",
    "<eos>",
    "[EOS]",
)

__all__ = ["END_MARKS", "without_end_marks"]


def without_end_marks(text: str) -> tuple[str, tuple[str, ...]]:
    """(`text` without the marks at its end and the white space before them, these marks); what ends in none is as it
    was. A `</s>` that closes an `<s>` of the text is the author's own."""
    found: list[str] = []
    left = text
    while mark := next((mark for mark in END_MARKS if left.rstrip().endswith(mark)), ""):
        if mark == "</s>" and "<s>" in left:
            break
        left = left.rstrip().removesuffix(mark)
        found.append(mark)
    return (left.rstrip() if found else text), tuple(found)
