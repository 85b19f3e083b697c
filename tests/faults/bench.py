"""One trial at a time: a command is disturbed in a folder of its own, and what comes of it is judged."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import shutil
from collections.abc import Callable, Sequence

from faults import compare
from faults.calls import Call
from faults.commands import Ended, Server
from faults.outcomes import GOOD, Trial, of_failure, said, ways_to_name
from faults.shim import Order
from faults.stages import COMMANDS, Stages, results_of

_LITTER = re.compile(r"\.partial|orbax-checkpoint-tmp|\.tmp$")

__all__ = ["Bench", "Case", "Verdict"]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """An outcome, what was seen, and at which call the fault came about."""

    outcome: str
    detail: str = ""
    landed: str = ""

    @property
    def is_good(self) -> bool:
        return self.outcome in GOOD


@dataclasses.dataclass(frozen=True)
class Case:
    """A trial that can be made.

    Attributes:
      id: what `--only` takes: family, place and way, the same in every campaign of the same seed.
      fault: the table's row.
      target: file or setting.
      command: a key of `COMMANDS`.
      run: makes the trial.
    """

    id: str
    fault: str
    target: str
    command: str
    run: Callable[[Bench], Verdict]

    def trial(self, bench: Bench) -> Trial:
        """Makes it."""
        verdict = self.run(bench)
        return Trial(self.id, self.fault, verdict.outcome, verdict.detail, self.target, verdict.landed)


@dataclasses.dataclass
class Bench:
    """What trials are made with.

    Attributes:
      server: runs commands.
      stages: what they begin from and are compared with.
      folder: where they run, one after the other.
    """

    server: Server
    stages: Stages
    folder: pathlib.Path

    def begin(self, stage: str) -> pathlib.Path:
        """The trial's folder, as `stage` has it."""
        return self.stages.copy(stage, self.folder)

    def run(self, command: str, fault: Order | Call | None = None, is_unprivileged: bool = False) -> Ended:
        """Runs one of `COMMANDS`."""
        return self.server.run(self.folder, COMMANDS[command], fault, is_unprivileged=is_unprivileged)

    def differs(self, command: str, ended: Ended) -> list[str]:
        """Names of the results that are not the undisturbed command's."""
        return compare.differences(self.stages.results[command], results_of(command, ended, self.folder))

    def killed(
        self, command: str, stage: str, fault: Order | Call, check: Callable[[Bench], str] | None = None
    ) -> Verdict:
        """A command that is killed and run again.

        Args:
          command: a key of `COMMANDS`.
          stage: what it begins from.
          fault: the kill.
          check: looks at what lies there after the kill, and says what is wrong with it, "" for nothing.
        """
        self.begin(stage)
        ended = self.run(command, fault)
        landed = _landed(ended)
        if not landed:
            return Verdict("not landed", f"the command ended with {ended.status}")
        if ended.status != -9:
            return Verdict("unclear", f"killed, it ended with {ended.status}: {_tail(ended)}", landed)
        wrong = check(self) if check is not None else ""
        if wrong:
            return Verdict("silent", wrong, landed)
        return dataclasses.replace(self.goes_on(command), landed=landed)

    def failed(self, command: str, stage: str, fault: Order) -> Verdict:
        """A command of which system calls fail, and that is run again when they no longer do."""
        self.begin(stage)
        ended = self.run(command, fault)
        landed = _landed(ended)
        if not landed:
            return Verdict("not landed", f"the command ended with {ended.status}")
        assert ended.landed is not None
        names = ways_to_name(self.folder, ended.landed.path)
        if fault.free_bytes is not None:  # the disk stays full for all that comes after
            names += (f"{self.folder}/", "run/", "cache/", "out/")
        first = self.judged(command, ended, names)
        if not first.is_good or ended.status == 0:
            return dataclasses.replace(first, landed=landed)
        after = self.goes_on(command)
        return dataclasses.replace(first if after.is_good else after, landed=landed)

    def damaged(
        self,
        command: str,
        damage: Callable[[pathlib.Path], Callable[[], None]],
        below: str,
        is_unprivileged: bool = False,
    ) -> Verdict:
        """A command that meets a damaged file, in the folder that `begin` has made.

        Args:
          command: a key of `COMMANDS`.
          damage: does it, and gives back what undoes it.
          below: the file's path below the folder.
          is_unprivileged: whether root's rights are given up, where modes are the damage.
        """
        undo = damage(self.folder / below)
        ended = self.run(command, is_unprivileged=is_unprivileged)
        verdict = self.judged(command, ended, ways_to_name(self.folder, below))
        if not verdict.is_good or ended.status == 0:
            return verdict
        # What the line says is done: the run is started again, what it names is deleted, or else the damage is taken
        # back.
        advice = "taken back"
        if "training command again" in ended.last_line:
            advice = "trained again"
            self.run("train")
        elif is_line := re.search(r"([\w./-]+):(\d+) .*remove that line", ended.last_line):
            advice = "removed the line"
            path, number = self.folder / is_line[1], int(is_line[2])
            lines = path.read_bytes().split(b"\n")
            path.write_bytes(b"\n".join(lines[: number - 1] + lines[number:]))
            if "or the file to start over" in ended.last_line and self.run(command).status != 0:
                advice = "removed the file"
                path.unlink()
        elif re.search(r"\b(delete|remove)\b", ended.last_line) and (doomed := self._named(ended.last_line)):
            advice = f"deleted {doomed.relative_to(self.folder)}"
            _delete(doomed)
            if "`flan-jax cache`" in ended.last_line and command not in ("cache", "train"):
                advice += ", cached again"
                self.run("cache")
        else:
            undo()
        after = self.goes_on(command, () if advice == "taken back" else ways_to_name(self.folder, below))
        if after.is_good:
            return verdict
        return Verdict(after.outcome, f"{ended.last_line} | {advice}: {after.detail}")

    def judged(self, command: str, ended: Ended, names: Sequence[str]) -> Verdict:
        """The verdict on a command that was disturbed and not killed."""
        if ended.status != 0:
            outcome = of_failure(ended, names)
            return Verdict(outcome, ended.last_line if outcome == "one line" else _tail(ended))
        is_said = said(ended, names, self.stages.usual[command])
        different = self.differs(command, ended)
        if is_said:
            return Verdict("recovered and said", f"differs: {', '.join(different)[:200]}" if different else "")
        if different:
            return Verdict("silent", f"exit 0 with other {', '.join(different)[:300]}")
        return Verdict("same result")

    def goes_on(self, command: str, lost: Sequence[str] = ()) -> Verdict:
        """Runs a command again, undisturbed: it must end as if nothing had been, or name what was `lost`."""
        ended = self.run(command)
        if ended.is_hung:
            return Verdict("hang", "when it was run again")
        if ended.status != 0:
            outcome = of_failure(ended, (ended.last_line,))
            return Verdict("lost" if outcome == "one line" else outcome, f"run again: {_tail(ended)}")
        if (different := self.differs(command, ended)) and not said(ended, lost, self.stages.usual[command]):
            return Verdict("silent", f"run again, it ended with other {', '.join(different)[:300]}")
        # An empty `.partial` is where the cache's next run will work.
        litter = [
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if _LITTER.search(path.name) and not (path.name == ".partial" and not any(path.iterdir()))
        ]
        if litter:
            return Verdict("litter", f"stays for ever: {', '.join(litter)[:300]}")
        return Verdict("same result")

    def _named(self, line: str) -> pathlib.Path | None:
        """The path in the trial's folder that a line names."""
        for word in re.findall(r"[^\s:,;()]+", line):
            path = self.folder / word
            if path != self.folder and path.is_relative_to(self.folder) and (path.exists() or path.is_symlink()):
                return path
        return None


def _landed(ended: Ended) -> str:
    landed = ended.landed
    return f"{landed.op} {landed.path}" if landed is not None and landed.times else ""


def _tail(ended: Ended) -> str:
    lines = [line.strip() for line in ended.err.splitlines() if line.strip()]
    return " | ".join(lines[-3:])[-600:] or f"exit {ended.status} without a word"


def _delete(path: pathlib.Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
