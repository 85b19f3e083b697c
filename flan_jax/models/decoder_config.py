"""The shape of a decoder-only model: PaLM, LaMDA, GPT-3 and Llama are settings of one implementation."""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar, Literal

from flan_jax.core.errors import ConfigError, Setting
from flan_jax.core.row_layout import DecoderRows
from flan_jax.core.settings import Natural, Positive, settle
from flan_jax.models.family import DropoutRate, Dtype, ModelConfig, Remat, Size

Attention = Literal["prefix_lm", "causal"]
Biases = Literal["none", "all"]
Block = Literal["sequential", "parallel"]
DropoutSites = Literal["everywhere", "residual"]
Embeddings = Literal["tied", "untied"]
LogitsScale = Literal["one", "inverse_sqrt_emb_dim"]
Mlp = Literal["swiglu", "geglu", "gelu"]
Norm = Literal["rmsnorm", "layernorm"]
Position = Literal["rope", "relative", "learned"]
PromptEnd = Literal["eos", "nothing"]

__all__ = ["DecoderConfig"]


@dataclasses.dataclass(frozen=True)
class DecoderConfig(ModelConfig):
    """Sizes, layout and numerics of a decoder-only model. The defaults are Llama's layout at SmolLM2-135M's sizes.

    Attributes:
      vocab_size: rows of the embedding table and columns of the output matrix.
      emb_dim: width of the residual stream.
      num_layers: depth.
      num_heads, head_dim: query heads and their size; their product need not be `emb_dim`.
      num_kv_heads: key and value heads, each read by num_heads / num_kv_heads query heads: `num_heads` for multi-head,
        1 for multi-query (Shazeer 2019), between for grouped-query attention (Ainslie et al. 2023).
      mlp_dim: width of the hidden layer.
      block: "sequential" feeds the MLP what attention gave; "parallel" adds both to the stream side by side, behind one
        shared norm (PaLM, Chowdhery et al. 2022, section 2).
      norm: "rmsnorm", or "layernorm" (with a bias only if `biases` is "all").
      norm_epsilon: added to the mean square, or to the variance.
      mlp: "swiglu" and "geglu" are gated (Shazeer 2020), "gelu" is one hidden layer; gelu is the tanh form.
      position: "rope" rotates queries and keys (Su et al. 2021), the two halves of a head being the pairs' members;
        "relative" is T5's bias by distance, one table for all layers; "learned" adds a table of `max_positions` rows.
      rope_theta: base of the rotation's wavelengths.
      max_positions: rows of the learned table; with the others, what the model was made for: not enforced.
      relative_attention_num_buckets, relative_attention_max_distance: see `T5Config`.
      biases: "all" gives every product but the last, and LayerNorm, a bias vector.
      embeddings: "tied" reads the logits off the token table, "untied" off a matrix of its own.
      logits_scale: what the logits are multiplied with; PaLM's tied table, drawn from N(0, 1), needs 1/sqrt(emb_dim).
      embedding_init_std: standard deviation of the initial token and position tables.
      attention: over the inputs of an example, "prefix_lm" sees both ways and "causal" back only; over targets always
        back only.
      start_id: token before the first one of every example, which T5X calls the shift's id 0; None for a model whose
        examples begin with their own first token (its probability is then never asked for).
      prompt_end: "eos" keeps the EOS that ends the inputs between them and the targets, as a SeqIO feature with
        `add_eos` does; "nothing" joins them, as for a pretrained model whose prompts are plain text.
      dropout_rate: probability of zeroing an element, in [0, 1); used only where a dropout key is given.
      dropout_sites: "everywhere" is T5's set (embedded tokens, attention weights, hidden layers, what joins the
        stream, the end), "residual" only what joins the stream.
      dtype: of activations. Parameters, softmax, norms and logits are float32 whatever it is.
      remat: see `T5Config`.
      prompt_tokens: soft prompt tokens that the model has learnt (`flan_jax.models.soft_prompt`), in front of every
        example's inputs.
    """

    family: ClassVar[str] = "decoder"
    has_encoder: ClassVar[bool] = False

    vocab_size: Size = 49152
    emb_dim: Size = 576
    num_layers: Size = 30
    num_heads: Size = 9
    num_kv_heads: Size = 3
    head_dim: Size = 64
    mlp_dim: Size = 1536
    block: Block = "sequential"
    norm: Norm = "rmsnorm"
    norm_epsilon: Positive = 1e-5
    mlp: Mlp = "swiglu"
    position: Position = "rope"
    rope_theta: Positive = 10000.0
    max_positions: Size = 2048
    relative_attention_num_buckets: Size = 32
    relative_attention_max_distance: Size = 128
    biases: Biases = "none"
    embeddings: Embeddings = "tied"
    logits_scale: LogitsScale = "one"
    embedding_init_std: Positive = 0.02
    attention: Attention = "prefix_lm"
    start_id: Annotated[Natural, "for a model that has none"] | None = 0
    prompt_end: PromptEnd = "eos"
    dropout_rate: DropoutRate = 0.0
    dropout_sites: DropoutSites = "everywhere"
    dtype: Dtype = "bfloat16"
    remat: Remat = "none"
    prompt_tokens: Natural = 0

    def __post_init__(self) -> None:
        settle(self)
        if self.num_heads % self.num_kv_heads:
            fitting = [n for n in range(1, self.num_heads + 1) if self.num_heads % n == 0]
            raise ConfigError(
                Setting("DecoderConfig.num_kv_heads"),
                f" {self.num_kv_heads} does not divide num_heads {self.num_heads}: use one "
                f"of {', '.join(map(str, fitting))}",
            )
        if self.position == "rope" and self.head_dim % 2:
            raise ConfigError(
                Setting("DecoderConfig.head_dim"),
                f" is {self.head_dim}; a rotation needs pairs: use an even head_dim",
            )
        if self.position == "relative" and (
            self.relative_attention_num_buckets % 4
            or self.relative_attention_max_distance <= self.relative_attention_num_buckets // 2
        ):
            raise ConfigError(
                f"DecoderConfig has {self.relative_attention_num_buckets} relative position buckets up to distance "
                f"{self.relative_attention_max_distance}: use a multiple of 4, and a distance above half of it, such "
                f"as 32 and 128"
            )
        if self.start_id is not None and self.start_id >= self.vocab_size:
            raise ConfigError(
                Setting("DecoderConfig.start_id"),
                f" is {self.start_id}, the vocabulary has {self.vocab_size} rows: give an id of it, or None",
            )

    @property
    def joined_kv(self) -> int:
        """Width of all query heads together."""
        return self.num_heads * self.head_dim

    def most_prompt_tokens(self, num_new_tokens: int) -> int:
        """What `num_new_tokens` leave of `max_positions`."""
        return self.max_positions - num_new_tokens

    @property
    def is_causal(self) -> bool:
        """A prefix LM reads its whole prompt both ways."""
        return self.attention == "causal"

    @property
    def can_share_prefixes(self) -> bool:
        """A causal model without a soft prompt, which would be before all of it."""
        return self.is_causal and self.prompt_tokens == 0

    def row_layout(self) -> DecoderRows:
        """An example's inputs and targets one after the other."""
        return DecoderRows(self.start_id, self.prompt_end)

    def multiply_adds(self, inputs_length: int, targets_length: int) -> int:
        """Of a forward pass over one row."""
        length = inputs_length + targets_length
        d, j, f = self.emb_dim, self.joined_kv, self.mlp_dim
        num_mlp_matrices = 2 if self.mlp == "gelu" else 3
        weights = 2 * d * j + 2 * d * self.num_kv_heads * self.head_dim + num_mlp_matrices * d * f
        # 2 * length**2 * j: scores, and weighted values. The look-up of embeddings multiplies nothing.
        return self.num_layers * (length * weights + 2 * length**2 * j) + length * d * self.vocab_size

    def split_sizes(self) -> dict[str, int]:
        """With the heads of keys and values. A single one is not split: every device holds it."""
        sizes = super().split_sizes()
        if self.num_kv_heads > 1:
            sizes["key and value heads"] = self.num_kv_heads
        return sizes
