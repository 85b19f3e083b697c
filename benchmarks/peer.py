"""A program that is measured by turns with ours, in a process of its own that waits for its turn.

Both sides of one pipe: `Peer` asks a JSON value a line, `answer_lines` is the peer's main loop. The peer's Python need
not have flan_jax.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Peer", "answer_lines"]


class Peer:
    """A process that runs while the `with` block does."""

    def __init__(self, python: str, script: str, arguments: Sequence[str], needs: str):
        """Starts it.

        Args:
          python: which Python.
          script, arguments: what it runs; the script comes to `answer_lines`.
          needs: the packages that `python` must have, for the error's text.
        """
        self.python, self.needs = python, needs
        self.process = subprocess.Popen(
            [python, script, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()  # closes its input, at whose end it leaves

    def ask(self, question: Any) -> dict[str, Any]:
        """The object that answers `question`; raises `RuntimeError` where the process ends without one."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        while line := self.process.stdout.readline():  # libraries print too
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise RuntimeError(
            f"{self.python} ended without an answer: does it have {self.needs}? Its own message is above"
        )


def answer_lines(answer: Callable[[Any], dict[str, Any]]) -> int:
    """Answers each line of standard input until it ends; 0."""
    while line := sys.stdin.readline():
        print(json.dumps(answer(json.loads(line))), flush=True)
    return 0
