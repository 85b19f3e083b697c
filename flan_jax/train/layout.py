"""What the trainer must know of a model beside its functions: its rows, and the sizes that a mesh splits."""

from __future__ import annotations

from flan_jax.core.manifest import MixtureManifest
from flan_jax.data import DecoderRows, PlanSpec
from flan_jax.models import DecoderConfig, ModelConfig
from flan_jax.train.config import TrainConfig

__all__ = ["plan_spec", "row_layout", "split_sizes"]


def plan_spec(config: TrainConfig, model: ModelConfig, mixture: MixtureManifest) -> PlanSpec:
    """What the packing plan of a run is made of: `mixture` is the run's, as its cache has it, and `model` the one that
    is trained, a soft prompt included."""
    return PlanSpec(
        mixture=mixture,
        feature_lengths=config.feature_lengths,
        batch_size=config.batch_size,
        num_steps=config.train_steps if config.train_epochs is None else None,
        num_epochs=config.train_epochs,
        seed=config.seed,
        split={task: roles["train"] for task, roles in mixture.splits.items() if "train" in roles},
        layout=row_layout(model),
        prompt_tokens=model.prompt_tokens,
    )


def row_layout(model: ModelConfig) -> DecoderRows | None:
    """How examples lie in the rows of a decoder-only model; None for an encoder-decoder, which has two sides."""
    return DecoderRows(model.start_id, model.prompt_end) if isinstance(model, DecoderConfig) else None


def split_sizes(model: ModelConfig) -> dict[str, int]:
    """The sizes that the mesh's model axis must divide, for `mesh.check_model`. One shared head of keys and values is
    not split: every device holds it."""
    sizes = {"heads": model.num_heads, "vocabulary": model.vocab_size, "mlp": model.mlp_dim}
    if isinstance(model, DecoderConfig) and model.num_kv_heads > 1:
        sizes["key and value heads"] = model.num_kv_heads
    return sizes
