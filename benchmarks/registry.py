"""What it costs to import every task, and every task in every format it can take; one JSON line a case.

    python benchmarks/registry.py

Each case is a fresh process: seconds and peak memory from nothing, and what it opened besides Python files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

IMPORT = """
import builtins, json, resource, sys, time
begin = time.perf_counter()
opened, real_open = [], builtins.open
def watch(file, *args, **kwargs):
    opened.append(str(file))
    return real_open(file, *args, **kwargs)
builtins.open = watch
import flan_jax.tasks
from flan_jax.declare.registry import all_mixtures, all_tasks, get
secs = time.perf_counter() - begin
"""
FORMATS = """
from flan_jax.declare.formatted import formats_of
begin = time.perf_counter()
found = [get(f"{task.name}__{name}") for task in all_tasks() if task.objective is None for name in formats_of(task)]
secs, num_formatted = time.perf_counter() - begin, len(found)
"""
REPORT = """
import flan_jax.declare.registry as registry
ours = [name for name in opened if not name.endswith((".py", ".pyc")) and "site-packages" not in name]
print(json.dumps({
    "secs": round(secs, 3),
    "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    "num_tasks": len(all_tasks()),
    "num_formatted": len(registry._FORMATTED),
    "num_mixtures": len(all_mixtures()),
    "num_files_opened": len([name for name in ours if not name.startswith(("/proc", "/sys", "/dev"))]),
    "imports_tensorflow": "tensorflow" in sys.modules,
}))
"""
SEQIO = """
import json, resource, time
import seqio, tensorflow
begin = time.perf_counter()
import flan_jax.seqio_tasks
print(json.dumps({
    "secs": round(time.perf_counter() - begin, 3),
    "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    "num_tasks": len(list(seqio.TaskRegistry.names())),
    "num_mixtures": len(list(seqio.MixtureRegistry.names())),
}))
"""
CASES = {
    "import": IMPORT + REPORT,  # what every run pays
    "all_tasks_x_formats": IMPORT + FORMATS + REPORT,  # what nobody needs at once
    "seqio_bridge": SEQIO,  # without seqio's and TensorFlow's own import
}


def main() -> None:
    """Prints one JSON line a case."""
    for case, program in CASES.items():
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:]
            print(json.dumps({"benchmark": "registry", "case": case, "skipped": "".join(last)}), flush=True)
            continue
        found = json.loads(done.stdout.strip().splitlines()[-1])
        print(json.dumps({"benchmark": "registry", "case": case, **found}), flush=True)


if __name__ == "__main__":
    main()
