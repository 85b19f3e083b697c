"""Decoding and scoring speed on random weights, beside transformers: T5 1.1 small and a 135M decoder (SmolLM2's shape).

    python benchmarks/decode.py [--rounds 3] [--cases t5_greedy decoder_score …] [--peer_python PYTHON]

With a peer (a Python that has torch and transformers), its runs and ours alternate in one go, so that a noisy machine
disturbs both alike; compare ratios, not numbers of different days. Every row generates all its tokens: EOS cannot win.
T5 reads 512 tokens, the decoder 128.

- *_greedy, *_beam4: end to end, `num_tokens` a row of the best sequence; the peer's `generate`.
- t5_greedy_decode_only: from the encoder's output on.
- t5_score: 4 answers of 16 tokens a prompt. Both encode a prompt once, and run the decoder over all answers.
- decoder_score: 4 answers of 1 token a prompt, prompts being 512 shared tokens (exemplars) and 96 of their own. Ours
  reads the shared ones once a batch; the peer reads each prompt once for all its answers, as lm-eval does.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import statistics
import sys
import time
from collections.abc import Callable

from peer import Peer, answer_lines
from shapes import DECODER_135M, T5_SMALL, endless_t5

CASES = (
    "t5_greedy",
    "t5_greedy_decode_only",
    "t5_beam4",
    "t5_score",
    "decoder_greedy",
    "decoder_beam4",
    "decoder_score",
)
T5_LENGTH, DECODER_LENGTH, SHARED_LENGTH, QUESTION_LENGTH = 512, 128, 512, 96
NUM_OPTIONS, OPTION_LENGTH = 4, 16
Run = Callable[[], object]


def main() -> int:
    """Runs and prints one JSON line a measurement, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="timed runs of each")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--num_tokens", type=int, default=64, help="generated a row")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--peer_python", help="a Python that has torch and transformers: measured in turn")
    parser.add_argument("--serve_peer", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve_peer:
        return serve_peer(args)
    ours = our_runs(args)
    runners: dict[str, dict[str, Callable[[], float]]] = {"flan_jax": ours}
    with contextlib.ExitStack() as stack:
        if args.peer_python:
            sizes = [f"--{name}={getattr(args, name)}" for name in ("batch_size", "num_tokens", "dtype")]
            peer = Peer(args.peer_python, __file__, ["--serve_peer", *sizes], "torch and transformers")
            runners["transformers"] = peer_runs(stack.enter_context(peer))
        for case in args.cases:
            secs: dict[str, list[float]] = {name: [] for name in runners}
            for round_number in range(args.rounds + 1):
                for name, runs in runners.items():
                    elapsed = runs[case]()
                    if round_number:  # the first round compiles
                        secs[name].append(elapsed)
            report(case, secs, args)
    return 0


def report(case: str, secs: dict[str, list[float]], args: argparse.Namespace) -> None:
    """Prints a line for each program, and one for their ratio."""
    for name, values in secs.items():
        unit = "prompts_per_sec" if case.endswith("score") else "tokens_per_sec"
        amount = args.batch_size * (1 if case.endswith("score") else args.num_tokens)
        line = {"program": name, "case": case, unit: round(amount / statistics.median(values), 2)}
        line |= {"secs": [round(value, 3) for value in values], "dtype": args.dtype, "batch_size": args.batch_size}
        print(json.dumps(line), flush=True)
    if "transformers" in secs:
        ratio = statistics.median(secs["transformers"]) / statistics.median(secs["flan_jax"])
        print(json.dumps({"case": case, "ratio_to_transformers": round(ratio, 2)}), flush=True)


def our_runs(args: argparse.Namespace) -> dict[str, Callable[[], float]]:
    """Timed calls of ours: each returns seconds."""
    import jax

    runs: dict[str, Run] = {}
    if any(case.startswith("t5") for case in args.cases):
        runs |= our_t5_runs(args)
    if any(case.startswith("decoder") for case in args.cases):
        runs |= our_decoder_runs(args)

    def timed(run: Run) -> float:
        start = time.perf_counter()
        jax.block_until_ready(run())
        return time.perf_counter() - start

    return {case: functools.partial(timed, run) for case, run in runs.items()}


def our_t5_runs(args: argparse.Namespace) -> dict[str, Run]:
    """T5 1.1 small."""
    import jax
    import jax.numpy as jnp

    from flan_jax.decode import BeamSearch, Greedy, Stop, generate, greedy_from_encoded, score_targets
    from flan_jax.models import encode

    config, params = endless_t5(args.dtype)
    shape = (args.batch_size, T5_LENGTH)
    inputs_BL = jax.random.randint(jax.random.key(1), shape, 3, config.vocab_size, jnp.int32)
    lengths_B = jnp.full((args.batch_size,), T5_LENGTH, jnp.int32)
    limits_B = jnp.full((args.batch_size,), args.num_tokens, jnp.int32)
    encoded_BLD = jax.jit(encode, static_argnums=0)(config, params, inputs_BL)
    from_encoded = jax.jit(greedy_from_encoded, static_argnums=(0, 5))
    num_rows = args.batch_size * NUM_OPTIONS
    targets_RT = jax.random.randint(jax.random.key(2), (num_rows, OPTION_LENGTH), 3, config.vocab_size, jnp.int32)
    prompt_R = jnp.repeat(jnp.arange(args.batch_size), NUM_OPTIONS)

    def generated(method: Greedy | BeamSearch) -> object:
        endless = Stop(eos_ids=())
        return generate(config, params, inputs_BL, lengths_B, limits_B, args.num_tokens, method, stop=endless)

    return {
        "t5_greedy": lambda: generated(Greedy()),
        "t5_greedy_decode_only": lambda: from_encoded(
            config, params, encoded_BLD, jnp.ones(shape, bool), limits_B, args.num_tokens
        ),
        "t5_beam4": lambda: generated(BeamSearch(4, 1.0, "transformers")),
        "t5_score": lambda: score_targets(
            config, params, inputs_BL, prompt_R, targets_RT, jnp.full((num_rows,), OPTION_LENGTH)
        ),
    }


def our_decoder_runs(args: argparse.Namespace) -> dict[str, Run]:
    """The 135M decoder."""
    import jax
    import jax.numpy as jnp

    from flan_jax.decode import BeamSearch, Greedy, Stop, cache_prefix, generate, score_targets
    from flan_jax.models import init_params

    config = DECODER_135M.ours(args.dtype)
    params = jax.jit(init_params, static_argnums=0)(config, jax.random.key(0))

    def tokens(seed: int, *shape: int) -> jax.Array:
        return jax.random.randint(jax.random.key(seed), shape, 3, config.vocab_size, jnp.int32)

    inputs_BL = tokens(1, args.batch_size, DECODER_LENGTH)
    limits_B = jnp.full((args.batch_size,), args.num_tokens, jnp.int32)
    questions_BL = tokens(2, args.batch_size, QUESTION_LENGTH)
    exemplars_L = tokens(3, SHARED_LENGTH)
    num_rows = args.batch_size * NUM_OPTIONS
    targets_R1, prompt_R = tokens(4, num_rows, 1), jnp.repeat(jnp.arange(args.batch_size), NUM_OPTIONS)

    def generated(method: Greedy | BeamSearch) -> object:
        lengths_B, endless = jnp.full((args.batch_size,), DECODER_LENGTH), Stop(eos_ids=())
        return generate(config, params, inputs_BL, lengths_B, limits_B, args.num_tokens, method, stop=endless)

    def scored() -> object:
        return score_targets(
            config,
            params,
            questions_BL,
            prompt_R,
            targets_R1,
            jnp.ones((num_rows,), jnp.int32),
            input_lengths_B=jnp.full((args.batch_size,), QUESTION_LENGTH),
            prefix=cache_prefix(config, params, exemplars_L, SHARED_LENGTH),
        )

    return {
        "decoder_greedy": lambda: generated(Greedy()),
        "decoder_beam4": lambda: generated(BeamSearch(4, 1.0, "transformers")),
        "decoder_score": scored,
    }


def peer_runs(peer: Peer) -> dict[str, Callable[[], float]]:
    """Timed calls of the peer's: each returns seconds."""
    return {case: functools.partial(lambda case: float(peer.ask(case)["secs"]), case) for case in CASES}


def serve_peer(args: argparse.Namespace) -> int:
    """Times a run of transformers for each case that is asked for."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    models = {"t5": functools.cache(peer_t5), "decoder": functools.cache(peer_decoder)}

    def timed(case: str) -> dict[str, float]:
        run = models[case.split("_")[0]](args.batch_size, args.num_tokens, args.dtype)[case]
        start = time.perf_counter()
        run()
        return {"secs": time.perf_counter() - start}

    with torch.inference_mode():
        return answer_lines(timed)


def peer_t5(batch_size: int, num_tokens: int, dtype: str) -> dict[str, Run]:
    """T5 1.1 small of transformers."""
    import torch
    import transformers

    model = T5_SMALL.transformers().eval().to(getattr(torch, dtype))
    inputs = torch.randint(3, T5_SMALL.vocab_size, (batch_size, T5_LENGTH))
    mask = torch.ones_like(inputs)
    lengths = {"max_new_tokens": num_tokens, "min_new_tokens": num_tokens}
    generate = functools.partial(model.generate, attention_mask=mask, do_sample=False, **lengths)
    encoded = model.get_encoder()(inputs, attention_mask=mask)[0]
    labels = torch.randint(3, T5_SMALL.vocab_size, (batch_size * NUM_OPTIONS, OPTION_LENGTH))

    def score() -> object:
        hidden = model.get_encoder()(inputs, attention_mask=mask)[0].repeat_interleave(NUM_OPTIONS, 0)
        outputs = transformers.modeling_outputs.BaseModelOutput(hidden)
        logits = model(
            encoder_outputs=outputs, attention_mask=mask.repeat_interleave(NUM_OPTIONS, 0), labels=labels
        ).logits
        return torch.log_softmax(logits, -1).gather(-1, labels[..., None]).sum(1)

    wrapped = transformers.modeling_outputs.BaseModelOutput
    return {
        "t5_greedy": lambda: generate(input_ids=inputs, num_beams=1),
        "t5_greedy_decode_only": lambda: generate(encoder_outputs=wrapped(encoded), num_beams=1),
        "t5_beam4": lambda: generate(input_ids=inputs, num_beams=4),
        "t5_score": score,
    }


def peer_decoder(batch_size: int, num_tokens: int, dtype: str) -> dict[str, Run]:
    """The same decoder as a Llama of transformers."""
    import torch

    model = DECODER_135M.transformers().eval().to(getattr(torch, dtype))
    inputs = torch.randint(3, DECODER_135M.vocab_size, (batch_size, DECODER_LENGTH))
    lengths = {"max_new_tokens": num_tokens, "min_new_tokens": num_tokens}
    generate = functools.partial(model.generate, attention_mask=torch.ones_like(inputs), do_sample=False, **lengths)
    shared = torch.randint(3, DECODER_135M.vocab_size, (1, SHARED_LENGTH)).repeat(batch_size, 1)
    prompts = torch.cat([shared, torch.randint(3, DECODER_135M.vocab_size, (batch_size, QUESTION_LENGTH))], 1)
    options = torch.randint(3, DECODER_135M.vocab_size, (batch_size, NUM_OPTIONS))

    def score() -> object:
        logits = model(prompts, logits_to_keep=1).logits[:, -1]
        return torch.log_softmax(logits, -1).gather(-1, options)

    return {
        "decoder_greedy": lambda: generate(input_ids=inputs, num_beams=1),
        "decoder_beam4": lambda: generate(input_ids=inputs, num_beams=4),
        "decoder_score": score,
    }


if __name__ == "__main__":
    sys.exit(main())
