"""Soft prompts (Lester et al. 2021): learnt embeddings in front of every input, all else frozen.

Row i of `soft_prompt` [P, D] is what token -1 - i embeds to. Negative ids are no padding and no piece of any
vocabulary, so a prompt is P more tokens of an example: it is packed, masked and positioned as text is, and each segment
of a packed row has a prompt of its own.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict

from flan_jax.core.errors import ConfigError
from flan_jax.models.axes import with_axes
from flan_jax.models.family import ModelConfig
from flan_jax.models.tuning import TuningConfig, TuningMethod

NAME = "soft_prompt"
# Lester et al. 2021, section 3.2: rows drawn from the 5,000 most common pieces, which SentencePiece lists first. The
# first three are padding, EOS and unknown.
_FIRST_PIECE, _NUM_COMMON = 3, 5000

_TABLE, _PROMPT = "token_embedder/embedding", f"token_embedder/{NAME}"

__all__ = [
    "NAME",
    "SoftPrompt",
    "embed_prompt",
    "make_prompt",
    "mask_with_prompt",
    "prepend_prompt",
    "prompt_ids",
    "sample_prompt",
]


def prompt_ids(num_tokens: int) -> np.ndarray:
    """-1, -2, …, int32 [P]."""
    return -1 - np.arange(num_tokens, dtype=np.int32)


def make_prompt(module: nn.Module, num_tokens: int, emb_dim: int) -> jax.Array:
    """Declares `soft_prompt` float32 [P, D] in `module`, N(0, 1) as token embeddings."""
    prompt_PD: jax.Array = module.param(
        NAME, with_axes(nn.initializers.normal(1.0), "prompt", "embed"), (num_tokens, emb_dim), jnp.float32
    )
    return prompt_PD


def embed_prompt(prompt_PD: jax.Array, tokens_BL: jax.Array, x_BLD: jax.Array) -> jax.Array:
    """`x` with the prompt's rows where tokens are negative."""
    rows_BLD = jnp.take(prompt_PD, -1 - tokens_BL, axis=0, mode="clip").astype(x_BLD.dtype)
    return jnp.where((tokens_BL < 0)[..., None], rows_BLD, x_BLD)


def prepend_prompt(tokens_BL: jax.Array, num_tokens: int) -> jax.Array:
    """[B, P + L]: the prompt's ids in front of each row."""
    ids_P = jnp.asarray(prompt_ids(num_tokens), tokens_BL.dtype)
    return jnp.concatenate([jnp.broadcast_to(ids_P, (*tokens_BL.shape[:-1], num_tokens)), tokens_BL], axis=-1)


def mask_with_prompt(mask_BL: jax.Array, length: int) -> jax.Array:
    """A mask or segment ids of inputs, with ones in front for the prompt that `encode` put there: [B, length]."""
    missing = length - mask_BL.shape[1]
    return jnp.pad(mask_BL, ((0, 0), (missing, 0)), constant_values=1) if missing else mask_BL


def sample_prompt(table_VD: jax.Array, num_tokens: int, key: jax.Array) -> jax.Array:
    """A first prompt, [P, D]: distinct rows of the token table, from its common pieces."""
    stop = min(table_VD.shape[0], _FIRST_PIECE + max(_NUM_COMMON, num_tokens))
    rows = jax.random.choice(key, jnp.arange(_FIRST_PIECE, stop), (num_tokens,), replace=stop - 3 < num_tokens)
    return jnp.take(table_VD, rows, axis=0)


@dataclasses.dataclass(frozen=True)
class SoftPrompt(TuningMethod):
    """Trains the embeddings of `num_tokens` tokens in front of every input."""

    num_tokens: int

    @classmethod
    def of(cls, config: TuningConfig) -> SoftPrompt:
        """As long as `config` says."""
        return cls(config.prompt_tokens)

    def settings(self) -> dict[str, Any]:
        """The prompt's length."""
        return {"prompt_tokens": self.num_tokens}

    def tuned_model(self, model: ModelConfig) -> ModelConfig:
        """With the prompt. Raises `ConfigError` for a model that has one."""
        if model.prompt_tokens:
            raise ConfigError(
                f"the model has a soft prompt of {model.prompt_tokens} tokens already: train that one's base, or all "
                f"of it"
            )
        return model.replace(prompt_tokens=self.num_tokens)

    def base_model(self, model: ModelConfig) -> ModelConfig:
        """Without a prompt."""
        return model.replace(prompt_tokens=0)

    def adapt(self, params: Any, key: jax.Array) -> tuple[Any, Any]:
        """A prompt of rows of the token table, and the model."""
        table_VD = flatten_dict(params, sep="/")[_TABLE]
        return unflatten_dict({_PROMPT: sample_prompt(table_VD, self.num_tokens, key)}, sep="/"), params

    def split_axes(self, axes: Any) -> tuple[Any, Any]:
        """As `adapt` splits parameters."""
        flat = flatten_dict(axes, sep="/")
        return unflatten_dict({_PROMPT: flat.pop(_PROMPT)}, sep="/"), unflatten_dict(flat, sep="/")
