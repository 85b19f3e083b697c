"""`flan-jax plan`: names and numbers that are refused, what is printed, and one real compilation for v5e."""

import dataclasses
import json
import math
import os
import subprocess
import sys

import pytest

from flan_jax.cli.plan import parse_mesh
from flan_jax.core.errors import ConfigError
from flan_jax.tpu_plan.report import as_json, as_lines, as_row, verdict
from flan_jax.tpu_plan.search import layouts, ranked
from flan_jax.tpu_plan.step_plan import Memory, StepPlan
from flan_jax.tpu_plan.topology import check_topology_name, tpu_compiler
from flan_jax.train.chips import CHIPS, GIB

PLAN = StepPlan(
    chip=CHIPS["TPU v5 lite"],
    num_devices=4,
    mesh={"data": 4, "fsdp": 1, "model": 1},
    batch_size=8,
    microbatches=1,
    remat="none",
    num_params=1000,
    memory=Memory(2 * GIB, 0, 9 * GIB, GIB, 16 * GIB),
    model_flops=4 * 197e12,
    matmul_flops=5 * 197e12,
    sent_bytes={"all-reduce": 100e9},
    hbm_bytes=819e9,
    largest=(("f32[4,4]", 64, "mlp"),),
    compile_secs=1.0,
)


def test_the_roofline_is_the_slowest_of_three():
    assert PLAN.compute_secs == pytest.approx(1.25) and PLAN.hbm_secs == pytest.approx(1.0)
    assert PLAN.ici_secs == pytest.approx(0.5)
    assert PLAN.bound_by == "arithmetic" and PLAN.mfu_bound == pytest.approx(0.8)
    assert dataclasses.replace(PLAN, hbm_bytes=4 * 819e9).bound_by == "memory"


def test_what_does_not_fit_is_said_whether_or_not_the_compiler_refused():
    assert PLAN.fits and "25% left" in verdict(PLAN)
    too_large = dataclasses.replace(PLAN, memory=Memory(2 * GIB, 0, 15 * GIB, 0, 16 * GIB))
    assert not too_large.fits
    assert "does not fit: needs 17.00 of 16.00 GiB" in verdict(too_large) and "f32[4,4]" in verdict(too_large)
    refused = dataclasses.replace(too_large, refusal="RESOURCE_EXHAUSTED: out of memory")
    assert not refused.fits and "does not fit" in as_row(refused, "r", "v5e:2x2")
    assert as_lines(refused, "r", "v5e:2x2")[-1].startswith("the compiler: RESOURCE_EXHAUSTED")
    json.dumps([as_json(plan, "r", "v5e:2x2") for plan in (PLAN, too_large, refused)])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("v5x:4x4", "v5"),
        ("v5e", "as in v5e:4x4"),
        ("v5e:4x4x4", "has 2 sizes"),
        ("v4:8x8", "has 3 sizes"),
        ("v5e:32x32", "larger than the largest"),
        ("v5e:0x4", "at least 1"),
    ],
)
def test_topologies_that_do_not_exist(name, said):
    with pytest.raises(ConfigError, match=said):
        check_topology_name(name)
    assert check_topology_name("v4:8x8x8") == ("v4", (8, 8, 8))


@pytest.mark.parametrize("text", ["data=x", "rows=4", "data", "fsdp=0", "data=4;fsdp=2"])
def test_meshes_that_cannot_be_read(text):
    with pytest.raises(ConfigError, match="AXIS=SIZE"):
        parse_mesh(text)
    assert parse_mesh("data=-1, model=8") == ["DATA_AXIS = -1", "MODEL_AXIS = 8"]


def test_layouts_divide_everything_and_the_best_come_first():
    found = layouts(64, 32, [48, 256, 1024], 1000)
    assert len(set(found)) == len(found) > 20
    for layout in found:
        data, fsdp, model = layout.mesh
        assert data * fsdp * model == 64 and 32 % (data * fsdp * layout.microbatches) == 0 and 48 % model == 0
    assert len(layouts(64, 32, [48, 256, 1024], 5)) == 5
    with pytest.raises(ConfigError, match="no mesh of 64 devices"):
        layouts(64, 32, [5], 5)
    slow = dataclasses.replace(PLAN, hbm_bytes=9 * 819e9)
    refused = dataclasses.replace(PLAN, refusal="RESOURCE_EXHAUSTED")
    order = ranked([(found[0], refused), (found[1], slow), (found[2], PLAN)])
    assert [plan for _, plan in order] == [PLAN, slow, refused]
    assert math.prod(found[0].mesh) == 64 and "MICROBATCHES" in "\n".join(found[0].gin_lines())


@pytest.mark.slow
def test_a_recipe_compiles_for_four_v5e_chips(tmp_path):
    if tpu_compiler() is None:
        pytest.skip("the TPU compiler is not installed: `make plan` gets it, on Linux on x86 alone")
    command = [sys.executable, "-m", "flan_jax.cli.main", "plan", "--gin_file=gin/recipes/demo.gin"]
    command += ["--topology=v5e:2x2", "--mesh=data=2,model=2", f"--json={tmp_path}/plan.json"]
    command += ["--gin.T5Config.num_encoder_layers=1", "--gin.T5Config.num_decoder_layers=1"]
    environment = {**os.environ, "XLA_FLAGS": "", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "fits: needs" in done.stdout
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["mesh"] == {"data": 2, "fsdp": 1, "model": 2} and plan["chip"]["name"] == "v5e"
    assert plan["fits"] and plan["sent_bytes"]["all-reduce"] > 0
    # What the trainer's own count leaves out is little, and it counts nothing that does not run.
    assert 1.0 <= plan["matmul_flops"] / plan["model_flops"] < 1.2
