"""A CPU device a core, in processes of their own: JAX counts its devices once."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os
os.sched_getaffinity = lambda pid: set(range({cores}))
import jax
{before}
from flan_jax.cli.cpu_cores import use_cores
use_cores({rows})
print(jax.device_count())
"""


def num_devices(cores, rows, before="", **environment):
    program = PROGRAM.format(cores=cores, rows=rows, before=before)
    environment = {**os.environ, "XLA_FLAGS": "", "JAX_PLATFORMS": "cpu", **environment}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    return int(done.stdout)


@pytest.mark.parametrize(("cores", "rows", "devices"), [(2, 32, 2), (16, 32, 4), (3, 32, 2), (2, 7, 1)])
def test_as_many_devices_as_cores_as_four_and_as_divide_the_rows(cores, rows, devices):
    assert num_devices(cores, rows) == devices


def test_who_started_the_program_has_the_last_word():
    assert num_devices(2, 32, XLA_FLAGS="--xla_force_host_platform_device_count=3") == 3
    assert num_devices(2, 32, before="jax.config.update('jax_num_cpu_devices', 1)") == 1
    assert num_devices(2, 32, before="jax.devices()") == 1
