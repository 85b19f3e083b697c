"""A training step's time: T5 1.1 tiny and small (dropout 0.1), a tiny decoder and one of 135M parameters (SmolLM2's
shape, no dropout, loss at every position), float32 and bfloat16, Adafactor, packed rows.

    python benchmarks/train_step.py [--shapes tiny,small] [--dtypes float32,bfloat16] [--steps 5]
        [--peer_python /path/to/python-with-transformers]

One JSON line a case. Each case runs in a process of its own (its peak memory is its own). With a peer, steps of ours
and of transformers alternate, so that a noisy machine disturbs both alike: read the ratio, not numbers of different
days. The peer gets full rows (every token useful) and the bare cross entropy; ours pays for segments, padding, z-loss
and the norms it logs.

`useful` tokens are those that are not padding. `matmul_share` is the step's matrix-product arithmetic over its time,
as a share of the speed of a 2048 x 2048 product in the case's dtype on this machine just now.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from peer import Peer, answer_lines
from shapes import DECODER_135M, T5_SMALL, ModelShape

DROPOUT_RATE, LEARNING_RATE = 0.1, 1e-3
DENSITY = 0.95  # of our packed rows, as the packer reaches it


@dataclasses.dataclass(frozen=True)
class Shape:
    """Sizes of a model and of its batch; a decoder's rows are inputs and targets."""

    model: ModelShape
    batch_size: int
    inputs_length: int
    targets_length: int

    @property
    def tokens(self) -> int:
        """Positions of a step, encoder and decoder."""
        return self.batch_size * (self.inputs_length + self.targets_length)

    @property
    def sides(self) -> tuple[tuple[str, int], ...]:
        """What a batch's arrays are of, and how long those are."""
        if self.model.num_kv_heads is not None:
            return (("decoder", self.inputs_length + self.targets_length),)
        return (("encoder", self.inputs_length), ("decoder", self.targets_length))


SHAPES = {
    "tiny": Shape(ModelShape(32128, 64, 4, 16, 128, 2), 8, 256, 64),
    "small": Shape(T5_SMALL, 8, 512, 128),
    "decoder_tiny": Shape(ModelShape(8192, 96, 6, 16, 256, 2, num_kv_heads=2), 8, 256, 64),
    "decoder_135m": Shape(DECODER_135M, 4, 384, 128),
}


def main() -> int:
    """Runs the cases and prints one JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", default="tiny,small", help=f"of {', '.join(SHAPES)}")
    parser.add_argument("--dtypes", default="float32,bfloat16")
    parser.add_argument("--steps", type=int, default=5, help="timed steps a case, after two that warm up")
    parser.add_argument("--peer_python", help="a Python that has torch and transformers: measured in turn")
    parser.add_argument("--worker", choices=["ours", "peer"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        prepare = prepare_ours if args.worker == "ours" else prepare_peer
        return serve(*prepare(SHAPES[args.shapes], args.dtypes))
    for shape_name in args.shapes.split(","):
        for dtype in args.dtypes.split(","):
            run_case(shape_name, dtype, args)
    return 0


def run_case(shape_name: str, dtype: str, args: argparse.Namespace) -> None:
    """Starts the programs of a case, ours and the peer's, and prints their figures."""
    pythons = {"ours": sys.executable} | ({"peer": args.peer_python} if args.peer_python else {})
    arguments = ["--shapes", shape_name, "--dtypes", dtype]
    needs = {"ours": "flan_jax", "peer": "torch and transformers"}
    with contextlib.ExitStack() as stack:
        workers = {
            role: stack.enter_context(Peer(python, __file__, ["--worker", role, *arguments], needs[role]))
            for role, python in pythons.items()
        }
        print_figures(shape_name, dtype, workers, args.steps)


def print_figures(shape_name: str, dtype: str, workers: dict[str, Peer], num_steps: int) -> None:
    """Takes `num_steps` steps of each worker by turns, after two that warm up, and prints a line for each."""
    shape = SHAPES[shape_name]
    secs: dict[str, list[float]] = {role: [] for role in workers}
    for step in range(num_steps + 2):
        for role, worker in workers.items():
            answer = worker.ask("step")
            if step >= 2:
                secs[role].append(answer["secs"])
    useful_per_sec = {}
    for role, worker in workers.items():
        figures = worker.ask("end")
        median = statistics.median(secs[role])
        useful_per_sec[role] = figures["useful_tokens"] / median
        line = {
            "program": figures["program"],
            "shape": shape_name,
            "dtype": dtype,
            "step_secs": round(median, 4),
            "step_secs_min": round(min(secs[role]), 4),
            "tokens_per_sec": round(shape.tokens / median, 1),
            "useful_tokens_per_sec": round(useful_per_sec[role], 1),
            "peak_memory_gb": round(figures["peak_bytes"] / 1e9, 2),
        }
        if role == "ours":
            line["compile_secs"] = round(figures["compile_secs"], 1)
            line["step_gflop"] = round(figures["step_flops"] / 1e9, 1)
            line["matmul_peak_gflops"] = round(figures["matmul_flops_per_sec"] / 1e9, 1)
            line["matmul_share"] = round(figures["step_flops"] / median / figures["matmul_flops_per_sec"], 3)
        print(json.dumps(line), flush=True)
    if "peer" in workers:
        ratio = {
            "shape": shape_name,
            "dtype": dtype,
            "speedup_per_step": round(statistics.median(secs["peer"]) / statistics.median(secs["ours"]), 2),
            "speedup_per_useful_token": round(useful_per_sec["ours"] / useful_per_sec["peer"], 2),
        }
        print(json.dumps(ratio), flush=True)


