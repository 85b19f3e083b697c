"""ROUGE-L over GPT-2's tokens: the cross-lingual track's metric (Wang et al. 2022, section 5), since words between
spaces mean little in many of its languages."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Callable, Sequence

from flan_jax.declare.metric import register_metric
from flan_jax.evaluate.metrics.matching import best_of
from flan_jax.evaluate.metrics.rouge import rouge
from flan_jax.sources.data_dir import Download

GPT2_TOKENIZER = Download(
    "GPT-2's tokenizer", "https://huggingface.co/openai-community/gpt2 (tokenizer.json)", "MIT", "gpt2_tokenizer"
)

SPACE = "\u0120"  # how GPT-2's tokens write a space

__all__ = ["GPT2_TOKENIZER", "rouge_l_gpt2"]


def rouge_l_gpt2(text: str, references: Sequence[str]) -> float:
    """Best ROUGE-L F over the references, on the byte-level BPE tokens of DATA_DIR/gpt2_tokenizer/tokenizer.json.

    Raises `TaskError` that says where to get the tokenizer.
    """
    return best_of(_rouge_l(GPT2_TOKENIZER.require("tokenizer.json")))(text, references)


class _Tokens:
    """What `rouge_score` asks of a tokenizer."""

    def __init__(self, path: pathlib.Path):
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(path))

    def tokenize(self, text: str) -> list[str]:
        """The text's tokens, without the sign of the space before a word: a first word has none (as the published
        script has it)."""
        return [token.lstrip(SPACE) for token in self._tokenizer.encode(text).tokens]


@functools.lru_cache(maxsize=2)
def _rouge_l(path: pathlib.Path) -> Callable[[str, str], float]:
    return rouge("rougeL", _Tokens(path))


register_metric("rouge_l_gpt2", "text", rouge_l_gpt2, "ROUGE-L over GPT-2's tokens, best reference")
