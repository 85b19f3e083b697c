"""Each cell is run once, by whoever gets it, whatever is killed on the way."""

import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from flan_jax.core.errors import StudyError
from flan_jax.study import lease as lease_module
from flan_jax.study import runner
from flan_jax.study.cells import Cell
from flan_jax.study.lease import holder_of, take_lease
from flan_jax.study.runner import is_done, run_cells, run_folder, secs_of

# Stands for a training run: notes that it began, takes a while, hands over.
FAKE = """
import pathlib, sys, time
gin = pathlib.Path(sys.argv[-1]).read_text()
folder = pathlib.Path(gin.split("MODEL_DIR = '")[1].split("'")[0])
folder.mkdir(parents=True, exist_ok=True)
with open(folder / "begun", "a") as file:
    file.write("x")
print("training", flush=True)
if "FAIL" in gin:
    sys.exit("flan-jax train: ConfigError: no such luck")
time.sleep(float(gin.split("SECS = ")[1].split()[0]))
(folder / "selected").mkdir(exist_ok=True)
(folder / "selected.json").write_text("{}")
"""


@pytest.fixture(autouse=True)
def _fake_training(monkeypatch, tmp_path):
    script = tmp_path / "fake.py"
    script.write_text(FAKE)
    monkeypatch.setattr(runner, "TRAIN", (sys.executable, str(script)))
    monkeypatch.setattr(runner, "_POLL_SECS", 0.02)
    monkeypatch.setattr(lease_module, "HEARTBEAT_SECS", 0.05)


def cells(folder, num, secs=0.0, **bindings):
    def cell(i):
        run = f"MODEL_DIR = '{folder / 'runs' / f'k{i}'}'"
        return Cell({"n": str(i)}, 0, (f"SECS = {secs}", *bindings.get(f"c{i}", ()), run), None, f"k{i}")

    return [cell(i) for i in range(num)]


def begun(folder, cell):
    return len((run_folder(folder, cell) / "begun").read_text())


def test_every_cell_is_run_once_and_equal_cells_are_one(tmp_path):
    made = cells(tmp_path, 3)
    said = []
    run_cells(tmp_path, [*made, dataclasses.replace(made[0], levels={"n": "other"})], (), say=said.append)
    run_cells(tmp_path, made, (), say=said.append)
    assert [begun(tmp_path, cell) for cell in made] == [1, 1, 1]
    assert all(is_done(tmp_path, cell) and secs_of(tmp_path, cell) >= 0 for cell in made)
    assert len(said) == 6 and said[-1].endswith("(3 of 3)")
    assert not list((tmp_path / "cells").glob("*.lease.*")) and not list((tmp_path / "cells").glob(".now*"))


def test_a_failed_cell_is_named_after_the_others_are_run_and_tried_again(tmp_path):
    made = cells(tmp_path, 3, c1=("FAIL = 1",))
    with pytest.raises(StudyError, match=r"1 cell of 3 failed.*n 1, seed 0: flan-jax train: ConfigError: no such luck"):
        run_cells(tmp_path, made, ())
    assert [is_done(tmp_path, cell) for cell in made] == [True, False, True]
    run_cells(tmp_path, cells(tmp_path, 3), ())
    assert [begun(tmp_path, cell) for cell in made] == [1, 2, 1]


def test_what_was_handed_over_must_still_be_there(tmp_path):
    (made,) = cells(tmp_path, 1)
    run_cells(tmp_path, [made], ())
    (run_folder(tmp_path, made) / "selected").rmdir()
    assert not is_done(tmp_path, made)
    run_cells(tmp_path, [made], ())
    assert begun(tmp_path, made) == 2


def test_several_run_at_a_time(tmp_path):
    made = cells(tmp_path, 4, secs=0.6)
    begin = time.monotonic()
    run_cells(tmp_path, made, (), num_processes=4)
    assert time.monotonic() - begin < 4 * 0.6 + 0.5 and all(is_done(tmp_path, cell) for cell in made)


