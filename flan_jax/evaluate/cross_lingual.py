"""ROUGE-L over GPT-2's tokens: the cross-lingual track's metric (Wang et al. 2022, section 5), since words between
spaces mean little in many of its languages. Importing registers it."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Sequence
from typing import Any

from rouge_score import rouge_scorer

from flan_jax.evaluate.scoring import register_scorer
from flan_jax.sources.data_dir import Download

GPT2_TOKENIZER = Download(
    "GPT-2's tokenizer", "https://huggingface.co/openai-community/gpt2 (tokenizer.json)", "MIT", "gpt2_tokenizer"
)

__all__ = ["GPT2_TOKENIZER", "rouge_l_gpt2"]


def rouge_l_gpt2(text: str, references: Sequence[str]) -> float:
    """Best ROUGE-L F over the references, on the byte-level BPE tokens of DATA_DIR/gpt2_tokenizer/tokenizer.json.

    Raises `TaskError` that says where to get the tokenizer.
    """
    scorer = _scorer(GPT2_TOKENIZER.require("tokenizer.json"))
    return max((scorer.score(reference, text)["rougeL"].fmeasure for reference in references), default=0.0)


class _Tokens:
    """What `rouge_score` asks of a tokenizer."""

    def __init__(self, path: pathlib.Path):
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(path))

    def tokenize(self, text: str) -> list[str]:
        """The text's tokens."""
        return self._tokenizer.encode(text).tokens


@functools.lru_cache(maxsize=2)
def _scorer(path: pathlib.Path) -> Any:
    return rouge_scorer.RougeScorer(["rougeL"], tokenizer=_Tokens(path))


register_scorer("rouge_l_gpt2", "text", rouge_l_gpt2, "ROUGE-L over GPT-2's tokens, best reference")
