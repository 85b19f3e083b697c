"""What a run is told, as frozen dataclasses. Only `flan_jax.cli` fills them from gin; nothing here reads a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from flan_jax.checkpoints.checkpoint import CheckpointConfig
from flan_jax.core.errors import ConfigError, Setting, did_you_mean
from flan_jax.core.settings import (
    Above,
    AtLeast,
    BatchSize,
    Below,
    Count,
    Natural,
    PathText,
    Positive,
    RowLength,
    Seed,
    SlipAbove,
    Steps,
    settle,
    shown,
)

Rules = Sequence[tuple[str, str | tuple[str, ...] | None]]

# Axis names are `flan_jax.models.axes`': those of parameters, then those of activations.
DEFAULT_RULES: Rules = (
    ("vocab", "model"),
    ("mlp", "model"),
    ("heads", "model"),
    ("joined_kv", "model"),
    # Nearly every matrix has one dimension `embed`, and no rule gives it to `model`: splitting it splits them all
    # (ZeRO-3).
    ("embed", "fsdp"),
    ("layers", None),
    ("lora_rank", None),
    ("prompt", None),
    ("relpos_buckets", None),
    ("kv", None),
    ("position", None),
    ("batch", ("data", "fsdp")),
    ("length", None),
    ("activation_embed", None),
    ("activation_heads", "model"),
    ("activation_kv", None),
    ("activation_mlp", "model"),
    ("activation_vocab", "model"),
)

FEATURES = ("inputs", "targets")
_LENGTHS = Setting("TASK_FEATURE_LENGTHS")

Devices = Annotated[int, AtLeast(-1), SlipAbove(10**6), "-1 for those left over"]

__all__ = ["DEFAULT_RULES", "MeshConfig", "Rules", "TrainConfig"]


@dataclasses.dataclass(frozen=True)
class MeshConfig:
    """How devices are arranged; the product is the number of devices of all processes.

    Attributes:
      data: splits the batch; every device of this axis holds all parameters. -1 takes the devices that are left.
      fsdp: splits the batch and the parameters' `embed` dimension (ZeRO-3): less memory a device, more traffic.
      model: splits heads, mlp and vocabulary (Megatron): for models too large for `fsdp` alone, inside one host.
    """

    data: Devices = -1
    fsdp: Devices = 1
    model: Devices = 1

    def __post_init__(self) -> None:
        settle(self)
        sizes = dataclasses.asdict(self)
        for name, size in sizes.items():
            if size == 0:
                raise ConfigError(
                    Setting(f"MeshConfig.{name}"), " is 0: give a number of devices, or -1 for those left over"
                )
        if list(sizes.values()).count(-1) > 1:
            raise ConfigError(f"MeshConfig has -1 twice ({sizes}): only one axis can take the devices left over")


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """One training run. Model, optimizer and evaluation have configurations of their own.

    Attributes:
      model_dir: where checkpoints, logs and results go; created if missing. A run that finds its own checkpoints
        there continues from the newest.
      mixture: name of the training mixture or task (MIXTURE_OR_TASK_NAME).
      cache_dir: the token cache; parts that are missing are built first, in another process.
      vocab_path: a SentencePiece model in the T5 convention; None for the embedded vocabulary.
      feature_lengths: {"inputs": L, "targets": T}, tokens a packed row holds (TASK_FEATURE_LENGTHS).
      batch_size: packed rows a step, over all devices and microbatches.
      train_steps: optimizer steps of the whole run, those before a restart included; 0 where `train_epochs` says it.
      train_epochs: how often the whole run goes through the mixture; None where `train_steps` says it. An epoch ends
        where an example would come a second time (`data.planner.steps_per_epoch`).
      seed: decides initial weights, data order and dropout. Two runs of one seed are the same bit for bit on the same
        kind and number of devices.
      microbatches: splits each step's batch to save memory; the step's result stays the same to float32 rounding.
      initial_checkpoint_path: weights to start from (a run's folder, one of its steps, or a folder with
        weights.safetensors and model.json); None draws them at random. A restart prefers MODEL_DIR's own.
      restore_optimizer_state: whether the optimizer goes on from the state beside those weights (an imported T5X
        checkpoint's, or a run's): its moments and its count of updates, which decay and schedules read. The run's own
        steps and data begin at 0 either way. Without it the optimizer is a fresh one.
      eval_period: steps between evaluations, beside those before and after training; None or 0 for none.
      eval_before_training: whether there is one before step 1, which gains are counted from; one follows the last step.
      label_smoothing: probability taken from the target and spread over the vocabulary.
      z_loss: factor of the squared log-partition in the loss.
      log_period: steps between lines of metrics.jsonl.
      mesh, rules: devices' arrangement, and (logical axis, mesh axis) pairs that say how parameters lie on it.
      activation_partitioning_dims: 1: activations are split over the batch's axes alone. 2: between layers also over
        the model axis, which keeps a sixteenth of them on a model axis of 16, for more communication (T5X's macro of
        that name). The step's result is the same to rounding.
      checkpoint: see `CheckpointConfig`.
      prefetch_batches: batches made ready ahead of the step that uses them.
      peak_flops: a device's peak FLOP/s, for MFU; None looks the device up, and logs no MFU where it is unknown.
      profile_steps: (first, last) steps, counted from 1, that the JAX profiler writes to MODEL_DIR/profile; or None.
    """

    model_dir: PathText
    mixture: str
    cache_dir: PathText
    feature_lengths: Mapping[str, RowLength]
    batch_size: BatchSize
    train_steps: Annotated[int, AtLeast(0), SlipAbove(10**9)]
    train_epochs: Annotated[float, Above(0), SlipAbove(10**6)] | None = None
    vocab_path: PathText | None = None
    seed: Seed = 0
    microbatches: BatchSize = 1
    initial_checkpoint_path: PathText | None = None
    restore_optimizer_state: bool = False
    eval_period: Annotated[Natural, "which, as 0, evaluates before and after only"] | None = None
    eval_before_training: bool = True
    label_smoothing: Annotated[float, AtLeast(0), Below(1)] = 0.0
    # T5X's and PaLM's (Chowdhery et al. 2022, section 5).
    z_loss: Annotated[float, AtLeast(0), SlipAbove(1000), "0 to turn it off"] = 1e-4
    log_period: Count = 10
    mesh: MeshConfig = MeshConfig()
    rules: Rules = DEFAULT_RULES
    activation_partitioning_dims: Annotated[Literal[1, 2], "for the batch, or the batch and the model axis"] = 1
    checkpoint: CheckpointConfig = CheckpointConfig()  # noqa: RUF009 (frozen)
    prefetch_batches: Annotated[int, AtLeast(1), SlipAbove(1000)] = 2
    peak_flops: Annotated[Positive, SlipAbove(1e21)] | None = None
    profile_steps: tuple[Steps, Steps] | None = None

    def __post_init__(self) -> None:
        _check_features(self.feature_lengths)
        if self.initial_checkpoint_path == "":
            object.__setattr__(self, "initial_checkpoint_path", None)
        settle(self)
        object.__setattr__(self, "feature_lengths", {name: self.feature_lengths[name] for name in FEATURES})
        if self.train_epochs is not None and self.train_steps:
            raise ConfigError(
                f"TrainConfig has train_steps {self.train_steps} and train_epochs {self.train_epochs}: set one, "
                f"TRAIN_STEPS, or TRAIN_STEPS = 0 and TRAIN_EPOCHS above 0"
            )
        if self.train_epochs is None and not self.train_steps:
            raise ConfigError(
                Setting("TrainConfig.train_steps"), " is 0: give a whole number of at least 1, or TRAIN_EPOCHS"
            )
        if self.restore_optimizer_state and not self.initial_checkpoint_path:
            raise ConfigError(
                "TrainConfig.restore_optimizer_state is True without weights to take it from: set "
                "INITIAL_CHECKPOINT_PATH, or RESTORE_OPTIMIZER_STATE = False"
            )
        if self.profile_steps is not None:
            first, last = self.profile_steps
            if not first <= last or (self.train_steps and last > self.train_steps):
                end = f"TRAIN_STEPS ({self.train_steps})" if self.train_steps else "the run's last step"
                raise ConfigError(
                    Setting("TrainConfig.profile_steps"),
                    f" is {self.profile_steps}: give (first, last) from 1 up to {end}",
                )
        if self.batch_size % self.microbatches:
            below = self.batch_size // self.microbatches * self.microbatches
            nearest = [str(n) for n in (below, below + self.microbatches) if n]
            fewer = max(n for n in range(1, self.microbatches) if self.batch_size % n == 0)
            raise ConfigError(
                Setting("TrainConfig.batch_size"),
                f" is {self.batch_size}, which is not divisible by {self.microbatches} microbatches: give "
                f"{' or '.join(nearest)}, or ",
                Setting("TrainConfig.microbatches"),
                f" = {fewer}",
            )

    def is_eval_step(self, step: int) -> bool:
        """Whether the run is judged after `step` steps."""
        due = self.eval_before_training if step == 0 else self.eval_period and step % self.eval_period == 0
        return bool(due) or step == self.train_steps

    def is_save_step(self, step: int) -> bool:
        """Whether a checkpoint is due after `step` steps, beside those of evaluations."""
        period = self.checkpoint.period
        return step == self.train_steps or bool(period and step % period == 0)

    @property
    def axis_rules(self) -> Rules:
        """`rules` with what `activation_partitioning_dims` asks for."""
        if self.activation_partitioning_dims == 1:
            return self.rules
        return (("activation_embed", "model"), *(rule for rule in self.rules if rule[0] != "activation_embed"))

    @property
    def inputs_length(self) -> int:
        """L, encoder tokens a row."""
        return self.feature_lengths["inputs"]

    @property
    def targets_length(self) -> int:
        """T, decoder tokens a row."""
        return self.feature_lengths["targets"]


def _check_features(lengths: object) -> None:
    if not isinstance(lengths, Mapping):
        raise ConfigError(_LENGTHS, f" is {shown(lengths)}: give tokens, as in {{'inputs': 512, 'targets': 128}}")
    for name in lengths:
        if name not in FEATURES:
            raise ConfigError(
                _LENGTHS, f" has {name!r}{did_you_mean(str(name), FEATURES) or '.'} It takes inputs and targets"
            )
    for name in FEATURES:
        if name not in lengths:
            raise ConfigError(_LENGTHS, f" {dict(lengths)} lacks {name!r}: give both inputs and targets")
