"""A small run on made-up tasks, in this process or, as a program, in one that kills itself at a given moment.

python train_run.py '{"model_dir": …, "cache_dir": …, "changes": {…}, "end": {"at": "step", "number": 3}, …}'
"""

import dataclasses
import functools
import json
import os
import signal
import sys
import threading

if __name__ == "__main__":  # training must do without them
    sys.modules.update(dict.fromkeys(["tensorflow", "tensorflow_datasets", "seqio", "clu", "apache_beam"]))
    os.environ["JAX_PLATFORMS"] = "cpu"

import jax

from flan_jax.checkpoints.checkpoint import CheckpointConfig
from flan_jax.core import assets
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.example import Rendered
from flan_jax.declare.registry import add_mixture, add_task
from flan_jax.declare.task import Member, Mixture, Task
from flan_jax.evaluate import EvalConfig
from flan_jax.evaluate.judge import make_judge
from flan_jax.models import T5Config
from flan_jax.models.tuning import FULL
from flan_jax.optim import AdafactorConfig
from flan_jax.report import write_results
from flan_jax.train.config import MeshConfig, TrainConfig
from flan_jax.train.loop import run_training

WORDS = "red green blue one two three apple pear plum north south".split()


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Rows of two words."""

    size: int
    shift: int
    splits = ("train", "validation")
    description = "made for a test"

    def rows(self, split):
        return [{"a": WORDS[i % 11], "b": WORDS[(self.shift * i + 1) % 11], "n": i} for i in range(self.size)]


def render(row, rng, pool):
    return Rendered(f"Say {row['b']} after {row['a']}{' again' * (row['n'] % 5)}:", row["b"])


@functools.cache
def register():
    """Three tasks to train on, one to select by, one to report."""
    for number, name in enumerate(["run_a", "run_b", "run_c", "run_held_1", "run_held_2"]):
        eval_split = "validation" if "held" in name else None
        add_task(Task(name, f"cluster_{number}", Pairs(20 + number, number + 2), render, eval_split=eval_split))
    add_mixture(Mixture("run_train", (Member("run_a"), Member("run_b"), Member("run_c"))))


register()  # this module is also the MIXTURE_OR_TASK_MODULE of a cache process


def build_caches(cache_dir):
    """The token cache of the run's tasks."""
    from flan_jax.cache.build import build_cache

    vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
    for name in ("run_train", "run_held_1", "run_held_2"):
        build_cache(name, vocabulary=vocabulary, cache_dir=cache_dir, max_inputs_length=24, modules=(), num_workers=1)


def configs(model_dir, cache_dir, model=None, optimizer=None, evaluation=None, checkpoint=None, mesh=None, **changes):
    """Arguments of `train`; keyword arguments change fields."""
    train = {
        "model_dir": str(model_dir),
        "mixture": "run_train",
        "cache_dir": str(cache_dir),
        "vocab_path": str(assets.EMBEDDED_VOCAB),
        "feature_lengths": {"inputs": 24, "targets": 8},
        "batch_size": 8,
        "train_steps": 8,
        "eval_period": 4,
        "log_period": 1,
        "checkpoint": CheckpointConfig(**{"period": 2, **(checkpoint or {})}),
        "mesh": MeshConfig(**(mesh or {})),
    }
    shape = {
        "vocab_size": 2048,
        "emb_dim": 16,
        "num_heads": 2,
        "head_dim": 8,
        "num_encoder_layers": 1,
        "num_decoder_layers": 1,
        "mlp_dim": 16,
        "dropout_rate": 0.1,
        "dtype": "float32",
    }
    judged = {
        "selection": ("run_held_1",),
        "report": ("run_held_2",),
        "batch_size": 8,
        "inputs_length": 24,
        "targets_length": 4,
        "limit": 8,
        "num_resamples": 10,
    }
    return (
        TrainConfig(**{**train, **changes}),
        T5Config(**{**shape, **(model or {})}),
        AdafactorConfig(**{"learning_rate": 1e-2, **(optimizer or {})}),
        EvalConfig(**{**judged, **(evaluation or {})}),
    )


def train(config, model, optimizer, evaluation, tuning=FULL, **options):
    """`run_training` with the judge of `flan-jax train`."""
    judge = functools.partial(make_judge, evaluation, write=write_results)
    return run_training(config, model, optimizer, tuning, make_judge=judge, **options)


def end_at(at, number, delay_secs=0.0, signal_name="SIGKILL"):
    """Arranges for this process to signal itself at a step, between two batches of an evaluation, or in a save."""
    from flan_jax.checkpoints.store import Checkpoints
    from flan_jax.train.guard import FiniteGuard, StopSignal

    owner, method = {
        "step": (FiniteGuard, "push"),
        "eval": (StopSignal, "raise_if_set"),
        "save": (Checkpoints, "save"),
    }[at]
    original, seen = getattr(owner, method), []

    def wrapped(*args, **kwargs):
        result = original(*args, **kwargs)
        seen.append(None)
        if len(seen) == number:
            number_of = getattr(signal, signal_name)
            if delay_secs:
                threading.Timer(delay_secs, os.kill, (os.getpid(), number_of)).start()
            else:
                os.kill(os.getpid(), number_of)
        return result

    setattr(owner, method, wrapped)


def main():
    order = json.loads(sys.argv[1])
    if order.get("distributed"):
        jax.distributed.initialize(**order["distributed"])
    if order.get("end"):
        end_at(**order["end"])
    result = train(*configs(order["model_dir"], order["cache_dir"], **order.get("changes", {})))
    print(json.dumps({"step": result.step, "is_finished": result.is_finished, "selected": result.selected_step}))


if __name__ == "__main__":
    main()
