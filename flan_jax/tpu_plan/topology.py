"""TPU slices by name, for the compiler that comes with `libtpu`: `v5e:4x4`, `v4:8x8x8`."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pathlib
import re
import sys
from collections.abc import Iterator, Sequence

import jax

from flan_jax.core.errors import ConfigError, did_you_mean

# Generation -> dimensions of its torus, and the largest slice.
GENERATIONS: dict[str, tuple[int, ...]] = {
    "v2": (16, 16),
    "v3": (32, 32),
    "v4": (16, 16, 16),
    "v5e": (16, 16),
    "v5p": (16, 16, 24),
    "v6e": (16, 16),
    "tpu7x": (16, 16, 36),
}

# On these JAX shows a chip's two cores as one device.
MEGACORE = ("v4", "v5p")
BESIDE_THE_ENVIRONMENT = pathlib.Path(sys.prefix) / "libtpu" / "libtpu"

__all__ = ["GENERATIONS", "check_topology_name", "topology_devices", "tpu_compiler"]


def tpu_compiler() -> pathlib.Path | None:
    """The compiler's library: where TPU_LIBRARY_PATH says, in the package `libtpu`, or where `make` puts it; None where
    it is nowhere.

    `make` keeps it out of the environment's packages, because JAX would look for a TPU at every start.
    """
    if path := os.environ.get("TPU_LIBRARY_PATH"):
        return pathlib.Path(path)
    package = importlib.util.find_spec("libtpu")
    folder = pathlib.Path(package.origin).parent if package and package.origin else BESIDE_THE_ENVIRONMENT
    library = folder / "libtpu.so"
    return library if library.is_file() else None


def check_topology_name(name: str) -> tuple[str, tuple[int, ...]]:
    """(generation, sizes) of a name such as `v4:8x8x8`, sizes in chips. Raises `ConfigError` with what would do."""
    match = re.fullmatch(r"([a-z0-9]+):(\d+(?:x\d+)*)", name)
    if match is None:
        raise ConfigError(f"topology {name!r} is not GENERATION:SIZES in chips, as in v5e:4x4 or v4:8x8x8")
    generation, sizes = match[1], tuple(map(int, match[2].split("x")))
    if generation not in GENERATIONS:
        raise ConfigError(
            f"topology {name!r}: no TPU generation is called {generation!r}{did_you_mean(generation, GENERATIONS)}; "
            f"there are {', '.join(GENERATIONS)}"
        )
    limits = GENERATIONS[generation]
    if len(sizes) != len(limits) or 0 in sizes:
        example = "x".join("4" for _ in limits)
        raise ConfigError(
            f"topology {name!r}: a slice of {generation} has {len(limits)} sizes of at least 1, as in "
            f"{generation}:{example}"
        )
    if any(size > limit for size, limit in zip(sorted(sizes), sorted(limits), strict=True)):
        raise ConfigError(
            f"topology {name!r} is larger than the largest slice of {generation}, "
            f"{generation}:{'x'.join(map(str, limits))}"
        )
    return generation, sizes


def topology_devices(name: str) -> Sequence[jax.Device]:
    """The devices of slice `name`: they can be compiled for, and hold nothing.

    Raises `ConfigError` for a name that the compiler does not know, and where `libtpu` is not installed.
    """
    generation, sizes = check_topology_name(name)
    # A host has 2 x 2 chips, or all of a smaller slice.
    host = [min(2, size) for size in sizes[:2]] + [1]
    library = tpu_compiler()
    if library is None:
        raise ConfigError(
            "the TPU compiler is not installed: `make plan`, or `pip install libtpu -c constraints.txt` (Linux on x86; "
            "it needs no TPU)"
        )
    from jax.experimental import topologies

    with _no_machine(library):
        try:
            return topologies.get_topology_desc(
                topology_name=name,
                platform="tpu",
                chips_per_host_bounds=host,
                chip_config_name="megacore" if generation in MEGACORE else "default",
            ).devices
        except Exception as error:  # the plugin raises its own types
            raise ConfigError(f"the TPU compiler does not know topology {name!r}: {error}") from error


@contextlib.contextmanager
def _no_machine(library: pathlib.Path) -> Iterator[None]:
    """Names the compiler, and tells it not to look for the machine that it runs on: off Google's cloud that would be a
    wait and a complaint."""
    settings = {
        "TPU_LIBRARY_PATH": str(library),
        "TPU_SKIP_MDS_QUERY": "1",
        "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",  # nothing here holds a device that others would want
        "TPU_WORKER_HOSTNAMES": "localhost",
        "TPU_ACCELERATOR_TYPE": "v5litepod-4",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
