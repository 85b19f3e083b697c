"""What the trainer calls: makes sure that a cache is there and fresh, in a process of its own.

Reading sources may need SeqIO and TensorFlow, which have no business in the training process: they take memory and
seconds, and TensorFlow claims every accelerator that it sees.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence

from flan_jax.core.errors import CacheError, did_you_mean
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.registry import is_local

_IN_CACHE_PROCESS = "FLAN_JAX_IN_CACHE_PROCESS"
RUNNERS = ("DirectRunner", "DataflowRunner", "FlinkRunner", "SparkRunner", "PrismRunner")  # of Apache Beam

__all__ = ["RUNNERS", "BuildOrder", "CacheRequest", "carry_out", "carry_out_with_beam", "ensure_cache"]


@dataclasses.dataclass(frozen=True)
class CacheRequest:
    """One mixture (or task) to cache, and for what.

    roles: "train", "eval" or both. eval_split: instead of each task's own evaluation split. max_inputs_length: tokens
    of an input with EOS beyond which exemplars are dropped; None keeps them all.
    """

    mixture: str
    roles: tuple[str, ...] = ("train", "eval")
    max_inputs_length: int | None = None
    eval_split: str | None = None


@dataclasses.dataclass(frozen=True)
class BuildOrder:
    """Requests and what they share: where to, with which tokenizer, which modules and folders register tasks, and
    whether tasks without data on this machine are left out (`available_only`) or an error."""

    requests: tuple[CacheRequest, ...]
    cache_dir: str
    vocab_path: str
    modules: tuple[str, ...] = ("flan_jax.tasks",)
    task_folders: Mapping[str, str] = dataclasses.field(default_factory=dict)
    num_workers: int | None = None
    available_only: bool = False

    def to_json(self) -> str:
        """For the command line of another process."""
        return json.dumps(dataclasses.asdict(self))

    @staticmethod
    def from_json(text: str) -> BuildOrder:
        """The inverse of `to_json`."""
        fields = json.loads(text)
        requests = tuple(CacheRequest(**{**r, "roles": tuple(r["roles"])}) for r in fields.pop("requests"))
        return BuildOrder(requests, **{**fields, "modules": tuple(fields["modules"])})


def carry_out(order: BuildOrder) -> None:
    """Builds the cache in this process. Raises `CacheError` and `TaskError`."""
    from flan_jax.cache.build import build_cache

    vocabulary = load_vocabulary(order.vocab_path)
    for request in order.requests:
        build_cache(
            request.mixture,
            vocabulary=vocabulary,
            cache_dir=order.cache_dir,
            max_inputs_length=request.max_inputs_length,
            modules=order.modules,
            task_folders=order.task_folders,
            roles=request.roles,
            eval_split=request.eval_split,
            num_workers=order.num_workers,
            available_only=order.available_only,
        )


def carry_out_with_beam(order: BuildOrder, runner: str, pipeline_options: Sequence[str] = ()) -> None:
    """Builds the cache on the workers of an Apache Beam runner. Raises `CacheError` and `TaskError`."""
    if runner not in RUNNERS:
        raise CacheError(f"no Beam runner is called {runner!r}{did_you_mean(runner, RUNNERS)}: {', '.join(RUNNERS)}")
    from flan_jax.cache.beam_runner import build_cache_with_beam

    vocabulary = load_vocabulary(order.vocab_path)
    for request in order.requests:
        build_cache_with_beam(
            request.mixture,
            vocabulary=vocabulary,
            cache_dir=order.cache_dir,
            runner=runner,
            pipeline_options=pipeline_options,
            max_inputs_length=request.max_inputs_length,
            modules=order.modules,
            task_folders=order.task_folders,
            roles=request.roles,
            eval_split=request.eval_split,
            available_only=order.available_only,
        )


def ensure_cache(order: BuildOrder) -> None:
    """Builds what is missing or stale in a subprocess, and waits for it. What only this process knows, as the tasks of
    a notebook, is built in this one.

    About a second when everything is there. Its progress goes to this process's standard output. Only process 0 of a
    multi-host run should call it. Raises `CacheError` with the subprocess's message if it fails.
    """
    if os.environ.get(_IN_CACHE_PROCESS):
        raise CacheError(
            f"one of the modules {', '.join(order.modules)} starts a run when the cache's process imports it: put what "
            f"it does as a program under `if __name__ == '__main__':`"
        )
    here = tuple(request for request in order.requests if is_local(request.mixture))
    if here:
        carry_out(dataclasses.replace(order, requests=here))
        order = dataclasses.replace(order, requests=tuple(r for r in order.requests if r not in here))
        if not order.requests:
            return
    # The same import path as here; no accelerator, which the trainer may be holding.
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
        _IN_CACHE_PROCESS: "1",
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
    }
    command = [sys.executable, "-m", "flan_jax.cache", order.to_json()]
    # The subprocess writes to the same file: what was said before comes first.
    sys.stdout.flush()
    result = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    said, message = result.stderr, ""
    if result.returncode:
        # Its error is the last thing that it says, after what libraries had to say.
        starts = [match.start() for match in re.finditer(r"^[A-Z]\w*Error: ", said, re.MULTILINE)]
        cut = starts[-1] if starts and result.returncode == 2 else 0
        said, message = said[:cut], said[cut:].strip()
    sys.stderr.write(said)
    if result.returncode:
        message = re.sub("^(CacheError|OSError): ", "", message)
        raise CacheError(message or f"the cache process ended with exit code {result.returncode} and no message")
