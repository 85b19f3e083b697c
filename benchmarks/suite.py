"""Speed of benchmarks end to end: `flan-jax eval --suite` beside lm-eval with its Hugging Face backend.

    python benchmarks/suite.py --checkpoint SMOLLM2 --t5_vocab spiece.model --data_dir DATA --peer_python PYTHON

One JSON line a measurement, then the ratios. The peer runs in a process of its own (`--peer_python`, a Python with
lm_eval 0.4.13, torch and transformers) and gets the very prompts, options, stop texts and token limits that our runner
asks, with the same weights, exported by `flan-jax export`; programs take turns. Compilation and loading are not timed:
of every program the first pass over a case is not counted. That pass also tries the peer's batch sizes, and the fastest
is kept. Beside seconds there are CPU seconds, which say more on a machine that others use too.

Cases (float32, all cores; T5 is T5 1.1 small's shape with random weights, whose generations never end by themselves):

- decoder_mmlu, t5_mmlu: 5-shot, four one-letter options ranked. The decoder's exemplars are read once a subject, T5's
  encoder reads a prompt once for four options. lm-eval reads every decoder prompt whole, once for all options, and a T5
  prompt once an option.
- decoder_bbh_cot, t5_bbh_cot: 3-shot chains of thought, at most `--num_tokens` generated.

`is_same` lines compare answers: the largest difference of log-likelihoods, the share of equal choices or texts.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from peer import Peer, answer_lines
from shapes import endless_t5

CASES = ("decoder_mmlu", "decoder_bbh_cot", "t5_mmlu", "t5_bbh_cot")
MMLU_SUBJECTS = ("high_school_geography", "astronomy")
BBH_SUBTASKS = ("navigate",)
INPUTS_LENGTH = 2048


def main() -> int:
    """Runs and prints one JSON line a measurement, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", help="a decoder's weights, such as SmolLM2-135M's: the decoder cases need it")
    parser.add_argument("--t5_vocab", help="T5's SentencePiece model: the T5 cases need it")
    parser.add_argument("--data_dir", help="with mmlu/ and bbh/")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--rounds", type=int, default=2, help="timed passes of each program")
    parser.add_argument("--num_mmlu", type=int, default=12, help="questions of each of two subjects")
    parser.add_argument("--num_bbh", type=int, default=16, help="questions of one task")
    parser.add_argument("--num_tokens", type=int, default=128, help="most tokens of a chain of thought")
    parser.add_argument("--batch_size", type=int, default=32, help="ours, at most")
    parser.add_argument("--peer_batch_sizes", type=int, nargs="+", default=[1, 8, 16], help="the fastest one counts")
    parser.add_argument("--peer_python", help="a Python that has lm_eval, torch and transformers: measured in turn")
    parser.add_argument("--serve_peer", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve_peer:
        return serve_peer()
    needs = {"decoder": args.checkpoint, "t5": args.t5_vocab}
    for case in args.cases:
        if not args.data_dir or not needs[case.split("_")[0]]:
            print(json.dumps({"case": case, "skipped": "give --data_dir, and --checkpoint or --t5_vocab"}))
            continue
        for line in measured(case, args):
            print(json.dumps({"case": case, **line}), flush=True)
    return 0


def measured(case: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The lines of one case."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        weights_folder = pathlib.Path(args.checkpoint or "")
        if case.startswith("t5"):
            weights_folder = random_t5(args.t5_vocab, folder / "random")
        model = our_model(weights_folder, args)
        requests = our_requests(case, args, model)
        ours = Ours(model, requests)
        programs: dict[str, Callable[[], Pass]] = {"flan_jax": ours}
        first = {"flan_jax": ours()}
        with contextlib.ExitStack() as stack:
            if args.peer_python:
                exported = export(weights_folder, folder / "hf")
                process = Peer(args.peer_python, __file__, ["--serve_peer"], "lm_eval, torch and transformers")
                peer = LmEval(stack.enter_context(process), exported, case, requests)
                tried = {}
                for batch_size in args.peer_batch_sizes:
                    peer.batch_size = batch_size
                    tried[batch_size] = peer()
                peer.batch_size = min(tried, key=lambda size: tried[size]["secs"])
                programs["lm_eval"], first["lm_eval"] = peer, tried[peer.batch_size]
                yield {"program": "lm_eval", "batch_size_secs": {n: round(t["secs"], 2) for n, t in tried.items()}}
            passes: dict[str, list[Pass]] = {name: [] for name in programs}
            for _ in range(args.rounds):
                for name, run in programs.items():
                    passes[name].append(run())
    best = {}
    for name, runs in passes.items():
        best[name] = {unit: min(run[unit] for run in runs) for unit in ("secs", "cpu_secs")}
        yield {
            "program": name,
            "examples_per_sec": round(len(requests) / best[name]["secs"], 3),
            "secs": [round(run["secs"], 2) for run in runs],
            "cpu_secs": [round(run["cpu_secs"], 2) for run in runs],
            "first_pass_secs": round(first[name]["secs"], 2),
            "num_examples": len(requests),
            "mean_prompt_tokens": round(sum(model.count_tokens([r.prompt for r in requests])) / len(requests)),
        }
    if "lm_eval" in best:
        yield {
            "ratio": round(best["lm_eval"]["secs"] / best["flan_jax"]["secs"], 2),
            "cpu_ratio": round(best["lm_eval"]["cpu_secs"] / best["flan_jax"]["cpu_secs"], 2),
        }
        yield {"is_same": compared(case, passes["flan_jax"][-1]["answers"], passes["lm_eval"][-1]["answers"])}


Pass = dict[str, Any]  # secs, cpu_secs, answers


def our_model(folder: pathlib.Path, args: argparse.Namespace) -> Any:
    """Our model behind the runner, of a folder of weights."""
    import jax

    from flan_jax.checkpoints.load import load_model
    from flan_jax.evaluate import JaxLanguageModel
    from flan_jax.sources.data_dir import set_data_dir

    set_data_dir(args.data_dir)
    loaded = load_model(folder, dtype="float32", sharding=jax.sharding.SingleDeviceSharding(jax.devices()[0]))
    sizes = dict(inputs_length=INPUTS_LENGTH, batch_size=args.batch_size)
    return JaxLanguageModel("ours", loaded.config, loaded.params, loaded.vocabulary, **sizes)


def random_t5(vocab_path: str, folder: pathlib.Path) -> pathlib.Path:
    """Weights of T5 1.1 small's shape in `folder`; no generation ends."""
    from flan_jax.checkpoints.weights import save_weights
    from flan_jax.core.vocabulary import load_vocabulary

    config, params = endless_t5("bfloat16")
    folder.mkdir()
    vocabulary = load_vocabulary(vocab_path)
    vocabulary.copy_to(folder)
    extra = {"vocab_fingerprint": vocabulary.fingerprint, "vocab_file": vocabulary.path.name}
    save_weights(folder, params, config.to_json(), **extra)
    return folder


def export(weights_folder: pathlib.Path, folder: pathlib.Path) -> str:
    """The weights as transformers reads them; prints go to standard error."""
    from flan_jax.cli.main import main as flan_jax

    with contextlib.redirect_stdout(sys.stderr):
        failed = flan_jax(["export", "--checkpoint", str(weights_folder), "--to", "hf", "--out", str(folder)])
    if failed:
        raise RuntimeError(f"{weights_folder} could not be exported")
    return str(folder)


def our_requests(case: str, args: argparse.Namespace, model: Any) -> list[Any]:
    """What our runner asks for this case, as `flan-jax eval --suite` would."""
    import dataclasses

    import flan_jax.tasks  # noqa: F401  (registers the benchmarks)
    from flan_jax.evaluate import GenerateRequest, RankRequest, SuiteConfig
    from flan_jax.evaluate.work import list_work

    if case.endswith("mmlu"):
        config = SuiteConfig(("mmlu:direct",), split="test", subtasks=MMLU_SUBJECTS, limit=args.num_mmlu)
        works = [work for part in list_work(config, model) for work in part.work]
        return [RankRequest(w.fitted.prefix, w.fitted.query, w.item.prompt.options) for w in works]
    config = SuiteConfig(("bbh:cot",), subtasks=BBH_SUBTASKS, limit=args.num_bbh)
    works = [work for part in list_work(config, model) for work in part.work]
    requests = [GenerateRequest(w.fitted.prefix, w.fitted.query, w.format.max_tokens, w.format.stop) for w in works]
    return [dataclasses.replace(request, max_tokens=args.num_tokens) for request in requests]


class Ours:
    """Timed passes of ours."""

    def __init__(self, model: Any, requests: Sequence[Any]):
        self.model, self.requests = model, requests

    def __call__(self) -> Pass:
        start, cpu_start = time.perf_counter(), time.process_time()
        if hasattr(self.requests[0], "options"):
            found = {position: list(ranked.log_probs) for position, ranked in self.model.rank(self.requests)}
        else:
            found = {position: outputs[0].text for position, outputs in self.model.generate(self.requests)}
        secs = {"secs": time.perf_counter() - start, "cpu_secs": time.process_time() - cpu_start}
        return {**secs, "answers": [found[i] for i in range(len(self.requests))]}


class LmEval:
    """Timed passes of the peer."""

    def __init__(self, peer: Peer, folder: str, case: str, requests: Sequence[Any]):
        self.peer, self.batch_size = peer, 1
        backend = "causal" if case.startswith("decoder") else "seq2seq"
        if hasattr(requests[0], "options"):
            asked = [{"prompt": r.prompt, "options": list(r.options)} for r in requests]
        else:
            asked = [{"prompt": r.prompt, "until": list(r.stop), "max_gen_toks": r.max_tokens} for r in requests]
        peer.ask({"folder": folder, "backend": backend, "max_length": INPUTS_LENGTH, "requests": asked})

    def __call__(self) -> Pass:
        return self.peer.ask({"batch_size": self.batch_size})


def serve_peer() -> int:
    """Answers each line read with a timed pass of lm-eval's Hugging Face backend; the first line says of what."""
    import logging
    import os

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import transformers
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    logging.disable(logging.WARNING)
    transformers.logging.set_verbosity_error()
    start = json.loads(sys.stdin.readline())
    sizes = dict(max_length=start["max_length"], batch_size=1, dtype="float32", device="cpu")
    model = HFLM(pretrained=start["folder"], backend=start["backend"], **sizes)
    asked = start["requests"]
    if "options" in asked[0]:
        pairs = [(request["prompt"], option) for request in asked for option in request["options"]]
        instances = [Instance("loglikelihood", {}, pair, i) for i, pair in enumerate(pairs)]
    else:
        settings = [
            {"until": r["until"], "max_gen_toks": r["max_gen_toks"], "do_sample": False, "temperature": 0.0}
            for r in asked
        ]
        arguments = [(request["prompt"], setting) for request, setting in zip(asked, settings, strict=True)]
        instances = [Instance("generate_until", {}, pair, i) for i, pair in enumerate(arguments)]
    print(json.dumps({"ready": True}), flush=True)

    def timed_pass(question: dict[str, int]) -> Pass:
        model.batch_size_per_gpu = question["batch_size"]
        begin, cpu_begin = time.perf_counter(), time.process_time()
        if "options" in asked[0]:
            scores = iter(model.loglikelihood(instances, disable_tqdm=True))
            answers: list[Any] = [[next(scores)[0] for _ in request["options"]] for request in asked]
        else:
            answers = model.generate_until(instances, disable_tqdm=True)
        secs = {"secs": time.perf_counter() - begin, "cpu_secs": time.process_time() - cpu_begin}
        return {**secs, "answers": answers}

    return answer_lines(timed_pass)


def compared(case: str, ours: Sequence[Any], theirs: Sequence[Any]) -> dict[str, float]:
    """How far the programs agree."""
    if case.endswith("mmlu"):
        pairs = [(a, b) for mine, peers in zip(ours, theirs, strict=True) for a, b in zip(mine, peers, strict=True)]
        choices = [mine.index(max(mine)) == peers.index(max(peers)) for mine, peers in zip(ours, theirs, strict=True)]
        return {
            "largest_difference": round(max(abs(a - b) for a, b in pairs), 6),
            "equal_choices": sum(choices) / len(choices),
        }
    equal = [mine.strip() == peers.strip() for mine, peers in zip(ours, theirs, strict=True)]
    return {"equal_texts": sum(equal) / len(equal)}


if __name__ == "__main__":
    sys.exit(main())