PROGRAM = """
import pathlib, signal, sys
from flan_jax.study import runner
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in a shell's background
from flan_jax.study.cells import Cell
folder, secs = pathlib.Path(sys.argv[1]), sys.argv[4]
runner.TRAIN, runner._POLL_SECS = (sys.executable, sys.argv[2]), 0.02
run = lambda i: f"MODEL_DIR = '{folder / 'runs' / f'k{i}'}'"
cells = [Cell({"n": str(i)}, 0, (f"SECS = {secs}", run(i)), None, f"k{i}") for i in range(int(sys.argv[3]))]
runner.run_cells(folder, cells, ())
"""


def test_two_programs_share_the_cells(tmp_path):
    made = cells(tmp_path, 6, secs=0.2)
    program = [sys.executable, "-c", PROGRAM, str(tmp_path), str(tmp_path / "fake.py"), "6", "0.2"]
    programs = [subprocess.Popen(program, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [program.communicate(timeout=60)[0] for program in programs]
    assert [program.returncode for program in programs] == [0, 0]
    assert [begun(tmp_path, cell) for cell in made] == [1] * 6
    assert sum(text.count("begins") for text in said) == 6


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_study_that_is_killed_leaves_no_run_behind_and_goes_on(tmp_path, number):
    made = cells(tmp_path, 2)
    program = [sys.executable, "-c", PROGRAM, str(tmp_path), str(tmp_path / "fake.py"), "2", "1.5"]
    for _ in range(2):
        with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as study:
            log = tmp_path / "cells/k0.log"
            before = log.stat().st_size if log.exists() else 0
            _wait(lambda log=log, before=before: log.exists() and log.stat().st_size > before)
            study.send_signal(number)
            study.wait(10)
        _wait(lambda: not _is_running(str(tmp_path / "cells")))
    assert begun(tmp_path, made[0]) == 2 and not is_done(tmp_path, made[0])
    run_cells(tmp_path, made, ())  # the dead program's lease holds nobody up
    assert begun(tmp_path, made[0]) == 3 and all(is_done(tmp_path, cell) for cell in made)


def _wait(until):
    deadline = time.monotonic() + 60  # against a hang
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_running(mark):
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if mark in command and "fake.py" in command and "--gin_file" in command:
            return True
    return False


# -- leases -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "leases").mkdir()
    return tmp_path / "leases"


def another_machines(folder, key, number, age_secs):
    path = folder / f"{key}.lease.{number}"
    path.write_text(json.dumps({"host": "far", "boot": "other", "process": 1}))
    then = time.time() - age_secs
    os.utime(path, (then, then))
    return path


def test_one_alone_has_a_cell_until_it_gives_it_back(folder):
    first = take_lease(folder, "k", lambda: None)
    assert take_lease(folder, "k", lambda: None) is None
    assert holder_of(folder, "k") == f"process {os.getpid()} on {socket.gethostname()}"
    other = take_lease(folder, "other", lambda: None)
    first.release()
    assert holder_of(folder, "k") == ""
    again = take_lease(folder, "k", lambda: None)
    assert again is not None
    again.release()
    other.release()
    assert not list(folder.iterdir())


def test_a_machine_that_does_not_answer_loses_its_cell_and_one_that_does_keeps_it(folder):
    another_machines(folder, "k", 3, age_secs=10)
    assert take_lease(folder, "k", lambda: None, patience_secs=60) is None
    taken = take_lease(folder, "k", lambda: None, patience_secs=5)
    assert taken.number == 4
    taken.release()


def test_a_process_of_this_machine_that_is_dead_is_not_waited_for(folder):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    path = folder / "k.lease.1"
    path.write_text(json.dumps({"host": socket.gethostname(), "boot": lease_module._boot(), "process": gone.pid}))
    taken = take_lease(folder, "k", lambda: None)
    assert taken.number == 2
    taken.release()


def test_who_was_only_slow_is_told_that_the_cell_is_lost(folder):
    lost = threading.Event()
    slow = take_lease(folder, "k", lost.set)
    another_machines(folder, "k", 2, age_secs=0)
    assert lost.wait(10)
    slow.release()
    assert [path.name for path in folder.iterdir()] == ["k.lease.2"]  # the other's stays


def test_of_many_that_want_a_dead_machines_cell_one_gets_it(folder):
    another_machines(folder, "k", 1, age_secs=100)
    found, start = [], threading.Barrier(8)

    def take():
        start.wait()
        found.append(take_lease(folder, "k", lambda: None, patience_secs=1))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [each for each in found if each is not None]
    winner.release()
