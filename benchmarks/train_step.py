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
import dataclasses
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

DROPOUT_RATE, LEARNING_RATE = 0.1, 1e-3
DENSITY = 0.95  # of our packed rows, as the packer reaches it


@dataclasses.dataclass(frozen=True)
class Shape:
    """Sizes of a model and of its batch; with `num_kv_heads` a Llama-style decoder: rows are inputs and targets."""

    emb_dim: int
    num_heads: int
    head_dim: int
    mlp_dim: int
    num_layers: int
    batch_size: int
    inputs_length: int
    targets_length: int
    vocab_size: int = 32128
    num_kv_heads: int | None = None

    @property
    def tokens(self) -> int:
        """Positions of a step, encoder and decoder."""
        return self.batch_size * (self.inputs_length + self.targets_length)

    @property
    def sides(self) -> tuple[tuple[str, int], ...]:
        """What a batch's arrays are of, and how long those are."""
        if self.num_kv_heads is not None:
            return (("decoder", self.inputs_length + self.targets_length),)
        return (("encoder", self.inputs_length), ("decoder", self.targets_length))


SHAPES = {
    "tiny": Shape(64, 4, 16, 128, 2, 8, 256, 64),
    "small": Shape(512, 6, 64, 1024, 8, 8, 512, 128),
    "decoder_tiny": Shape(96, 6, 16, 256, 2, 8, 256, 64, vocab_size=8192, num_kv_heads=2),
    "decoder_135m": Shape(576, 9, 64, 1536, 30, 4, 384, 128, vocab_size=49152, num_kv_heads=3),
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
    """Alternates steps of the programs and prints their figures."""
    shape = SHAPES[shape_name]
    pythons = {"ours": sys.executable} | ({"peer": args.peer_python} if args.peer_python else {})
    workers = {role: Worker(role, python, shape_name, dtype) for role, python in pythons.items()}
    secs: dict[str, list[float]] = {role: [] for role in workers}
    for step in range(args.steps + 2):
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


class Worker:
    """A program in a process of its own that waits for its turn."""

    def __init__(self, role: str, python: str, shape_name: str, dtype: str):
        command = [python, __file__, "--worker", role, "--shapes", shape_name, "--dtypes", dtype]
        self.python = python
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, request: str) -> dict[str, Any]:
        """Sends a line, returns the JSON object that answers it."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.python} ended without an answer: see its message above")
        return json.loads(answer)


def serve(step: Callable[[], float], figures: Callable[[], dict[str, Any]]) -> int:
    """Answers "step" with its seconds, "end" with the case's other figures."""
    for line in sys.stdin:
        if line.strip() == "end":
            # Memory first: what is measured for the other figures is not the step's.
            peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            print(json.dumps({"peak_bytes": peak_bytes, **figures()}), flush=True)
            return 0
        print(json.dumps({"secs": step()}), flush=True)
    return 1


def prepare_ours(shape: Shape, dtype: str) -> tuple[Callable[[], float], Callable[[], dict[str, Any]]]:
    """The project's own training step, compiled, and what else there is to say about it."""
    from flan_jax.cli.host_memory import keep_freed_memory

    keep_freed_memory()  # as the command line does

    import jax
    import jax.numpy as jnp

    from flan_jax.checkpoints.train_state import TrainState
    from flan_jax.models import forward, init_params, param_logical_axes
    from flan_jax.optim import AdafactorConfig, make_adafactor
    from flan_jax.train.step import StepOptions, make_train_step
    from flan_jax.train.throughput import step_flops

    config = our_config(shape, dtype)
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


def our_config(shape: Shape, dtype: str) -> Any:
    """The model: T5 1.1, or a decoder as Llama's."""
    from flan_jax.models import DecoderConfig, T5Config

    sizes: dict[str, Any] = {
        "vocab_size": shape.vocab_size,
        "emb_dim": shape.emb_dim,
        "num_heads": shape.num_heads,
        "head_dim": shape.head_dim,
        "mlp_dim": shape.mlp_dim,
        "dtype": dtype,
    }
    if shape.num_kv_heads is not None:
        sizes |= {"num_layers": shape.num_layers, "num_kv_heads": shape.num_kv_heads}
        sizes |= {"block": "sequential", "norm": "rmsnorm", "mlp": "swiglu", "position": "rope", "biases": "none"}
        return DecoderConfig(**sizes, embeddings="tied", attention="causal", dropout_rate=0.0)
    sizes |= {"num_encoder_layers": shape.num_layers, "num_decoder_layers": shape.num_layers}
    return T5Config(**sizes, dropout_rate=DROPOUT_RATE)


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
        tokens = rng.integers(3, shape.vocab_size - 100, segments.shape)
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


def peer_model(shape: Shape) -> Any:
    """The same model in transformers."""
    import transformers

    if shape.num_kv_heads is not None:
        llama = transformers.LlamaConfig(
            vocab_size=shape.vocab_size,
            hidden_size=shape.emb_dim,
            intermediate_size=shape.mlp_dim,
            num_hidden_layers=shape.num_layers,
            num_attention_heads=shape.num_heads,
            num_key_value_heads=shape.num_kv_heads,
            tie_word_embeddings=True,
            use_cache=False,
        )
        return transformers.LlamaForCausalLM(llama)
    config = transformers.T5Config(
        vocab_size=shape.vocab_size,
        d_model=shape.emb_dim,
        d_kv=shape.head_dim,
        d_ff=shape.mlp_dim,
        num_layers=shape.num_layers,
        num_heads=shape.num_heads,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        dropout_rate=DROPOUT_RATE,
        decoder_start_token_id=0,
        use_cache=False,
    )
    return transformers.T5ForConditionalGeneration(config)


def prepare_peer(shape: Shape, dtype: str) -> tuple[Callable[[], float], Callable[[], dict[str, Any]]]:
    """The same model and optimizer in transformers and torch: float32 parameters, bfloat16 by autocast."""
    import torch
    import transformers
    from transformers.optimization import Adafactor

    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    model = peer_model(shape).train()
    optimizer = Adafactor(
        model.parameters(), lr=LEARNING_RATE, relative_step=False, scale_parameter=True, warmup_init=False
    )
    length = dict(shape.sides)
    labels = torch.randint(3, shape.vocab_size - 100, (shape.batch_size, length["decoder"]))
    inputs = labels
    if "encoder" in length:
        inputs = torch.randint(3, shape.vocab_size - 100, (shape.batch_size, length["encoder"]))
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
