"""`flan-jax infer`: generations for one prompt, a file of prompts, or interactively."""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from collections.abc import Callable, Iterable
from typing import get_args

from flan_jax.cli.checkpoints import add_model_arguments
from flan_jax.cli.flags import flag
from flan_jax.core.errors import ConfigError, counted
from flan_jax.core.settings import BatchSize, Count, PathText, Seed, Tokens
from flan_jax.core.terminal import plain_stream, visible, visible_json
from flan_jax.decode import BeamRule, TextGeneration, choose_method
from flan_jax.decode.methods import Alpha, Samples, Share, check_seed
from flan_jax.decode.text import UNKNOWN
from flan_jax.models import ModelConfig
from flan_jax.sources.prompts import read_prompts
from flan_jax.workflows.arguments import check_characters
from flan_jax.workflows.loading import open_model
from flan_jax.workflows.model import Temperature

DEFAULT_INPUTS_LENGTH = 512  # where nothing else is said

HELP = "generate from a checkpoint: one prompt, a file, or interactively"

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add_model_arguments(parser)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--prompt", action="append", help="the prompt; repeat for several")
    source.add_argument(
        "--prompts_file",
        type=flag(PathText),
        help="one prompt a line, or .jsonl with a field 'prompt' or 'inputs'; - for standard input",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line, with log-probability and lengths")
    parser.add_argument(
        "--inputs_length",
        type=flag(Tokens),
        help=f"longest prompt in tokens (default {DEFAULT_INPUTS_LENGTH}, or what the model has positions for)",
    )
    parser.add_argument(
        "--max_decode_len", type=flag(Tokens), default=128, help="longest generation in tokens (default 128)"
    )
    parser.add_argument("--batch_size", type=flag(BatchSize), default=8, help="prompts at once (default 8)")
    parser.add_argument(
        "--chat",
        action="store_true",
        help="put each prompt into the model's chat template, as one turn; several turns are Python's: model.chat",
    )
    parser.add_argument("--stop", action="append", default=[], help="a text that ends a generation; repeat for several")
    sampling = parser.add_argument_group("sampling (any of these samples; without, decoding is greedy)")
    sampling.add_argument(
        "--temperature", type=flag(Temperature), help="what logits are divided by (default 1); 0 is greedy"
    )
    sampling.add_argument("--top_k", type=flag(Count), help="draw from the k likeliest tokens")
    sampling.add_argument(
        "--top_p", type=flag(Share), help="draw from the likeliest tokens whose probabilities sum to p"
    )
    sampling.add_argument("--num_samples", type=flag(Samples), help="generations a prompt (default 1)")
    sampling.add_argument("--seed", type=flag(Seed), help="of the draws (default 0)")
    beams = parser.add_argument_group("beam search")
    beams.add_argument("--num_beams", type=flag(Samples), help="beams, all of which are printed, best first")
    beams.add_argument("--alpha", type=flag(Alpha), help="length penalty's exponent (default 0.6)")
    beams.add_argument("--beam_rule", choices=get_args(BeamRule), help="penalty and stopping as in (default t5x)")


def run(args: argparse.Namespace) -> int:
    """Prints generations; 0 when all were made."""
    method = choose_method(
        temperature=args.temperature,
        top_k=args.top_k,
        top_p=args.top_p,
        num_samples=args.num_samples,
        num_beams=args.num_beams,
        alpha=args.alpha,
        beam_rule=args.beam_rule,
        spell=lambda name: f"--{name}",
    )
    check_seed(args.seed, method, "--seed")
    if not all(args.stop):
        raise ConfigError("--stop is empty, which every text begins with: give some text")
    prompts = args.prompt
    for prompt in prompts or ():
        _check_readable(prompt, "--prompt")
    if args.prompts_file is not None:
        prompts = _read_prompts(args.prompts_file)
    elif prompts is not None and not all(prompt.strip() for prompt in prompts):
        raise ConfigError("--prompt is empty: give some text")
    model = open_model(args.checkpoint, vocab_path=args.vocab_path, dtype=args.dtype)

    inputs_length = args.inputs_length or min(DEFAULT_INPUTS_LENGTH, model.longest_prompt(args.max_decode_len))

    def generate(prompts: list[str], first_number: int = 0) -> None:
        if args.chat:
            prompts = [model.vocabulary.chat_prompt(prompt) for prompt in prompts]
        generations = model.generations(
            prompts,
            max_tokens=args.max_decode_len,
            method=method,
            stop=args.stop,
            seed=args.seed,
            inputs_length=inputs_length,
            batch_size=args.batch_size,
            first_number=first_number,
        )
        _print(generations, args.json, model.config, inputs_length)

    if prompts is None:
        _interact(str(model.source.path), generate)
    else:
        generate(prompts)
    return 0


def _print(generations: Iterable[TextGeneration], as_json: bool, config: ModelConfig, inputs_length: int) -> None:
    num_trimmed = num_unfinished = num_unknown = num_beyond = 0
    for generation in generations:
        # The last generated token is never fed.
        room = config.most_prompt_tokens(generation.num_tokens - 1)
        num_beyond += room is not None and min(generation.num_prompt_tokens, inputs_length) > room
        num_unknown += generation.has_unknown and generation.sample == 0
        num_trimmed += generation.is_trimmed
        num_unfinished += not generation.is_finished
        # To a file or a pipe it is data, every character of it; on a terminal it must not do anything.
        stream = sys.stdout if sys.stdout.isatty() else plain_stream(sys.stdout)
        line = _json_line(generation, sys.stdout.encoding or "utf-8") if as_json else generation.text
        print(line, file=stream, flush=True)
    if num_trimmed:
        print(f"{counted(num_trimmed, 'prompt')} of more than {inputs_length:,} tokens lost their end", file=sys.stderr)
    if num_beyond:
        positions = config.most_prompt_tokens(0)
        print(
            f"{counted(num_beyond, 'generation')} went beyond the {positions:,} positions that the model was made for: "
            f"give a smaller --inputs_length or --max_decode_len",
            file=sys.stderr,
        )
    if num_unknown:
        print(f"{counted(num_unknown, 'prompt')} {UNKNOWN}", file=sys.stderr)
    if num_unfinished:
        print(f"{counted(num_unfinished, 'generation')} reached --max_decode_len before they ended", file=sys.stderr)


def _json_line(generation: TextGeneration, encoding: str) -> str:
    value = {
        "prompt": generation.prompt,
        "sample": generation.sample,
        "generation": generation.text,
        "log_prob": generation.log_prob,
        "score": generation.score,
        "num_tokens": generation.num_tokens,
        "finished": generation.is_finished,
        "num_prompt_tokens": generation.num_prompt_tokens,
        "prompt_trimmed": generation.is_trimmed,
        "prompt_unknown": generation.has_unknown,
    }
    line = json.dumps(value, ensure_ascii=False)
    try:
        line.encode(encoding)
    except UnicodeEncodeError:
        line = json.dumps(value)  # whose escapes are JSON's
    return visible_json(line)


def _interact(name: str, generate: Callable[[list[str], int], None]) -> None:
    """One prompt a line until the end of input; `\\n` in a line stands for a newline."""
    num_asked = 0
    if sys.stdin.isatty():
        print(visible(f"{name}: one prompt a line, \\n for a newline inside it, Ctrl-D to leave."), file=sys.stderr)
    while True:
        if sys.stdin.isatty():
            print("> ", end="", file=sys.stderr, flush=True)
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError as error:
            raise ConfigError(f"standard input is not UTF-8 ({error.reason}): convert it") from error
        if not line:
            return
        if line.strip():
            generate([line.rstrip("\n").replace("\\n", "\n")], num_asked)
            num_asked += 1


def _read_prompts(name: str) -> list[str]:
    if name == "-":
        content = sys.stdin.buffer.read()
    else:
        path = pathlib.Path(name)
        if not path.exists():
            raise ConfigError(
                f"--prompts_file {path} does not exist: give a text file with one prompt a line, or .jsonl"
            )
        content = path.read_bytes()
    placed, num_blank = read_prompts(pathlib.Path(name), content)
    if num_blank:
        print(visible(f"{name}: no generation for {counted(num_blank, 'blank line')}"), file=sys.stderr)
    if not placed:
        raise ConfigError(f"--prompts_file {name} holds no prompt: give one a line")
    for where, prompt in placed:
        _check_readable(prompt, where)
    return [prompt for _, prompt in placed]


def _check_readable(prompt: str, where: str) -> None:
    if "\0" in prompt:
        raise ConfigError(f"{where} has a NUL character, which no vocabulary can read: take it out")
    check_characters(where, prompt)
