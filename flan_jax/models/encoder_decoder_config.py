"""The shape of an encoder-decoder whose layers are a decoder-only model's: what `flan-jax adapt` makes, and T5Gemma."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal

from flan_jax.core.errors import ConfigError, Setting
from flan_jax.core.settings import Natural
from flan_jax.models.decoder_config import Attention, DecoderConfig
from flan_jax.models.family import Size

TokenTables = Literal["shared", "each_stack"]
# What this family does not have, by setting: what every model of it has instead, and why.
_FIXED: dict[str, tuple[object, str]] = {
    "attention": ("causal", "the encoder sees both ways and the decoder back only, whatever it says"),
    "position": ("rope", "positions of other kinds are in neither stack: adapt a model that rotates"),
    "block": ("sequential", "cross-attention stands between self-attention and the MLP"),
    "prompt_end": ("eos", "inputs are read apart, and end in EOS"),
}

__all__ = ["EncoderDecoderConfig", "TokenTables"]


@dataclasses.dataclass(frozen=True)
class EncoderDecoderConfig(DecoderConfig):
    """Sizes, layout and numerics of an encoder-decoder made of a decoder-only model's layers (Zhang et al. 2025,
    arXiv 2504.06225): self-attention as there, both ways in the encoder; cross-attention with the same heads, and
    without a rotation or a window; each branch with norms as there.

    Attributes (those of `DecoderConfig`, which hold for both stacks, and):
      num_layers: depth of the decoder.
      num_encoder_layers: depth of the encoder.
      token_tables: "shared" has one table for both stacks; "each_stack" gives the encoder one of its own, as T5Gemma
        has, and the other is the decoder's, and the outputs' where they are tied.
      start_id: token that the decoder reads first; the feed, which shifts T5X's id 0 in, need not know it.
      attention, position, block, prompt_end: fixed.
    """

    family: ClassVar[str] = "encoder_decoder"
    has_encoder: ClassVar[bool] = True

    attention: Attention = "causal"
    start_id: Natural = 0  # a decoder behind an encoder reads one before its first token
    num_encoder_layers: Size = 30
    token_tables: TokenTables = "shared"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, (value, why) in _FIXED.items():
            if getattr(self, name) != value:
                raise ConfigError(
                    Setting(f"EncoderDecoderConfig.{name}"),
                    f" is {getattr(self, name)}, and an encoder-decoder has {value} alone ({why}): leave it out",
                )
        if self.prompt_tokens and self.token_tables == "each_stack":
            raise ConfigError(
                Setting("EncoderDecoderConfig.prompt_tokens"),
                f" is {self.prompt_tokens}, and a soft prompt stands in the one table that both stacks share: train "
                f"a model with token_tables shared, or with LoRA",
            )

    def most_prompt_tokens(self, num_new_tokens: int) -> int:
        """`max_positions`, as what is generated has positions of its own."""
        del num_new_tokens
        return self.max_positions

    @property
    def is_causal(self) -> bool:
        """The encoder reads a prompt both ways."""
        return False

    def row_layout(self) -> None:  # type: ignore[override]
        """None: inputs and targets lie on a side each."""
        return None

    def multiply_adds(self, inputs_length: int, targets_length: int) -> int:
        """Of a forward pass over one row."""
        d, j, g = self.emb_dim, self.joined_kv, self.num_kv_heads * self.head_dim
        mlp = (2 if self.mlp == "gelu" else 3) * d * self.mlp_dim
        layer = 2 * d * j + 2 * d * g + mlp
        encoder_layer = inputs_length * layer + 2 * inputs_length**2 * j
        decoder_layer = (
            targets_length * layer
            + 2 * targets_length**2 * j
            + targets_length * 2 * d * j  # cross-attention's queries and output
            + inputs_length * 2 * d * g  # its keys and values
            + 2 * inputs_length * targets_length * j
        )
        return (
            self.num_encoder_layers * encoder_layer
            + self.num_layers * decoder_layer
            + targets_length * d * self.vocab_size
        )
