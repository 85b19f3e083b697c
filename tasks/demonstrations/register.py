"""Registers the demonstrations of the data folder, and those of a folder that a run names."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from flan_jax.core.errors import TaskError
from flan_jax.declare.registry import add_mixture, add_task
from flan_jax.declare.task import Member, Mixture, Task
from flan_jax.declare.task_folders import add_task_folder
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.demonstrations.curate import DemonstrationRenderer
from flan_jax.tasks.demonstrations.source import DemonstrationSource

FOLDER = "human_demonstrations"
MAX_PROMPT_TOKENS = 1000  # longer prompts are left out (Ouyang et al. 2022, appendix C)
PUBLISHED = Download(
    "human demonstrations",
    "JSONL files of github.com/yizhongw/self-instruct (data/seed_tasks.jsonl, "
    "human_eval/user_oriented_instructions.jsonl), of github.com/LAION-AI/Open-Assistant (data), or your own,",
    "Apache-2.0, or your own",
    FOLDER,
)

__all__ = ["register_demonstrations", "register_own_demonstrations"]


def register_demonstrations() -> None:
    """Registers task `demonstrations` and mixture `instructgpt_sft`, which read DATA_DIR/human_demonstrations."""
    _register("demonstrations", "instructgpt_sft", DemonstrationSource(PUBLISHED))


def register_own_demonstrations(directory: pathlib.Path) -> Sequence[str]:
    """Registers task `demonstrations_own` and mixture `instructgpt_sft_own`, which read `directory`; returns what is
    kept and what is dropped as lines for the log. Raises `TaskError` with file and line for what cannot be read."""
    source = DemonstrationSource(Download("demonstrations", "your own JSONL files,", "your own", str(directory)))
    if source.missing():
        raise TaskError(f"{directory} has no *.jsonl: TASK_FOLDERS['demonstrations'] is a folder of JSONL files")
    _register("demonstrations_own", "instructgpt_sft_own", source)
    return source.curated().lines()


def _register(task: str, mixture: str, source: DemonstrationSource) -> None:
    add_task(
        Task(
            name=task,
            cluster="demonstrations",
            source=source,
            render=DemonstrationRenderer(),
            metrics=("rouge_l",),
            max_inputs_tokens=MAX_PROMPT_TOKENS,
        )
    )
    description = "Demonstrations people wrote: plain, few-shot, user-written and chat prompts, split by user."
    add_mixture(Mixture(mixture, (Member(task),), description=description))


register_demonstrations()
add_task_folder("demonstrations", register_own_demonstrations)
