"""`flan-jax VERB …`: one verb a module of this package, imported only when it is asked for."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import signal
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from flan_jax import __version__
from flan_jax.cli import faults
from flan_jax.cli.flags import FlagParser
from flan_jax.core.errors import FlanError, did_you_mean
from flan_jax.core.faults import explained
from flan_jax.core.terminal import VisibleStream
from flan_jax.sources.data_dir import set_data_dir

VERBS = {
    "demo": "the main job on embedded tasks: finetune, judge, pick, report",
    "train": "finetune or pretrain from a gin recipe",
    "cache": "tokenise a mixture once, into checksummed shards",
    "eval": "score a checkpoint on any mixture",
    "compare": "runs side by side, paired by example, and what is chance",
    "board": "all runs below a folder on one page",
    "lm-eval": "score a checkpoint on any task of lm-evaluation-harness",
    "infer": "generate from a checkpoint: one prompt, a file, or interactively",
    "tasks": "list, show and render tasks",
    "import": "weights of Hugging Face or T5X, as a folder to start from",
    "adapt": "an encoder-decoder to train, out of a decoder-only checkpoint",
    "export": "weights for Hugging Face or T5X",
    "plan": "compile a recipe for a TPU slice that is not here: memory, speed",
    "mix": "explain a mixture (rates, epochs), or check what it holds out",
    "study": "run a ladder of runs, and judge a paper's findings by them",
    "replay": "show the rows of one training step: text, templates, loss mask",
}
# What cannot be a module's name.
_MODULES = {"import": "import_weights", "export": "export_weights", "lm-eval": "lm_eval"}

STOPPED = 128 + signal.SIGINT  # as shells have it

__all__ = ["VERBS", "console", "main", "parse_verb", "run_verb"]


def console(argv: Sequence[str] | None = None) -> NoReturn:
    """`main` as a program: where it has told of an error, that line is the last one.

    Args:
      argv: the verb and its options; the program's own by default.
    """
    faults.open_what_is_closed()
    faults.keep_logs_short()
    status = main(argv)
    if status in (2, STOPPED):
        faults.silence()
    sys.exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb; returns its status, or 2 after printing an error that is the input's or the machine's fault.

    Args:
      argv: the verb and its options; the program's own by default.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    verb, rest = (argv[0], argv[1:]) if argv else ("--help", [])
    try:
        with contextlib.redirect_stdout(VisibleStream(sys.stdout)):
            return _main(verb, rest, has_verb=bool(argv))
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        faults.tell(verb, "stopped")
        return STOPPED
    except Exception as error:
        line = explained(error)
        if line is None:
            raise
        faults.tell(verb, line)
        return 2


def _main(verb: str, rest: Sequence[str], has_verb: bool) -> int:
    if verb in ("-h", "--help"):
        print("usage: flan-jax VERB [options]\n")
        print("\n".join(f"  {name:8}{text}" for name, text in VERBS.items()))
        print("\n`flan-jax VERB --help` shows a verb's options. Recipes are in gin/recipes.")
        return 0 if has_verb else 2
    if verb == "--version":
        print(__version__)
        return 0
    if verb not in VERBS:
        raise FlanError(f"no verb {verb!r}{did_you_mean(verb, VERBS) or '.'} The verbs are {', '.join(VERBS)}")
    return run_verb(verb, rest)


def run_verb(verb: str, argv: Sequence[str]) -> int:
    """Parses `argv` for `verb` and runs it."""
    module, args = parse_verb(verb, argv)
    if getattr(args, "data_dir", None):
        set_data_dir(args.data_dir)
    status: int = module.run(args)
    return status


def parse_verb(verb: str, argv: Sequence[str]) -> tuple[ModuleType, argparse.Namespace]:
    """The module of `verb`, and `argv` as its arguments."""
    module = importlib.import_module(f"flan_jax.cli.{_MODULES.get(verb, verb)}")
    parser = FlagParser(prog=f"flan-jax {verb}", description=module.HELP)
    module.add_arguments(parser)
    if any(action.dest == "gin_file" for action in parser._actions):
        from flan_jax.cli.gin_config import split_gin_flags

        argv, bindings = split_gin_flags(argv)
        args = parser.parse_args(argv)
        args.gin_bindings = [*bindings, *args.gin_bindings]
    else:
        args = parser.parse_args(argv)
    return module, args


if __name__ == "__main__":
    console()
