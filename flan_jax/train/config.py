"""What a run is told, as frozen dataclasses. Only `flan_jax.cli` fills them from gin; nothing here reads a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from flan_jax.checkpoints.checkpoint import CheckpointConfig
from flan_jax.core.errors import ConfigError, Setting, did_you_mean

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

__all__ = ["DEFAULT_RULES", "MeshConfig", "Rules", "TrainConfig"]


def _at_least(name: str, value: float, limit: float, remedy: str) -> None:
    if value < limit:
        raise ConfigError(Setting(f"TrainConfig.{name}"), f" is {value}, the least is {limit}: {remedy}")


@dataclasses.dataclass(frozen=True)
class MeshConfig:
    """How devices are arranged; the product is the number of devices of all processes.

    Attributes:
      data: splits the batch; every device of this axis holds all parameters. -1 takes the devices that are left.
      fsdp: splits the batch and the parameters' `embed` dimension (ZeRO-3): less memory a device, more traffic.
      model: splits heads, mlp and vocabulary (Megatron): for models too large for `fsdp` alone, inside one host.
    """

    data: int = -1
    fsdp: int = 1
    model: int = 1

    def __post_init__(self) -> None:
        sizes = dataclasses.asdict(self)
        for name, size in sizes.items():
            if size < 1 and size != -1:
                raise ConfigError(f"MeshConfig.{name} is {size}: give a number of devices, or -1 for those left over")
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
      eval_period: steps between evaluations; there is also one before step 1 and one after the last. None or 0 leaves
        it at those two.
      label_smoothing: probability taken from the target and spread over the vocabulary.
      z_loss: factor of the squared log-partition in the loss.
      log_period: steps between lines of metrics.jsonl.
      mesh, rules: devices' arrangement, and (logical axis, mesh axis) pairs that say how parameters lie on it.
      activation_partitioning_dims: 1: activations are split over the batch's axes alone. 2: between layers also over
        the model axis, which keeps a sixteenth of them on a model axis of 16, for more communication (T5X's macro of
        that name). The step's result is the same to rounding.
      checkpoint: see `CheckpointConfig`.
      prefetch_batches: batches made ready ahead of the step that uses them.
      peak_flops: a device's peak floating-point operations a second, for MFU; None looks the device up, and logs no
        MFU where it is unknown.
      profile_steps: (first, last) steps, counted from 1, recorded with the JAX profiler to MODEL_DIR/profile; None
        records none.
    """

    model_dir: str
    mixture: str
    cache_dir: str
    feature_lengths: Mapping[str, int]
    batch_size: int
    train_steps: int
    train_epochs: float | None = None
    vocab_path: str | None = None
    seed: int = 0
    microbatches: int = 1
    initial_checkpoint_path: str | None = None
    restore_optimizer_state: bool = False
    eval_period: int | None = None
    label_smoothing: float = 0.0
    # T5X's and PaLM's (Chowdhery et al. 2022, section 5).
    z_loss: float = 1e-4
    log_period: int = 10
    mesh: MeshConfig = MeshConfig()
    rules: Rules = DEFAULT_RULES
    activation_partitioning_dims: int = 1
    checkpoint: CheckpointConfig = CheckpointConfig()  # noqa: RUF009 (frozen)
    prefetch_batches: int = 2
    peak_flops: float | None = None
    profile_steps: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        _check_lengths(self.feature_lengths)
        object.__setattr__(self, "feature_lengths", {name: int(self.feature_lengths[name]) for name in FEATURES})
        object.__setattr__(self, "rules", tuple((name, _mesh_axes(target)) for name, target in self.rules))
        if self.activation_partitioning_dims not in (1, 2):
            raise ConfigError(
                f"TrainConfig.activation_partitioning_dims is {self.activation_partitioning_dims}: give 1 (the batch) "
                f"or 2 (the batch and the model axis)"
            )
        object.__setattr__(self, "initial_checkpoint_path", self.initial_checkpoint_path or None)
        for name in ("model_dir", "mixture", "cache_dir"):
            if not getattr(self, name):
                raise ConfigError(f"TrainConfig.{name} is empty: set {name.upper()}")
        names = ["batch_size", "microbatches", "log_period", "prefetch_batches"]
        if self.train_epochs is None:
            names.append("train_steps")
        elif self.train_steps or not self.train_epochs > 0:
            raise ConfigError(
                f"TrainConfig has train_steps {self.train_steps} and train_epochs {self.train_epochs}: set one, "
                f"TRAIN_STEPS, or TRAIN_STEPS = 0 and TRAIN_EPOCHS above 0"
            )
        for name in names:
            _at_least(name, getattr(self, name), 1, "give a positive number")
        if self.restore_optimizer_state and not self.initial_checkpoint_path:
            raise ConfigError(
                "TrainConfig.restore_optimizer_state is True without weights to take it from: set "
                "INITIAL_CHECKPOINT_PATH, or RESTORE_OPTIMIZER_STATE = False"
            )
        if self.profile_steps is not None:
            first, last = self.profile_steps
            if not 1 <= first <= last or (self.train_steps and last > self.train_steps):
                end = f"TRAIN_STEPS ({self.train_steps})" if self.train_steps else "the run's last step"
                raise ConfigError(
                    f"TrainConfig.profile_steps is {self.profile_steps}: give (first, last) from 1 up to {end}"
                )
        if self.eval_period is not None:
            _at_least("eval_period", self.eval_period, 0, "0 or None evaluates before and after only")
        if not 0.0 <= self.label_smoothing < 1.0:
            raise ConfigError(f"TrainConfig.label_smoothing is {self.label_smoothing}: it must lie in [0, 1)")
        _at_least("z_loss", self.z_loss, 0.0, "0 turns it off")
        # JAX keeps 32 bits of a seed: beyond them two seeds would be one.
        if not 0 <= self.seed < 2**31:
            raise ConfigError(Setting("TrainConfig.seed"), f" is {self.seed}: it must lie in [0, 2**31)")
        if self.batch_size % self.microbatches:
            below = self.batch_size // self.microbatches * self.microbatches
            nearest = [str(n) for n in (below, below + self.microbatches) if n]
            raise ConfigError(
                f"batch {self.batch_size} is not divisible by {self.microbatches} microbatches: "
                f"use {' or '.join(nearest)}"
            )

    def is_eval_step(self, step: int) -> bool:
        """Whether the run is judged after `step` steps."""
        return step in (0, self.train_steps) or bool(self.eval_period and step % self.eval_period == 0)

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


def _check_lengths(lengths: Mapping[str, int]) -> None:
    for name in lengths:
        if name not in FEATURES:
            raise ConfigError(
                _LENGTHS, f" has {name!r}{did_you_mean(name, FEATURES) or '.'} It takes inputs and targets"
            )
    for name in FEATURES:
        if name not in lengths:
            raise ConfigError(_LENGTHS, f" {dict(lengths)} lacks {name!r}: give both inputs and targets")
        if lengths[name] < 2:
            raise ConfigError(
                _LENGTHS, f" has {lengths[name]} {name}, the least is 2: a row holds at least one token and EOS"
            )


def _mesh_axes(target: str | Sequence[str] | None) -> str | tuple[str, ...] | None:
    return target if target is None or isinstance(target, str) else tuple(target)
