"""What a family of models answers for itself, so that nothing else asks which family it is.

A new family is a frozen dataclass of this kind, a module of the functions of `Network`, and a line in
`flan_jax.models.families`.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol, Self

import jax
import jax.numpy as jnp
import numpy as np

from flan_jax.core.row_layout import DecoderRows

Dtype = Literal["float32", "bfloat16"]
Remat = Literal["none", "minimal", "full"]

__all__ = ["Dtype", "ModelConfig", "Network", "Remat"]


class ModelConfig(abc.ABC):
    """Sizes and numerics of a model: a frozen dataclass, whose fields are what a checkpoint stores of it.

    Attributes:
      family: its name, which checkpoints store.
      has_encoder: whether inputs are read by an encoder, or are the beginning of what a decoder reads.
      vocab_size, emb_dim, num_heads, mlp_dim, dropout_rate, dtype, remat, prompt_tokens: what every family has; see
        `T5Config`.
    """

    family: ClassVar[str]
    has_encoder: ClassVar[bool]

    vocab_size: int
    emb_dim: int
    num_heads: int
    mlp_dim: int
    dropout_rate: float
    dtype: Dtype
    remat: Remat
    prompt_tokens: int

    @abc.abstractmethod
    def row_layout(self) -> DecoderRows | None:
        """How examples lie in packed rows; None for inputs and targets on a side each."""

    @abc.abstractmethod
    def multiply_adds(self, inputs_length: int, targets_length: int) -> int:
        """Multiplications, each with an addition, of the matrix products of a forward pass over one row: at all
        positions, padding included, with full (not causal) attention."""

    def split_sizes(self) -> dict[str, int]:
        """Name -> size of what a mesh's model axis splits, and must divide."""
        return {"heads": self.num_heads, "vocabulary": self.vocab_size, "mlp": self.mlp_dim}

    def prompt(self, inputs: np.ndarray) -> np.ndarray:
        """What the model is asked, int32 ids, out of an example's inputs, which end in EOS: what it learnt to read."""
        layout = self.row_layout()
        return inputs if layout is None else layout.prompt(inputs)

    def replace(self, **changes: Any) -> Self:
        """The same with `changes` of fields."""
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]

    def to_json(self) -> dict[str, Any]:
        """Family and fields as JSON values; `flan_jax.models.families.model_from_json` is the inverse."""
        return {"family": self.family, **dataclasses.asdict(self)}  # type: ignore[call-overload]

    @property
    def compute_dtype(self) -> jnp.dtype:
        """`dtype` as JAX knows it."""
        return jnp.dtype(self.dtype)


class Network(Protocol):
    """A module with the arithmetic of a family's models."""

    def init(self, config: Any, key: jax.Array) -> dict[str, Any]:
        """Random parameters in Linen's boxes, which name their logical axes."""

    def logits(
        self, config: Any, params: Any, batch: Mapping[str, jax.Array], seeds_2B: jax.Array | None = None
    ) -> jax.Array:
        """Logits of every decoder position, float32 [B, T, V]; `seeds_2B` are the rows' dropout seeds, None for no
        dropout. `flan_jax.models.forward` says what a batch has.

        Args:
          config: the model.
          params: its parameters.
        """
