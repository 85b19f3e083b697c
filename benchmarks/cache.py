"""Examples a second into the token cache, one JSON line a case.

    python benchmarks/cache.py [--num_workers 1 2] [--limit MIXTURE_OR_TASK ...] [--skip_memory]

Sources: each mixture is cached into an empty folder, once for each number of workers, then again, which shows what a
fresh cache costs. Real data are read from FLAN_JAX_DATA_DIR (default ../shared/data); tasks without data are left out,
and their share is in the line. Memory: peak of a process that caches made-up tasks, by their number and their size.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

from flan_jax.cache.build import build_cache
from flan_jax.cache.resolve import register
from flan_jax.core import assets
from flan_jax.core.manifest import cache_root, read_mixture_manifest
from flan_jax.core.vocabulary import Vocabulary, load_vocabulary
from flan_jax.sources.data_dir import VARIABLE, data_dir, set_data_dir

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
MODULES = ("flan_jax.tasks",)
INPUTS_LENGTH = 512
REAL = ("cot", "muffin", "t0_sf", "niv2", "tk_instruct_test", "instructgpt_sft", "flan2022")
# (tasks, rows of each): ten times the tasks, ten times the rows, a hundred times the rows of the first.
MEMORY_CASES = ((20, 500), (200, 500), (20, 5_000), (1, 50_000))
MEMORY_PROGRAM = """
import dataclasses, json, os, sys, tempfile
from flan_jax.cache.build import build_cache
from flan_jax.core import assets
from flan_jax.declare.task import Member, Mixture, Task
from flan_jax.declare.example import Rendered
from flan_jax.declare.registry import add_mixture, add_task
from flan_jax.core.vocabulary import load_vocabulary

num_tasks, num_rows = int(sys.argv[1]), int(sys.argv[2])

class Rows:
    def __len__(self):
        return num_rows
    def __getitem__(self, i):
        if not 0 <= i < num_rows:
            raise IndexError(i)
        return {"text": f"row {i}: " + "some words of it " * 20}

@dataclasses.dataclass(frozen=True)
class Source:
    splits = ("train",)
    description = "made here"
    def rows(self, split):
        return Rows()

def render(row, rng, pool):
    return Rendered(row["text"], "yes")

names = [f"made_{i}" for i in range(num_tasks)]
for name in names:
    add_task(Task(name, "made", Source(), render, eval_split=None))
add_mixture(Mixture("made", tuple(map(Member, names))))
vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
def peak_kb():  # since this program began; ru_maxrss also knows what the parent had
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))

before = peak_kb()
sys.stdout = open(os.devnull, "w")
with tempfile.TemporaryDirectory() as folder:
    build_cache("made", vocabulary=vocabulary, cache_dir=folder, modules=(), num_workers=1)
after = peak_kb()
print(json.dumps({"peak_mb": round(after / 1024, 1), "above_start_mb": round((after - before) / 1024, 1)}),
      file=sys.__stdout__)
"""


def measure(mixture: str, vocabulary: Vocabulary, num_workers: int) -> dict[str, object]:
    """Times one mixture, empty folder to whole cache, then the check of the whole one."""
    with tempfile.TemporaryDirectory() as folder:
        secs, cpu_secs = [], []
        for _ in range(2):
            start, cpu_start = time.perf_counter(), _cpu_secs()
            with contextlib.redirect_stdout(io.StringIO()):
                build_cache(
                    mixture,
                    vocabulary=vocabulary,
                    cache_dir=folder,
                    max_inputs_length=INPUTS_LENGTH,
                    modules=MODULES,
                    num_workers=num_workers,
                    available_only=True,
                )
            secs.append(time.perf_counter() - start)
            cpu_secs.append(_cpu_secs() - cpu_start)
        root = cache_root(folder, vocabulary.fingerprint, INPUTS_LENGTH)
        splits = [path.parent for path in root.glob("*/*/manifest.json")]
        num_examples = sum(json.loads((path / "manifest.json").read_text())["num_examples"] for path in splits)
        manifest = read_mixture_manifest(root, mixture)
        return {
            "benchmark": "cache",
            "source": mixture,
            "num_tasks": len(manifest.rates),
            "missing_share": round(manifest.missing_share, 4),
            "num_splits": len(splits),
            "num_examples": num_examples,
            "num_workers": num_workers,
            "build_secs": round(secs[0], 2),
            "examples_per_sec": round(num_examples / secs[0]),
            "examples_per_cpu_sec": round(num_examples / cpu_secs[0]),
            "check_secs": round(secs[1], 2),
            "check_cpu_secs": round(cpu_secs[1], 2),
            "peak_worker_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1),
        }


def measure_memory(num_tasks: int, num_rows: int) -> dict[str, object]:
    """Peak memory of one process that caches `num_tasks` made-up tasks of `num_rows` rows each."""
    command = [sys.executable, "-c", MEMORY_PROGRAM, str(num_tasks), str(num_rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {"benchmark": "cache_memory", "num_tasks": num_tasks, "num_rows": num_rows, **json.loads(done.stdout)}


def _cpu_secs() -> float:
    """Of this process and its workers: what a busy machine does not distort."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Prints one JSON line a case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num_workers", type=int, nargs="+", default=sorted({1, os.cpu_count() or 1}))
    parser.add_argument("--limit", nargs="*", help="only these mixtures or tasks")
    parser.add_argument("--skip_memory", action="store_true", help="leave out the memory cases")
    args = parser.parse_args()
    if VARIABLE not in os.environ and SHARED.is_dir():
        set_data_dir(SHARED)
    register(MODULES, {})
    t5 = data_dir() / "t5_tokenizer" / "spiece.model"
    sources = {"procedural": assets.EMBEDDED_VOCAB}
    if t5.is_file():
        sources |= dict.fromkeys(args.limit or REAL, t5)
    for mixture, vocab_path in sources.items():
        if not args.limit or mixture in args.limit:
            for num_workers in args.num_workers:
                print(json.dumps(measure(mixture, load_vocabulary(str(vocab_path)), num_workers)), flush=True)
    if not args.skip_memory:
        for num_tasks, num_rows in MEMORY_CASES:
            print(json.dumps(measure_memory(num_tasks, num_rows)), flush=True)


if __name__ == "__main__":
    main()
