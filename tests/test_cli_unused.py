"""A flag of what else a verb does is refused, before anything is loaded or made."""

import pytest

from flan_jax.cli.main import main
from flan_jax.declare.registry import restored

RECIPE = "--gin_file=gin/recipes/demo.gin"


@pytest.fixture(scope="module", autouse=True)
def own_registry():
    with restored():
        yield


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["cache", RECIPE, "--role=train"], "`flan-jax cache --gin_file` does not use --role: leave it out"),
        (["cache", RECIPE, "--max_inputs_length=64"], "cache --gin_file` does not use --max_inputs_length"),
        (
            ["cache", "--mixture=procedural", "--cache_dir=c", "--gin.NONSENSE=1"],
            "`flan-jax cache --mixture` reads no gin file, so that nothing would use 'NONSENSE = 1': give --gin_file",
        ),
        (["cache", "--mixture=procedural", "--cache_dir=c", "--gin_search_paths=a"], "nothing would use 'a'"),
        (["mix", "explain", "procedural", "--gin.TRAIN_STEPS=5"], "`flan-jax mix explain NAME` reads no gin file"),
        (["mix", "check", "procedural", "--gin_bindings=A = 5"], "`flan-jax mix check NAME` reads no gin file"),
        (
            ["mix", "explain", "procedural", "--whole_epoch"],
            "--whole_epoch is of a cache, and procedural is not cached: `flan-jax cache --mixture procedural ",
        ),
        (["mix", "explain", "procedural", "--seed=3"], "--seed is of a cache, and procedural is not cached"),
        (["plan", RECIPE, "--topology=v5e:2x2", "--search", "--mesh=data=4"], "plan --search` does not use --mesh"),
        (["plan", RECIPE, "--topology=v5e:2x2", "--search", "--parameters"], "--search` does not use --parameters"),
        (["plan", RECIPE, "--topology=v5e:2x2", "--candidates=3"], "plan without --search` does not use --candidates"),
        (["eval", "--checkpoint=c", "--suite=mmlu", "--task_folder=a=/b"], "eval --suite` does not use --task_folder"),
        (
            ["eval", "--checkpoint=c", "--suite=mmlu", "--suite=a=/b"],
            "--suite a=/b registers tasks, and benchmarks are",
        ),
        (["study", "s", "--dry_run", "--findings=f.md"], "`flan-jax study --dry_run` does not use --findings"),
        (["study", "s", "--write_jobs", "--findings=f.md"], "`flan-jax study --write_jobs` does not use --findings"),
        (["study", "s", "--report_only", "--processes=2"], "`flan-jax study --report_only` does not use --processes"),
        (["export", "--checkpoint=c", "--to=t5x", "--out=o", "--vocab_path=v"], "--to t5x` does not use --vocab_path"),
        (
            ["export", "--checkpoint=c", "--to=t5x_orbax", "--out=o", "--max_shard_bytes=9"],
            "`flan-jax export --to t5x_orbax` does not use --max_shard_bytes: leave it out",
        ),
    ],
)
def test_a_flag_of_another_job_is_refused(argv, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
