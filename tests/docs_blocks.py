"""Blocks of code in the documentation: found, read, and run in a folder of their own."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import shlex
import subprocess
import sys
from typing import Any

from shared import ROOT

# Languages that are run or say what they need. The others show something: a tree, a file's content, a table.
CODE = ("python", "sh", "gin", "console")
SHOWN = ("text", "json", "csv", "toml", "yaml")
# What a block may need, by the word in its `<!-- needs: … -->`.
NEEDS = {
    "network": "packages or files from elsewhere",
    "data": "data sets on disk",
    "weights": "published or trained weights on disk",
    "yours": "a file or module of the reader's",
    "tpu": "the TPU compiler, and minutes of it",
    "hosts": "several machines",
    "beam": "Apache Beam and a cluster",
    "seqio": "SeqIO and TensorFlow",
    "lm_eval": "lm-evaluation-harness",
    "pytorch": "torch and transformers",
    "time": "minutes on a laptop",
}
# Appended to commands that would take minutes: less of the same.
SHORTER = {
    "train": ["--gin.TRAIN_STEPS=2", "--gin.EVAL_PERIOD=2", "--gin.EVAL_LIMIT=1"],
    "demo": ["--gin_bindings=TRAIN_STEPS = 2", "--gin_bindings=EVAL_PERIOD = 2", "--gin_bindings=EVAL_LIMIT = 1"],
    "eval": ["--limit", "1"],
}
# Of the demo's recipe: one task to train on, two to be judged on, rows of two.
DEMO_SHORTER = {
    "MIXTURE_OR_TASK_NAME": "'who_has_zero_shot'",
    "EVAL_SELECTION": "'who_has_new_template'",
    "EVAL_REPORT": "'which_pet_few_shot'",
    "BATCH_SIZE": "2",
    "LOG_PERIOD": "1",
}

_FENCE = re.compile(r"^```(\S*)(.*)$")
_MARK = re.compile(r"^<!-- (needs|file|given): (.+) -->$")


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
      page: path from the repository's root.
      line: number of its first fence.
      language: the word after the fence, "" for none.
      code: what is between the fences.
      marks: {"needs": "data"}, {"file": "help_desk.py"}, {"given": "a model"}: of the comment on the line before.
    """

    page: str
    line: int
    language: str
    code: str
    marks: dict[str, str]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    def commands(self) -> list[list[str]]:
        """Of a shell block the commands, without comments; here-documents and pipes are for a shell to read."""
        lines = self.code.replace("\\\n", " ").splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]


def pages() -> list[pathlib.Path]:
    """Every page whose code is held to what it says."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(page: pathlib.Path) -> list[Block]:
    """The page's fenced blocks, in order."""
    found = []
    lines = page.read_text().splitlines()
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence:
            end = lines.index("```", number + 1)
            mark = _MARK.match(lines[number - 1]) if number else None
            marks = {mark[1]: mark[2]} if mark else {}
            code = "\n".join(lines[number + 1 : end]) + "\n"
            found.append(Block(str(page.relative_to(ROOT)), number + 1, fence[1] + fence[2], code, marks))
            number = end
        number += 1
    return found


def shorter(words: list[str]) -> list[str]:
    """A `flan-jax` command's words and what makes it short."""
    verb = words[1] if len(words) > 1 else ""
    added = list(SHORTER.get(verb, []))
    if verb == "demo" or "gin/recipes/demo.gin" in words:
        form = "--gin_bindings={} = {}" if verb == "demo" else "--gin.{}={}"
        added += [form.format(name, value) for name, value in DEMO_SHORTER.items()]
    if any("profile_steps" in word for word in words):  # those of a longer run
        added.append("--gin.TrainConfig.profile_steps=(1, 2)")
    return [*words, *added]


def is_ours(words: list[str]) -> bool:
    """Whether a command is one of `flan-jax` alone, so that it can be run in this process."""
    return words[0] == "flan-jax" and not {"|", ">", "2>", "&&"} & set(words)


def train_alone(words: list[str], folder: pathlib.Path) -> None:
    """Runs a `flan-jax` command in a process that sees one device, as a reader's laptop has."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "XLA_FLAGS": "", "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "flan_jax.cli.main", *words[1:]]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{shlex.join(words)}: {done.stderr[-3000:]}"


def run_shell(block: Block, folder: pathlib.Path, monkeypatch: Any) -> None:
    """Runs a block's commands in `folder`: those of `flan-jax` in this process, others by bash."""
    from flan_jax.cli.main import main

    commands = block.commands()
    if all(is_ours(words) or words[0] == "export" for words in commands):
        for words in commands:
            if words[0] == "export":
                name, value = words[1].split("=", 1)
                monkeypatch.setenv(name, os.pathsep.join([value, *filter(None, [os.environ.get(name)])]))
                if name == "PYTHONPATH":
                    monkeypatch.syspath_prepend(str(folder))
                continue
            if words[1] in ("train", "demo"):
                train_alone(shorter(words), folder)
                continue
            try:
                status = main(shorter(words)[1:])
            except SystemExit as ended:  # argparse ends by itself where a flag only lists something
                status = int(ended.code or 0)
            assert status == 0, f"{block}: {shlex.join(words)}"
        return
    program = folder / "bin" / "flan-jax"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m flan_jax.cli.main "$@"\n')
    program.chmod(0o755)
    python = program.with_name("python")  # no link: Python looks for its environment beside the name it is called by
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.code], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{block}: {done.stderr[-2000:]}"
