"""`flan-jax cache`: tokenises a run's mixtures, or one named mixture, into checksummed shards."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from flan_jax.cache.build import DEFAULT_MODULES
from flan_jax.cache.ensure import RUNNERS, BuildOrder, CacheRequest, carry_out, carry_out_with_beam
from flan_jax.cli.flags import flag, refuse_gin, refuse_unused
from flan_jax.core import assets
from flan_jax.core.errors import ConfigError
from flan_jax.core.settings import Count, PathText, Tokens

HELP = "tokenise a mixture once, into checksummed shards"

__all__ = ["HELP", "add_arguments", "add_registration_arguments", "registration_flags", "run", "task_folders"]


def add_registration_arguments(parser: argparse.ArgumentParser, suite_help: str = argparse.SUPPRESS) -> None:
    """`--module`, `--task_folder` and `--data_dir`: what registers tasks, and where their data lies.

    Args:
      parser: what they are added to.
      suite_help: what `--suite` means here; by default it is the old name of `--task_folder`, and not shown.
    """
    parser.add_argument(
        "--data_dir",
        type=flag(PathText),
        help="folder of the data sets' own folders (default: $FLAN_JAX_DATA_DIR, then ./data)",
    )
    parser.add_argument(
        "--module", action="append", default=[], help="module whose import registers tasks (default flan_jax.tasks)"
    )
    parser.add_argument(
        "--task_folder",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="tasks read from a folder, as in niv2=/data/natural_instructions_v2",
    )
    parser.add_argument("--suite", action="append", default=[], metavar="NAME", help=suite_help)


def registration_flags(modules: Sequence[str], folders: Mapping[str, str]) -> str:
    """The flags that register the same tasks, for a command to be copied; "" for the default.

    Args:
      modules: whose import registers tasks.
      folders: task folders by name.
    """
    named = [] if tuple(modules) == tuple(DEFAULT_MODULES) else modules
    flags = [f" --module {shlex.quote(module)}" for module in named]
    return "".join([*flags, *(f" --task_folder {shlex.quote(f'{name}={path}')}" for name, path in folders.items())])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Either a recipe, of which everything it trains and judges on is cached, or mixtures by name."""
    from flan_jax.cli.gin_config import add_gin_arguments

    add_gin_arguments(parser)
    parser.add_argument("--mixture", action="append", default=[], help="mixture or task to cache; repeat for several")
    parser.add_argument(
        "--role", action="append", default=[], choices=["train", "eval"], help="splits of a --mixture (default both)"
    )
    parser.add_argument("--max_inputs_length", type=flag(Tokens), help="of a --mixture: drop exemplars beyond it")
    parser.add_argument("--cache_dir", type=flag(PathText), help="folder of the cache")
    parser.add_argument(
        "--vocab_path", type=flag(PathText), help="SentencePiece model or tokenizer.json (default: the embedded one)"
    )
    parser.add_argument("--num_workers", type=flag(Count), help="processes (default: one a core)")
    parser.add_argument(
        "--available_only",
        action="store_true",
        help="leave out tasks whose data is not on this machine, and note their share, instead of an error",
    )
    parser.add_argument(
        "--runner", metavar="RUNNER", help=f"build with Apache Beam on this runner: {', '.join(RUNNERS)}"
    )
    parser.add_argument(
        "--beam_option",
        action="append",
        default=[],
        metavar="--FLAG=VALUE",
        help="flag for the runner, as in --beam_option=--project=my-project; repeat for several",
    )
    add_registration_arguments(parser)


def task_folders(args: argparse.Namespace) -> dict[str, str]:
    """The NAME=FOLDER pairs of `--task_folder`, and those of `--suite`, which says that this is its name now. Raises
    `ConfigError` for a value that is no such pair."""
    if args.suite:
        print("--suite NAME=FOLDER is called --task_folder NAME=FOLDER now", file=sys.stderr)
    folders: dict[str, str] = {}
    for spelt, pairs in (("--suite", args.suite), ("--task_folder", args.task_folder)):
        for pair in pairs:
            name, equals, folder = pair.partition("=")
            if not equals or not name or not folder:
                raise ConfigError(f"{spelt} {pair!r} is not NAME=FOLDER, as in niv2=/data/natural_instructions_v2")
            folders[name] = folder
    return folders


def run(args: argparse.Namespace) -> int:
    """Caches; 0, or an error of flan_jax.core.errors that says what failed."""
    modules: Sequence[str] = args.module or DEFAULT_MODULES
    folders = task_folders(args)
    cache_dir, vocab_path = args.cache_dir, args.vocab_path
    roles = tuple(args.role) or ("train", "eval")
    requests = [CacheRequest(name, roles, args.max_inputs_length) for name in args.mixture]
    config: Any = None
    if args.gin_file:
        if requests:
            raise ConfigError("--gin_file and --mixture exclude each other: set --gin.MIXTURE_OR_TASK_NAME for another")
        refuse_unused(args, add_arguments, ("role", "max_inputs_length"), "flan-jax cache --gin_file")
        from flan_jax.cli.gin_config import load_run
        from flan_jax.cli.plan import UNUSED

        args.gin_bindings = [*UNUSED, *args.gin_bindings]
        config = load_run(args)
        requests = [*config.cache_requests()]
        modules, folders = args.module or config.tasks.modules, {**config.tasks.folders, **folders}
        cache_dir, vocab_path = cache_dir or config.train.cache_dir, vocab_path or config.train.vocab_path
    else:
        refuse_gin(args, "flan-jax cache --mixture")
    if not requests:
        raise ConfigError("nothing to cache: give --gin_file RECIPE, or --mixture NAME and --cache_dir FOLDER")
    if not cache_dir:
        raise ConfigError("--cache_dir is not set: give the folder that the cache goes to")
    vocab_path = str(vocab_path or assets.EMBEDDED_VOCAB)
    available_only = args.available_only or (config is not None and config.tasks.available_only)
    order = BuildOrder(
        tuple(requests), cache_dir, vocab_path, tuple(modules), folders, args.num_workers, available_only
    )
    if args.runner:
        if args.num_workers is not None:
            raise ConfigError("--num_workers is of local processes: with --runner, say it by --beam_option")
        carry_out_with_beam(order, args.runner, args.beam_option)
    elif args.beam_option:
        raise ConfigError(f"--beam_option is for Apache Beam: give --runner too, one of {', '.join(RUNNERS)}")
    else:
        carry_out(order)
    return 0
