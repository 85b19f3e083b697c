"""Greedy decoding speed: T5 1.1 small, random weights, batch 8, 512 in, 64 out, float32.

    python benchmarks/decode.py [--rounds 3] [--peer_python /path/to/python-with-transformers]

With a peer, its runs and ours alternate in one go, so that a noisy machine disturbs both alike; compare ratios, not
numbers of different days. End-to-end includes the encoder; decode-only starts from its output. Every row generates
all its tokens: EOS cannot win.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

ROLES = ("end_to_end", "decode_only")
SMALL = dict(vocab=32128, embed=512, heads=6, layers=8, head_dim=64, mlp=1024)


def main() -> int:
    """Runs and prints one JSON line a measurement, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="timed runs of each")
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--inputs_length", type=int, default=512)
    parser.add_argument("--targets_length", type=int, default=64)
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--peer_python", help="a Python that has torch and transformers: measured in turn")
    parser.add_argument("--serve_peer", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve_peer:
        return serve_peer(args)
    runners: dict[str, dict[str, Callable[[], float]]] = {"flan_jax": our_runs(args)}
    with peer_runs(args) as peer:
        if peer.runs:
            runners["transformers"] = peer.runs
        secs: dict[tuple[str, str], list[float]] = {}
        for round_number in range(args.rounds + 1):
            for role in ROLES:
                for name, runs in runners.items():
                    elapsed = runs[role]()
                    if round_number:  # the first round compiles
                        secs.setdefault((name, role), []).append(elapsed)
    tokens = args.batch_size * args.targets_length
    rate = {key: tokens / statistics.median(values) for key, values in secs.items()}
    for (name, role), values in secs.items():
        line = {"program": name, "run": role, "tokens_per_sec": round(rate[name, role], 1)}
        print(json.dumps({**line, "secs": [round(value, 3) for value in values], "dtype": args.dtype}))
    for role in ROLES:
        if ("transformers", role) in rate:
            ratio = rate["flan_jax", role] / rate["transformers", role]
            print(json.dumps({"run": role, "ratio_to_transformers": round(ratio, 2)}))
    return 0


def our_runs(args: argparse.Namespace) -> dict[str, Callable[[], float]]:
    """Timed calls of ours: each returns seconds."""
    import jax
    import jax.numpy as jnp

    from flan_jax.core.vocab import EOS_ID
    from flan_jax.decode import greedy_decode, greedy_from_encoded
    from flan_jax.models import T5Config, encode, init_params

    config = T5Config(
        vocab_size=SMALL["vocab"],
        emb_dim=SMALL["embed"],
        num_heads=SMALL["heads"],
        num_encoder_layers=SMALL["layers"],
        num_decoder_layers=SMALL["layers"],
        head_dim=SMALL["head_dim"],
        mlp_dim=SMALL["mlp"],
        dtype=args.dtype,
    )
    params = jax.jit(init_params, static_argnums=0)(config, jax.random.key(0))
    kernel = params["decoder"]["logits_dense"]["kernel"]
    params["decoder"]["logits_dense"]["kernel"] = kernel.at[:, EOS_ID].set(0.0)
    shape = (args.batch_size, args.inputs_length)
    inputs_BL = jax.random.randint(jax.random.key(1), shape, 3, config.vocab_size, jnp.int32)
    limits_B = jnp.full((args.batch_size,), args.targets_length, jnp.int32)
    encoded_BLD = jax.jit(encode, static_argnums=0)(config, params, inputs_BL)
    mask_BL = jnp.ones(shape, bool)
    decode = jax.jit(greedy_from_encoded, static_argnums=(0, 5))

    def timed(run: Callable[[], object]) -> float:
        start = time.perf_counter()
        generation = jax.block_until_ready(run())
        elapsed = time.perf_counter() - start
        assert int(generation.num_tokens_B.sum()) == args.batch_size * args.targets_length
        return elapsed

    runs = {
        "end_to_end": lambda: greedy_decode(config, params, inputs_BL, limits_B, args.targets_length),
        "decode_only": lambda: decode(config, params, encoded_BLD, mask_BL, limits_B, args.targets_length),
    }
    return {role: functools.partial(timed, run) for role, run in runs.items()}


class peer_runs:
    """The peer, in a process of its own that waits for its turn."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.process: subprocess.Popen[str] | None = None
        self.runs: dict[str, Callable[[], float]] = {}

    def __enter__(self) -> peer_runs:
        if self.args.peer_python:
            sizes = [
                f"--{n}={getattr(self.args, n)}" for n in ("batch_size", "inputs_length", "targets_length", "dtype")
            ]
            command = [self.args.peer_python, __file__, "--serve_peer", *sizes]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.runs = {role: functools.partial(self._ask, role) for role in ROLES}
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.communicate()

    def _ask(self, role: str) -> float:
        assert self.process is not None and self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(role + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the peer ended without an answer: does {self.args.peer_python} have transformers?")
        return float(answer)


def serve_peer(args: argparse.Namespace) -> int:
    """Times a run of transformers for each line read, and prints its seconds."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=SMALL["vocab"],
        d_model=SMALL["embed"],
        d_kv=SMALL["head_dim"],
        d_ff=SMALL["mlp"],
        num_layers=SMALL["layers"],
        num_heads=SMALL["heads"],
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        decoder_start_token_id=0,
    )
    model = transformers.T5ForConditionalGeneration(config).eval().to(getattr(torch, args.dtype))
    inputs = torch.randint(3, SMALL["vocab"], (args.batch_size, args.inputs_length))
    mask = torch.ones_like(inputs)
    lengths = {"max_new_tokens": args.targets_length, "min_new_tokens": args.targets_length}
    generate = functools.partial(model.generate, attention_mask=mask, do_sample=False, num_beams=1, **lengths)
    with torch.inference_mode():
        encoded = model.get_encoder()(inputs, attention_mask=mask)
        for role in read_lines():
            start = time.perf_counter()
            if role == "end_to_end":
                tokens = generate(input_ids=inputs)
            else:
                tokens = generate(encoder_outputs=transformers.modeling_outputs.BaseModelOutput(encoded[0]))
            elapsed = time.perf_counter() - start
            assert tokens.shape[1] == args.targets_length + 1, tokens.shape
            print(elapsed, flush=True)
    return 0


def read_lines() -> Iterator[str]:
    """Lines of standard input, as they come."""
    while line := sys.stdin.readline():
        yield line.strip()


if __name__ == "__main__":
    sys.exit(main())
