"""What digests cost a checkpoint, one JSON line a case.

    python benchmarks/checkpoints.py [--mebibytes 256] [--rounds 5]

Digests alone, of one array that lies on one device, compilation left out; the sha256 of as many bytes in a file, by
which a folder of weights is checked; and a save and a restore of that array with and without digests, which take turns.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from flan_jax.checkpoints.checkpoint import CheckpointConfig, CheckpointMeta, TrainState
from flan_jax.checkpoints.digests import array_digests
from flan_jax.checkpoints.store import Checkpoints
from flan_jax.core.disk import file_sha256


def secs_of(work: Callable[[], Any]) -> float:
    """Seconds of `work`, its arrays waited for."""
    begin = time.monotonic()
    jax.block_until_ready(work())
    return time.monotonic() - begin


def line(case: str, secs: list[float], num_bytes: int) -> None:
    """Prints a case: least and median seconds, and GB a second at the median."""
    median = statistics.median(secs)
    values = {"least_secs": min(secs), "median_secs": median, "gb_per_sec": num_bytes / median / 1e9}
    print(json.dumps({"case": case, **{name: round(value, 4) for name, value in values.items()}}), flush=True)


def main() -> None:
    """Runs every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mebibytes", type=int, default=256, help="size of the array")
    parser.add_argument("--rounds", type=int, default=5, help="how often each case is measured")
    args = parser.parse_args()
    num_bytes = args.mebibytes * 2**20
    params = {"w": jax.random.normal(jax.random.key(0), (num_bytes // 4096, 1024))}
    state = TrainState(jnp.zeros((), jnp.int32), params, {"count": jnp.zeros((), jnp.int32)})
    abstract = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), state)
    array_digests(params)
    line("digests", [secs_of(lambda: array_digests(params)) for _ in range(args.rounds)], num_bytes)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "bytes")
        file.write_bytes(bytes(num_bytes))
        line("file sha256", [secs_of(lambda: file_sha256(file)) for _ in range(args.rounds)], num_bytes)
        found: dict[str, list[float]] = {}
        for step in range(1, args.rounds + 1):
            for has_digests in (True, False):
                name = "with" if has_digests else "without"
                config = CheckpointConfig(keep_latest=1, has_digests=has_digests)
                checkpoints = Checkpoints(pathlib.Path(folder, name), config)

                def save(checkpoints: Checkpoints = checkpoints, step: int = step) -> None:
                    checkpoints.save(state, CheckpointMeta(step, {}, "", ""))
                    checkpoints.wait()

                found.setdefault(f"save {name} digests", []).append(secs_of(save))
                restore = lambda checkpoints=checkpoints, step=step: checkpoints.restore(step, abstract).params  # noqa: E731
                found.setdefault(f"restore {name} digests", []).append(secs_of(restore))
                checkpoints.close()
        for case, secs in found.items():
            line(case, secs, num_bytes)


if __name__ == "__main__":
    main()
