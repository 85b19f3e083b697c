"""A process that has imported everything and forks a child for each command: seconds saved, a thousand times over.

`python -m faults.server` reads one JSON object a line and answers with one. It is forked before JAX has a backend, so
that a child starts as a program does. Commands see the same code as on the command line: `cli.main.main`, or
`report.__main__.main`, and Python's own end of a process.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import sys
import time
import warnings
from typing import Any

__all__ = ["main"]

_PR_CAPBSET_DROP = 24
_MOST_BYTES = 24 * 2**30
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


def main() -> None:
    """Answers orders until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what an import prints is no answer
    _import_everything()
    gc.collect()
    gc.freeze()
    # Collecting takes a quarter of a trial's time, and no trial lives long.
    gc.disable()
    warnings.simplefilter("ignore")  # JAX warns of forks, which come before its threads here
    print(json.dumps({"ready": True}), file=answers)
    for line in sys.stdin:
        print(json.dumps(_carry_out(json.loads(line))), file=answers)


def _import_everything() -> None:
    import jax

    verbs = ("cache", "eval", "infer", "tasks", "mix", "replay", "train", "import_weights", "export_weights")
    for name in (
        *("matplotlib.backends.backend_agg", "matplotlib.figure", "tensorboardX", "faults.tiny_tasks"),
        *("flan_jax.checkpoints.store", "flan_jax.cli.main", "flan_jax.workflows.benchmark_scores"),
        *("flan_jax.report.__main__", "flan_jax.report.run_figures", "flan_jax.report.run_page"),
        *(f"flan_jax.cli.{verb}" for verb in verbs),
    ):
        importlib.import_module(name)
    jax.config.update("jax_traceback_in_locations_limit", 0)  # a tenth of a trace's time


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    begin = time.monotonic()
    pid = os.fork()
    if not pid:
        _child(order)
    descriptor = os.pidfd_open(pid)
    is_hung = False
    try:
        ended, _, _ = select.select([descriptor], [], [], order["limit_secs"])
        if not ended:
            is_hung = True
            os.killpg(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
    finally:
        os.close(descriptor)
    try:  # processes of its own that outlived it
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    return {
        "status": os.waitstatus_to_exitcode(status),
        "is_hung": is_hung,
        "secs": time.monotonic() - begin,
        "cpu_secs": usage.ru_utime + usage.ru_stime,
    }


def _child(order: dict[str, Any]) -> None:
    """Becomes the command; does not come back."""
    status = 70
    try:
        os.setpgid(0, 0)
        os.chdir(order["cwd"])
        for number, name in ((0, os.devnull), (1, order["stdout"]), (2, order["stderr"])):
            descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(descriptor, number)
            os.close(descriptor)
        sys.stdin = open(0, closefd=False)
        sys.stdout, sys.stderr = (open(n, "w", buffering=1, closefd=False) for n in (1, 2))
        os.environ.update(order["environment"])
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # A setting of 10^30 must not take the machine along.
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)  # as a program begins
        if order["is_unprivileged"]:
            _drop_roots_rights()
        if order["environment"].get("FAULTS_CALL"):
            from faults.calls import Call

            Call.parse(order["environment"]["FAULTS_CALL"]).arm()
        if order["environment"].get("FAULTS_ORDER"):
            ctypes.CDLL(os.environ["FAULTS_SHIM"]).faults_attach(order["environment"]["FAULTS_ORDER"].encode())
        program, *argv = order["argv"]
        sys.argv = [program, *argv]
        if program == "report":
            from flan_jax.report.__main__ import main as run
        else:
            from flan_jax.cli.main import console as run
        status = run(argv)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 1
    _end(status)


def _end(status: int) -> None:
    """As `Py_Exit`: what is registered for the end happens, and can change the status."""
    ctypes.pythonapi.Py_Exit(status)


def _drop_roots_rights() -> None:
    """Modes of files hold for root too, here and in programs that are started from here."""
    if os.geteuid():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for right in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
        libc.prctl(_PR_CAPBSET_DROP, right, 0, 0, 0)
    import unprivileged

    unprivileged.unprivileged().__enter__()


if __name__ == "__main__":
    main()
