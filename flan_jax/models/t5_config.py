"""The shape of a T5 model: 1.0, 1.1, mT5, UL2."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, ClassVar, Literal

from flan_jax.core.errors import ConfigError, Setting
from flan_jax.core.settings import Natural, settle
from flan_jax.models.family import DropoutRate, Dtype, ModelConfig, Remat, Size

# As T5X's gin files and transformers call them; "swish" is another name of "silu".
Activation = Literal["gelu", "relu", "silu", "linear"]
PositionBias = Literal["each_stack", "each_layer"]

__all__ = ["Activation", "T5Config"]


@dataclasses.dataclass(frozen=True)
class T5Config(ModelConfig):
    """Sizes and numerics of a T5 encoder-decoder. The defaults are T5 1.1 small.

    Attributes:
      vocab_size: rows of the embedding table and columns of the output matrix, sentinels included.
      emb_dim: width of the residual stream.
      num_heads, head_dim: attention heads and their size; their product need not be `emb_dim`.
      num_encoder_layers, num_decoder_layers: depth of each stack.
      mlp_dim: width of the hidden layer.
      dropout_rate: probability of zeroing an element, in [0, 1); used only where a dropout key is given.
      dtype: of activations. Parameters, softmax, norms and logits are float32 whatever it is.
      remat: what the backward pass recomputes: "none" keeps every activation, "minimal" keeps the products with
        weights, "full" keeps each layer's input only.
      relative_attention_num_buckets, relative_attention_max_distance: of the relative position bias (Raffel et al.
        2020, section 2.1).
      position_bias: "each_stack" has one table, which the layers of a stack share; "each_layer" one a layer (UMT5).
      mlp_activations: of the hidden layer's factors, one matrix each: ("gelu", "linear") is T5 1.1's gated gelu,
        ("silu", "linear") UL2's SwiGLU (Shazeer 2020), ("relu",) T5 1.0's. "gelu" is the tanh approximation.
      logits_via_embedding: whether the output matrix is the token table, its logits scaled by emb_dim**-0.5, as in
        T5 1.0; else it is a matrix of its own.
      prompt_tokens: soft prompt tokens that the model has learnt (`flan_jax.models.soft_prompt`), in front of every
        encoder input.
    """

    family: ClassVar[str] = "t5"
    has_encoder: ClassVar[bool] = True

    # T5's 32,000 pieces and 100 sentinels, rounded up to a multiple of 128 (T5X, for TPUs).
    vocab_size: Size = 32128
    emb_dim: Size = 512
    num_heads: Size = 6
    num_encoder_layers: Size = 8
    num_decoder_layers: Size = 8
    head_dim: Size = 64
    mlp_dim: Size = 1024
    dropout_rate: DropoutRate = 0.0
    dtype: Dtype = "bfloat16"
    remat: Remat = "none"
    relative_attention_num_buckets: Size = 32
    relative_attention_max_distance: Size = 128
    position_bias: PositionBias = "each_stack"
    mlp_activations: Annotated[tuple[Activation, ...], "as in ('relu',) or ('gelu', 'linear')"] = ("gelu", "linear")
    logits_via_embedding: bool = False
    prompt_tokens: Natural = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "mlp_activations", _without_swish(self.mlp_activations))
        settle(self)
        if not 1 <= len(self.mlp_activations) <= 2:
            raise ConfigError(
                Setting("T5Config.mlp_activations"),
                f" is {self.mlp_activations!r}: give one name or two, such as ('relu',) or ('gelu', 'linear')",
            )
        if self.relative_attention_num_buckets % 4:
            raise ConfigError(
                Setting("T5Config.relative_attention_num_buckets"),
                f" is {self.relative_attention_num_buckets}, which is not "
                f"divisible by 4 (two directions, exact and logarithmic halves): use 32",
            )
        if self.relative_attention_max_distance <= self.relative_attention_num_buckets // 2:
            raise ConfigError(
                Setting("T5Config.relative_attention_max_distance"),
                f" is {self.relative_attention_max_distance}; it must exceed "
                f"half of the {self.relative_attention_num_buckets} buckets: use 128",
            )

    @property
    def joined_kv(self) -> int:
        """Width of all heads together."""
        return self.num_heads * self.head_dim

    def row_layout(self) -> None:
        """None: inputs and targets lie on a side each."""
        return None

    def multiply_adds(self, inputs_length: int, targets_length: int) -> int:
        """Of a forward pass over one row."""
        d, j, f = self.emb_dim, self.joined_kv, self.mlp_dim
        attention_weights, mlp_weights = 4 * d * j, (1 + len(self.mlp_activations)) * d * f
        encoder_layer = inputs_length * (attention_weights + mlp_weights) + 2 * inputs_length**2 * j
        decoder_layer = (
            targets_length * (attention_weights + mlp_weights)
            + 2 * targets_length**2 * j
            + targets_length * 2 * d * j  # cross-attention's queries and output
            + inputs_length * 2 * d * j  # its keys and values
            + 2 * inputs_length * targets_length * j
        )
        return (
            self.num_encoder_layers * encoder_layer
            + self.num_decoder_layers * decoder_layer
            + targets_length * d * self.vocab_size
        )


def _without_swish(names: Any) -> Any:
    """Names of activations with "silu" for its other name."""
    return tuple("silu" if name == "swish" else name for name in names) if isinstance(names, (list, tuple)) else names
