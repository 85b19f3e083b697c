"""`flan-jax lm-eval`: any task of lm-evaluation-harness on our checkpoints."""

from __future__ import annotations

import argparse
import json
import pathlib

import jax

from flan_jax.cli.checkpoints import add_model_arguments
from flan_jax.cli.flags import flag
from flan_jax.core.disk import write_text_atomically
from flan_jax.core.errors import ConfigError, counted
from flan_jax.core.settings import BatchSize, Count, Natural, PathText, Seed, Tokens
from flan_jax.evaluate import JaxLanguageModel
from flan_jax.evaluate.lm_eval_adapter import INSTALL, lm_eval_model
from flan_jax.workflows.devices import on_all_devices, whole_on_all_devices
from flan_jax.workflows.loading import open_model

HELP = "score a checkpoint on tasks of lm-evaluation-harness (pip install 'flan_jax[lm_eval]')"
DEFAULT_INPUTS_LENGTH = 2048

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add_model_arguments(parser)
    parser.add_argument("--tasks", required=True, help="lm-eval's names, separated by commas")
    parser.add_argument("--include_path", type=flag(PathText), help="folder of task files of your own")
    parser.add_argument("--num_fewshot", type=flag(Natural), help="exemplars (default: each task's)")
    parser.add_argument("--limit", type=flag(Count), help="examples a task, from its start (default: all)")
    parser.add_argument("--batch_size", type=flag(BatchSize), default=32, help="prompts at once (default 32)")
    parser.add_argument(
        "--inputs_length",
        type=flag(Tokens),
        default=DEFAULT_INPUTS_LENGTH,
        help=f"longest prompt in tokens; longer ones lose their start, counted (default {DEFAULT_INPUTS_LENGTH})",
    )
    parser.add_argument(
        "--option_end",
        choices=["open", "eos"],
        default="open",
        help="eos: the end of sequence after a continuation is scored too, as a T5 was finetuned (default: open)",
    )
    parser.add_argument("--apply_chat_template", action="store_true", help="prompts as a chat model reads them")
    parser.add_argument("--seed", type=flag(Seed), default=0, help="of samples (default 0)")
    parser.add_argument("--out", type=flag(PathText), help="JSON file for lm-eval's results, each example's included")


def run(args: argparse.Namespace) -> int:
    """Scores and prints lm-eval's table."""
    try:
        from lm_eval import simple_evaluate
        from lm_eval.tasks import TaskManager
        from lm_eval.utils import handle_non_serializable, make_table
    except ImportError as error:
        raise ConfigError(INSTALL) from error
    if jax.process_count() > 1:
        raise ConfigError("lm-eval's tasks run in one process, on all its devices: start one, or use --suite of eval")
    tasks = [name.strip() for name in args.tasks.split(",") if name.strip()]
    manager = TaskManager(include_path=args.include_path)
    if unknown := [name for name in tasks if name not in manager.all_tasks]:
        raise ConfigError(f"lm-eval has no task {', '.join(unknown)}: see `lm_eval ls tasks`, or give --include_path")
    loaded = open_model(args.checkpoint, vocab_path=args.vocab_path, dtype=args.dtype, sharding=whole_on_all_devices())
    params, mesh = on_all_devices(loaded.params)
    sizes = {"inputs_length": args.inputs_length, "batch_size": args.batch_size}
    model = JaxLanguageModel(str(loaded.source.path), loaded.config, params, loaded.vocabulary, mesh=mesh, **sizes)
    adapter = lm_eval_model(model, args.option_end, args.seed)
    results = simple_evaluate(
        model=adapter,
        tasks=tasks,
        task_manager=manager,
        num_fewshot=args.num_fewshot,
        limit=args.limit,
        apply_chat_template=args.apply_chat_template,
        log_samples=args.out is not None,
    )
    print(make_table(results))
    if results.get("groups"):
        print(make_table(results, "groups"))
    if adapter.num_trimmed:
        print(f"{counted(adapter.num_trimmed, 'prompt')} of more than the model reads lost their start")
    if adapter.lost_stop_texts:
        lost = ", ".join(map(repr, sorted(adapter.lost_stop_texts)))
        print(f"The vocabulary cannot write the stop texts {lost}: they ended no generation")
    if args.out is not None:
        out = pathlib.Path(args.out)
        text = json.dumps(results, indent=1, default=handle_non_serializable, ensure_ascii=False)
        write_text_atomically(out, text)
        print(f"Written: {args.out}")
    return 0
