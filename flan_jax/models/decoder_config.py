"""The shape of a decoder-only model: PaLM, LaMDA, GPT-3, Llama, Qwen and Gemma are settings of one implementation."""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar, Literal

from flan_jax.core.errors import ConfigError, Setting
from flan_jax.core.row_layout import DecoderRows
from flan_jax.core.settings import AtLeast, Natural, Positive, SlipAbove, settle
from flan_jax.models.family import DropoutRate, Dtype, ModelConfig, Remat, Size

Attention = Literal["prefix_lm", "causal"]
Biases = Literal["none", "qkv", "all"]
Block = Literal["sequential", "parallel"]
DropoutSites = Literal["everywhere", "residual"]
Embeddings = Literal["tied", "untied"]
EmbeddingsScale = Literal["one", "sqrt_emb_dim"]
LogitsScale = Literal["one", "inverse_sqrt_emb_dim"]
Mlp = Literal["swiglu", "geglu", "gelu"]
Norm = Literal["rmsnorm", "layernorm"]
NormScale = Literal["whole", "above_one"]
NormSides = Literal["before", "around"]
Position = Literal["rope", "relative", "learned"]
PromptEnd = Literal["eos", "nothing"]
QueryKeyNorm = Literal["none", "each_head"]
RopeScaling = Literal["none", "linear", "llama3"]

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
      norm_scale: what a norm multiplies with is its parameter as a "whole", or, as in Gemma, "above_one": one more than
        the parameter, which is near 0 and so keeps all its digits in bfloat16.
      norm_sides: of attention and of the MLP, "before" norms what goes in, "around" also what comes out (Gemma 2 and
        3); for sequential blocks.
      query_key_norm: "each_head" norms each head's queries and keys before they are turned (Qwen 3, Gemma 3).
      query_scalar: queries are multiplied with its -1/2 power; None for `head_dim`.
      attention_softcap: scores s become c tanh(s / c) (Gemma 2); None for as they are.
      mlp: "swiglu" and "geglu" are gated (Shazeer 2020), "gelu" is one hidden layer; gelu is the tanh form.
      position: "rope" rotates queries and keys (Su et al. 2021), the two halves of a head being the pairs' members;
        "relative" is T5's bias by distance, one table for all layers; "learned" adds a table of `max_positions` rows.
      rope_theta: base of the rotation's wavelengths.
      rope_scaling: "linear" makes all wavelengths `rope_factor` times as long; "llama3" those alone of which fewer than
        `rope_low_freq_factor` fit into `rope_original_positions`, none of which more than `rope_high_freq_factor` do,
        and by less in between (Llama 3.1).
      rope_factor, rope_low_freq_factor, rope_high_freq_factor, rope_original_positions: see `rope_scaling`.
      window: a position sees those fewer than this many away, in its own example; None for all of them.
      global_every: of a model with a window, every so manieth layer has none; None for a window in every layer.
      local_rope_theta: the base in layers with a window, where the rotation is not scaled; None for as in the others.
      max_positions: rows of the learned table; with the others, what the model was made for: not enforced.
      relative_attention_num_buckets, relative_attention_max_distance: see `T5Config`.
      biases: "all" gives every product but the last, and LayerNorm, a bias vector; "qkv" only the products that
        give queries, keys and values (Qwen 2).
      embeddings: "tied" reads the logits off the token table, "untied" off a matrix of its own.
      embeddings_scale: what token vectors are multiplied with; "sqrt_emb_dim" is Gemma's, and reaches no logits.
      logits_scale: what the logits are multiplied with; PaLM's tied table, drawn from N(0, 1), needs 1/sqrt(emb_dim).
      logits_softcap: logits l become c tanh(l / c) (Gemma 2); None for as they are.
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
    norm_scale: NormScale = "whole"
    norm_sides: NormSides = "before"
    query_key_norm: QueryKeyNorm = "none"
    query_scalar: Positive | None = None
    attention_softcap: Positive | None = None
    mlp: Mlp = "swiglu"
    position: Position = "rope"
    rope_theta: Positive = 10000.0
    rope_scaling: RopeScaling = "none"
    rope_factor: Annotated[float, AtLeast(1)] = 1.0
    rope_low_freq_factor: Positive = 1.0
    rope_high_freq_factor: Positive = 4.0
    rope_original_positions: Size = 8192
    window: Size | None = None
    global_every: Annotated[int, AtLeast(2), SlipAbove(2**24), "for a window in every layer"] | None = None
    local_rope_theta: Positive | None = None
    max_positions: Size = 2048
    relative_attention_num_buckets: Size = 32
    relative_attention_max_distance: Size = 128
    biases: Biases = "none"
    embeddings: Embeddings = "tied"
    embeddings_scale: EmbeddingsScale = "one"
    logits_scale: LogitsScale = "one"
    logits_softcap: Positive | None = None
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
                Setting(f"{type(self).__name__}.num_kv_heads"),
                f" {self.num_kv_heads} does not divide num_heads {self.num_heads}: use one "
                f"of {', '.join(map(str, fitting))}",
            )
        if self.position == "rope" and self.head_dim % 2:
            raise ConfigError(
                Setting(f"{type(self).__name__}.head_dim"),
                f" is {self.head_dim}; a rotation needs pairs: use an even head_dim",
            )
        if self.position == "relative" and (
            self.relative_attention_num_buckets % 4
            or self.relative_attention_max_distance <= self.relative_attention_num_buckets // 2
        ):
            raise ConfigError(
                f"{type(self).__name__} has {self.relative_attention_num_buckets} relative position buckets up to "
                f"distance {self.relative_attention_max_distance}: use a multiple of 4, and a distance above half "
                f"of it, such as 32 and 128"
            )
        if self.start_id is not None and self.start_id >= self.vocab_size:
            raise ConfigError(
                Setting(f"{type(self).__name__}.start_id"),
                f" is {self.start_id}, the vocabulary has {self.vocab_size} rows: give an id of it, or None",
            )

        if self.norm_sides == "around" and self.block == "parallel":
            raise ConfigError(
                Setting(f"{type(self).__name__}.norm_sides"),
                " is around, and a parallel block has one branch: use block sequential, or norm_sides before",
            )
        self._check_rotation()

    def _check_rotation(self) -> None:
        """Raises `ConfigError` for a setting of windows or rotations that another one leaves without effect."""
        local: dict[str, object] = {"global_every": self.global_every, "local_rope_theta": self.local_rope_theta}
        for name, value in local.items():
            if value is not None and self.window is None:
                raise ConfigError(
                    Setting(f"{type(self).__name__}.{name}"),
                    f" is {value}, and no layer has a window: give a window, or None",
                )
        scaling: dict[str, object] = {"rope_scaling": self.rope_scaling, "local_rope_theta": self.local_rope_theta}
        for name, value in scaling.items():
            if value not in (None, "none") and self.position != "rope":
                raise ConfigError(
                    Setting(f"{type(self).__name__}.{name}"),
                    f" is {value}, and position {self.position} turns nothing: use position rope",
                )
        if self.rope_scaling == "none" and self.rope_factor != 1:
            raise ConfigError(
                Setting(f"{type(self).__name__}.rope_factor"),
                f" is {self.rope_factor}, and nothing is scaled: use rope_scaling linear or llama3, or a factor of 1",
            )
        if self.rope_low_freq_factor >= self.rope_high_freq_factor:
            raise ConfigError(
                Setting(f"{type(self).__name__}.rope_low_freq_factor"),
                f" is {self.rope_low_freq_factor}: use one below rope_high_freq_factor, {self.rope_high_freq_factor}",
            )

    def check_is_used(self) -> None:
        """Raises `ConfigError` for a setting of another position or scaling than the model has. Asked of what a user
        writes, and not of checkpoints, which stay readable whatever they hold."""
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        for chosen_by, value, names in (
            ("position", "rope", ("rope_theta",)),
            ("position", "relative", ("relative_attention_num_buckets", "relative_attention_max_distance")),
            ("rope_scaling", "llama3", ("rope_low_freq_factor", "rope_high_freq_factor", "rope_original_positions")),
        ):
            unread = [name for name in names if getattr(self, name) != defaults[name]]
            if unread and (chosen := getattr(self, chosen_by)) != value:
                raise ConfigError(
                    Setting(f"{type(self).__name__}.{unread[0]}"),
                    f" is {getattr(self, unread[0])}, and {chosen_by} {chosen} does not read it: use {chosen_by} "
                    f"{value}, or {defaults[unread[0]]}, the default",
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