def serve(step: Callable[[], float], figures: Callable[[], dict[str, Any]]) -> int:
    """Answers "step" with its seconds, "end" with the case's other figures."""

    def answer(question: str) -> dict[str, Any]:
        if question == "step":
            return {"secs": step()}
        # Memory first: what is measured for the other figures is not the step's.
        return {"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, **figures()}

    return answer_lines(answer)


def prepare_ours(shape: Shape, dtype: str) -> tuple[Callable[[], float], Callable[[], dict[str, Any]]]:
    """The project's own training step, compiled, and what else there is to say about it."""
    from flan_jax.cli.host_memory import keep_freed_memory

    keep_freed_memory()  # as the command line does

    import jax
    import jax.numpy as jnp

    from flan_jax.checkpoints.checkpoint import TrainState
    from flan_jax.models import forward, init_params, param_logical_axes
    from flan_jax.optim import AdafactorConfig, make_adafactor
    from flan_jax.train.step import StepOptions, make_train_step
    from flan_jax.train.throughput import step_flops

    config = shape.model.ours(dtype, DROPOUT_RATE)
    adafactor = AdafactorConfig(learning_rate=LEARNING_RATE)
    tx = make_adafactor(adafactor, param_logical_axes(config))
    batch = jax.tree.map(jnp.asarray, packed_batch(shape))

    @jax.jit
    def initial_state() -> TrainState:
        params = init_params(config, jax.random.key(0))
        return TrainState(jnp.zeros((), jnp.int32), params, tx.init(params))

    train_step = make_train_step(
        lambda params, batch, key: forward(config, params, batch, key), tx, StepOptions(), adafactor.schedule()
    )
    state = initial_state()
    start = time.perf_counter()
    compiled = train_step.lower(state, batch).compile()
    compile_secs = time.perf_counter() - start

    def step() -> float:
        nonlocal state
        start = time.perf_counter()
        state, metrics = jax.block_until_ready(compiled(state, batch))
        elapsed = time.perf_counter() - start
        assert jnp.isfinite(metrics["loss"]), metrics
        return elapsed

    def figures() -> dict[str, Any]:
        useful = sum(int((batch[f"{side}_segment_ids"] > 0).sum()) for side, _ in shape.sides)
        return {
            "program": "flan_jax",
            "compile_secs": compile_secs,
            "useful_tokens": useful,
            "step_flops": step_flops(config, shape.batch_size, shape.inputs_length, shape.targets_length),
            "matmul_flops_per_sec": matmul_flops_per_sec(dtype),
        }

    return step, figures


def packed_batch(shape: Shape) -> dict[str, Any]:
    """Rows of four segments each, `DENSITY` of their positions used, random tokens."""
    import numpy as np

    rng = np.random.default_rng(0)
    batch = {"row_ids": np.arange(shape.batch_size, dtype=np.int32)}
    for side, length in shape.sides:
        positions = np.arange(length)
        used = round(length * DENSITY)
        segments = np.where(positions < used, positions * 4 // used + 1, 0).astype(np.int32)
        segments = np.tile(segments, (shape.batch_size, 1))
        tokens = rng.integers(3, shape.model.vocab_size - 100, segments.shape)
        starts = np.maximum.accumulate(np.where(np.diff(segments[0], prepend=0) != 0, positions, 0))
        batch[f"{side}_positions"] = np.where(segments > 0, positions - starts, 0).astype(np.int32)
        batch[f"{side}_segment_ids"] = segments
        batch[f"{side}_input_tokens"] = np.where(segments > 0, tokens, 0).astype(np.int32)
    batch["decoder_target_tokens"] = np.roll(batch["decoder_input_tokens"], -1, axis=1)
    batch["decoder_loss_weights"] = (batch["decoder_segment_ids"] > 0).astype(np.float32)
    return batch


def matmul_flops_per_sec(dtype: str, size: int = 2048, repeats: int = 10) -> float:
    """The best of a few products of two square matrices."""
    import jax

    a, b = (jax.random.normal(jax.random.key(i), (size, size), dtype) for i in range(2))
    product = jax.jit(lambda a, b: a @ b)
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(product(a, b))
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def prepare_peer(shape: Shape, dtype: str) -> tuple[Callable[[], float], Callable[[], dict[str, Any]]]:
    """The same model and optimizer in transformers and torch: float32 parameters, bfloat16 by autocast."""
    import torch
    import transformers
    from transformers.optimization import Adafactor

    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    model = shape.model.transformers(DROPOUT_RATE, use_cache=False).train()
    optimizer = Adafactor(
        model.parameters(), lr=LEARNING_RATE, relative_step=False, scale_parameter=True, warmup_init=False
    )
    length = dict(shape.sides)
    labels = torch.randint(3, shape.model.vocab_size - 100, (shape.batch_size, length["decoder"]))
    inputs = labels
    if "encoder" in length:
        inputs = torch.randint(3, shape.model.vocab_size - 100, (shape.batch_size, length["encoder"]))
    mask = torch.ones_like(inputs)

    def step() -> float:
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
            loss = model(input_ids=inputs, attention_mask=mask, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        elapsed = time.perf_counter() - start
        assert torch.isfinite(loss), loss
        return elapsed

    versions = f"transformers {transformers.__version__}, torch {torch.__version__}"
    return step, lambda: {"program": versions, "useful_tokens": shape.tokens}


if __name__ == "__main__":
    sys.exit(main())
