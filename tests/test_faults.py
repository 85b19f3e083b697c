"""The fault campaign: its instruments do what they say, and a fixed sample of its trials ends well.

`make faults` runs all of it (docs/reliability.md).
"""

import shutil
import subprocess
import sys

import pytest
from faults.bench import Case
from faults.campaign import all_cases, run_campaign
from faults.commands import Ended
from faults.outcomes import BAD, Trial, message_of, of_failure, ways_to_name
from faults.shim import Order, build_shim, read_landed, read_trace
from faults.stages import pattern_of, place_of
from faults.table import tables

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not any(map(shutil.which, ("cc", "gcc", "clang"))),
    reason="the shim needs Linux and a C compiler",
)
PROGRAM = """
import os
for name in ("a", "b", "c"):
    with open(f"{name}.partial", "w") as file:
        file.write("0123456789")
        file.flush()
        os.fsync(file.fileno())
    os.rename(f"{name}.partial", f"{name}.json")
"""
# What trials are made of the sample's commands; of the long one, only these.
COMMANDS = ("cache", "train", "eval --suite", "infer", "report", "replay")
TRAINED = ("kill/train/", "fail/train/", "disk/train/quota", "damage/train/")


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    """The compiled shim."""
    return build_shim(tmp_path_factory.mktemp("shim"))


def disturbed(shim, tmp_path, order):
    """PROGRAM below `tmp_path` under an order: its exit status, its files, and what landed."""
    folder = tmp_path / "work"
    folder.mkdir()
    order.write(tmp_path / "order", folder)
    environment = {"LD_PRELOAD": str(shim), "FAULTS_ORDER": str(tmp_path / "order")}
    done = subprocess.run(
        [sys.executable, "-S", "-c", PROGRAM], cwd=folder, env=environment, start_new_session=True, capture_output=True
    )
    return done, {path.name: path.read_text() for path in folder.iterdir()}, read_landed(tmp_path / "order")


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("kill before", {"a.json": "0123456789", "b.partial": ""}),
        ("kill torn", {"a.json": "0123456789", "b.partial": "01234"}),
        ("kill after", {"a.json": "0123456789", "b.partial": "0123456789"}),
    ],
)
def test_a_kill_lands_at_the_call_that_is_meant(shim, tmp_path, action, left):
    done, files, landed = disturbed(shim, tmp_path, Order("write", r"\.partial$", 2, 2, action))
    assert done.returncode == -9 and files == left
    assert (landed.times, landed.op, landed.path) == (1, "write", "b.partial")


def test_a_rename_fails_as_it_is_told_and_is_known_by_where_it_leads(shim, tmp_path):
    done, files, landed = disturbed(shim, tmp_path, Order("rename", r"^c\.json$", 1, None, "fail", "EACCES"))
    assert b"Permission denied" in done.stderr and sorted(files) == ["a.json", "b.json", "c.partial"]
    assert landed.path == "c.json"


def test_a_disk_of_so_many_bytes_is_full_after_them(shim, tmp_path):
    done, files, landed = disturbed(shim, tmp_path, Order(action="fail", error="ENOSPC", free_bytes=64 + 10 + 64 + 5))
    assert b"No space left" in done.stderr and files["b.partial"] == "" and landed.path == "b.partial"


def test_the_calls_of_a_program_are_written_down(shim, tmp_path):
    done, _, landed = disturbed(shim, tmp_path, Order(trace=True))
    calls = [(op, path) for op, path in read_trace(tmp_path / "order") if path.startswith("a.")]
    assert done.returncode == 0 and not landed.times
    assert calls == [("open", "a.partial"), ("write", "a.partial"), ("fsync", "a.partial"), ("rename", "a.json")]


def test_a_place_is_the_same_in_two_runs_and_its_pattern_finds_it():
    import re

    path = "run/checkpoints/12.orbax-checkpoint-tmp/d/0123456789abcdef0123456789abcdef"
    assert place_of(path) == "run/checkpoints/<n>.orbax-checkpoint-tmp/d/<hash>"
    assert re.search(pattern_of(place_of(path)), path.replace("12", "4"))
    assert not re.search(pattern_of(place_of(path)), path + "0/x")
    made = place_of("run/.selected.7.partial/.tmp9nqgM3")
    assert made == "run/.selected.<n>.partial/.<tmp>" and re.search(
        pattern_of(made), "run/.selected.8.partial/.tmpxWUSxs"
    )


@pytest.mark.parametrize(
    ("status", "err", "outcome"),
    [
        (2, "flan-jax train: CacheError: /t/cache/x/shard is corrupt: delete it\n", "one line"),
        (2, "flan-jax train: CheckpointError: /t/cache/x has others:\n  a: 1, 2\n  … and 3 more\n", "one line"),
        (2, "flan-jax train: CacheError: /t/cache/x/shard is corrupt\nWARNING:absl:bye\n", "unclear"),
        (2, "flan-jax train: CacheError: it is corrupt\n", "unclear"),
        (1, "Traceback (most recent call last):\n  File x\nOSError: /t/cache/x/shard\n", "traceback"),
        (-6, "/t/cache/x/shard\n", "traceback"),
        (1, "", "unclear"),
    ],
)
def test_an_end_is_judged_by_its_last_line(status, err, outcome, tmp_path):
    ended = Ended(status, "", err, False, None, 0.0)
    names = ("/t/cache/x/shard", "/t/cache/x")
    assert of_failure(ended, names) == outcome, message_of(err)


def test_a_path_is_named_by_itself_or_by_a_folder_that_it_lies_in(tmp_path):
    names = ways_to_name(tmp_path, "run/checkpoints/5/meta")
    assert {f"{tmp_path}/run/checkpoints", "run/checkpoints/5", "meta"} <= set(names)
    assert "run" not in names and str(tmp_path) not in names


def test_tables_count_what_landed():
    trials = [
        Trial("kill/a", "killed: save", "same result"),
        Trial("kill/b", "killed: save", "lost"),
        Trial("fail/c", "EIO: write", "one line"),
        Trial("fail/d", "EIO: write", "not landed"),
    ]
    text = tables(trials)
    assert "| all | 3 | 1 | 0 | 1 | 0 | 0 | 0 | 1 | 0 | 0 |" in text
    assert "| save | 2 | 1 |  |  | 1 |" in text and "| write fails with EIO | 1 |" in text and "1 more faults" in text


def sample_of(cases: list[Case]) -> list[Case]:
    """Every quick trial, and of those of a run the first of each kind in TRAINED."""
    trained = [next((case for case in cases if case.id.startswith(start)), None) for start in TRAINED]
    return [case for case in cases if case.command != "train" or case.id.startswith(("setting", "gin"))] + [
        case for case in trained if case is not None
    ]


@pytest.mark.slow
@pytest.mark.timeout(3000)  # on an idle machine two minutes
def test_a_sample_of_the_campaign_ends_well(tmp_path):
    trials: list[Trial] = []
    run_campaign(
        tmp_path,
        lambda stages: sample_of(all_cases(stages, seed=0, share=0.001)),
        trials.append,
        lambda line: None,
        num_servers=1,
        commands=COMMANDS,
    )
    assert len(trials) > 20 and sum(trial.outcome == "not landed" for trial in trials) < len(trials) / 4
    bad = [trial for trial in trials if trial.outcome in BAD]
    assert not bad, "\n".join(map(str, bad))
