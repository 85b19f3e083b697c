"""What a family of models answers for itself, so that nothing else asks which family it is, and the families there are.

A new family is a frozen dataclass of `ModelConfig`'s kind, a module of the functions of `Network`, and a line in
`FAMILIES`, whose names checkpoints store.
"""

from __future__ import annotations

import abc
import dataclasses
import importlib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self

import jax
import jax.numpy as jnp
import numpy as np

from flan_jax.core.errors import ConfigError, did_you_mean
from flan_jax.core.row_layout import DecoderRows
from flan_jax.core.settings import AtLeast, Below, SlipAbove

Dtype = Literal["float32", "bfloat16"]
Remat = Literal["none", "minimal", "full"]
# No dimension of any model is as large as this; one by mistake would take all memory.
Size = Annotated[int, AtLeast(1), SlipAbove(2**24)]
DropoutRate = Annotated[float, AtLeast(0), Below(1), "such as 0.1"]

__all__ = [
    "FAMILIES",
    "DropoutRate",
    "Dtype",
    "Family",
    "ModelConfig",
    "Network",
    "Remat",
    "Size",
    "config_class",
    "family_of",
    "model_from_json",
    "network_of",
]


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

    def most_prompt_tokens(self, num_new_tokens: int) -> int | None:
        """The longest prompt that leaves positions for `num_new_tokens` more, which may be less than one; None where
        positions do not run out."""
        return None

    @property
    def is_causal(self) -> bool:
        """Whether every token of a prompt sees only those before it."""
        return False

    @property
    def can_share_prefixes(self) -> bool:
        """Whether what several prompts begin with can be read once for all: each of its tokens sees only earlier ones,
        and nothing stands before it."""
        return False

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
        """Family and fields as JSON values; `model_from_json` is the inverse."""
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


@dataclasses.dataclass(frozen=True)
class Family:
    """Where a family is: the module and the class of its configurations, and the module of its `Network`."""

    config_module: str
    config_class: str
    network_module: str


# Modules by name: they are imported when a model of the family is met, so that who trains one needs no other.
FAMILIES: Mapping[str, Family] = {
    "t5": Family("flan_jax.models.t5_config", "T5Config", "flan_jax.models.t5"),
    "decoder": Family("flan_jax.models.decoder_config", "DecoderConfig", "flan_jax.models.decoder"),
    "encoder_decoder": Family(
        "flan_jax.models.encoder_decoder_config", "EncoderDecoderConfig", "flan_jax.models.encoder_decoder"
    ),
}


def config_class(family: str) -> type[ModelConfig]:
    """The configurations of a family, by its name. Raises `ConfigError` for one that is not there."""
    if family not in FAMILIES:
        raise ConfigError(
            f"model family {family!r} is not known{did_you_mean(family, FAMILIES)}: there are {', '.join(FAMILIES)}"
        )
    found: type[ModelConfig] = getattr(
        importlib.import_module(FAMILIES[family].config_module), FAMILIES[family].config_class
    )
    return found


def network_of(config: ModelConfig) -> Network:
    """The arithmetic of a model."""
    network: Any = importlib.import_module(FAMILIES[config.family].network_module)
    found: Network = network
    return found


def family_of(model: Mapping[str, Any]) -> str:
    """The name of the family of a configuration as JSON values."""
    if "family" in model:
        return str(model["family"])
    # Checkpoints from before families had names are of the two that there were.
    return "decoder" if "num_kv_heads" in model else "t5"


def model_from_json(model: Mapping[str, Any], **changes: Any) -> ModelConfig:
    """The configuration that `ModelConfig.to_json` wrote, with `changes` of fields.

    Raises `ConfigError` for a family that is not there or a value that it does not take, `TypeError` for a field that
    it has not.
    """
    fields = {name: value for name, value in model.items() if name != "family"}
    return config_class(family_of(model))(**{**fields, **changes})
