"""Commands of flan_jax in a folder of their own, run by `server.py`, and what they said of their end."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from shared import ROOT

from faults.calls import Call
from faults.shim import Landed, Order, read_landed

RECIPE = ("--gin_file", "tests/faults/tiny.gin")
T5_RECIPE = ("--gin_file", "tests/faults/tiny_t5.gin")
LIMIT_SECS = 300.0  # twenty times what the longest command takes on an idle core
TESTS = pathlib.Path(__file__).resolve().parent.parent

__all__ = ["LIMIT_SECS", "RECIPE", "T5_RECIPE", "Ended", "Server", "environment"]


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
      status: its exit status, minus the signal's number where one ended it.
      out, err: standard output and standard error.
      is_hung: whether it was killed for taking longer than `LIMIT_SECS`.
      landed: what became of the fault that it was given; None without one.
      cpu_secs: processor time, of its child processes too.
    """

    status: int
    out: str
    err: str
    is_hung: bool
    landed: Landed | None
    cpu_secs: float

    @property
    def last_line(self) -> str:
        """The last line on standard error that is not blank."""
        return next((line for line in reversed(self.err.splitlines()) if line.strip()), "")


class Server:
    """Runs commands one at a time; a context manager.

    Args:
      shim: the compiled shim.
      work: a folder for orders, output and JAX's compiled programs, which several servers may share.
    """

    def __init__(self, shim: pathlib.Path, work: pathlib.Path):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="server_", dir=work))
        self._shim = shim
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.server"],
            cwd=TESTS,
            env=environment(work, shim),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(
        self,
        folder: pathlib.Path,
        argv: Sequence[str],
        fault: Order | Call | None = None,
        *,
        is_unprivileged: bool = False,
        trace: pathlib.Path | None = None,
        limit_secs: float = LIMIT_SECS,
    ) -> Ended:
        """Runs a command.

        Args:
          folder: where it runs.
          argv: "flan-jax" or "report" and the arguments.
          fault: what happens to it.
          is_unprivileged: without root's right to read and write whatever the modes say.
          trace: where the order of a `fault` lies afterwards, for `read_trace`; by default it is not kept.
          limit_secs: then it is killed.
        """
        order_path, landed_path = trace or self._folder / "order", self._folder / "landed"
        landed_path.unlink(missing_ok=True)
        variables: dict[str, str] = {"FAULTS_ORDER": "", "FAULTS_CALL": ""}
        if isinstance(fault, Order):
            fault.write(order_path, folder)
            variables["FAULTS_ORDER"] = str(order_path)
        elif isinstance(fault, Call):
            variables |= fault.environment(landed_path)
        out, err = self._folder / "out", self._folder / "err"
        answer = self._answer(
            {
                "argv": list(argv),
                "cwd": str(folder),
                "stdout": str(out),
                "stderr": str(err),
                "environment": variables,
                "is_unprivileged": is_unprivileged,
                "limit_secs": limit_secs,
            }
        )
        landed = None
        if isinstance(fault, Order):
            landed = read_landed(order_path)
        elif isinstance(fault, Call):
            landed = Landed(int(landed_path.exists()), "call", str(fault))
        return Ended(
            answer["status"],
            out.read_text(errors="replace"),
            err.read_text(errors="replace"),
            answer["is_hung"],
            landed,
            answer["cpu_secs"],
        )

    def _answer(self, order: Mapping[str, object] | None = None) -> dict[str, object]:
        assert self._process.stdin is not None and self._process.stdout is not None
        if order is not None:
            print(json.dumps(order), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server of commands ended with status {self._process.wait()}")
        return json.loads(line)


def environment(work: pathlib.Path, shim: pathlib.Path) -> dict[str, str]:
    """Variables of a server and of the programs that its commands start.

    Args:
      work: where JAX keeps what it has compiled.
      shim: the compiled shim, which is preloaded.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FAULTS_", "JAX_", "XLA_"))}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(TESTS)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LD_PRELOAD": str(shim),
        "FAULTS_SHIM": str(shim),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "JAX_PLATFORMS": "cpu",
        # By some hundred trials the same few programs are compiled.
        "JAX_COMPILATION_CACHE_DIR": str(work / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
