"""Files that are whole or untouched, whatever ends their writer, and errors that say which file they are about."""

import errno
import os
import subprocess
import sys

import pytest

from flan_jax.core import disk
from flan_jax.core.disk import explain_full_disk, naming, write_atomically, write_json_atomically
from flan_jax.core.errors import CheckpointError
from flan_jax.core.faults import explained
from flan_jax.core.lock import sole_writer, take_lock


def test_an_error_of_an_open_file_names_it(tmp_path):
    (tmp_path / "a").touch()
    bad = r"Bad file descriptor: .*/a'"
    with open(tmp_path / "a", "rb") as file, pytest.raises(OSError, match=bad) as caught, naming(tmp_path / "a"):
        os.write(file.fileno(), b"x")
    assert caught.value.filename == str(tmp_path / "a")
    with pytest.raises(FileNotFoundError, match="other"), naming(tmp_path / "a"):
        open(tmp_path / "other")  # which knows better
    with pytest.raises(OSError, match=r"/a: words$") as caught, naming(tmp_path / "a"):
        raise OSError("words")  # NumPy's have no number
    assert explained(caught.value).startswith(f"{tmp_path}/a: words: see to that")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failing_disk_leaves_the_file_as_it_was_and_is_named(call, tmp_path, monkeypatch):
    write_atomically(tmp_path / "sub" / "a", b"old")

    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(disk.os, call, fail)
    with pytest.raises(OSError, match="Input/output error") as caught:
        write_json_atomically(tmp_path / "sub" / "a", {"new": 1})
    assert explained(caught.value).startswith(f"{tmp_path}/sub/a: Input/output error: the disk does not answer")
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["a"]
    assert (tmp_path / "sub" / "a").read_bytes() == b"old"


def test_tensorstores_words_without_a_path_get_one(tmp_path):
    with pytest.raises(OSError, match="Input/output error") as caught, explain_full_disk(tmp_path):
        raise ValueError("UNKNOWN: Failed to fsync file: Input/output error [os_error_code='5']")
    assert explained(caught.value).startswith(f"{tmp_path}: Input/output error: the disk does not answer")
    with pytest.raises(ValueError, match="of /a/b"), explain_full_disk(tmp_path):
        raise ValueError("UNKNOWN: Failed to fsync file of /a/b: Input/output error [os_error_code='5']")


def test_one_program_at_a_time_writes_to_a_folder(tmp_path):
    with sole_writer(tmp_path / "out", "--out"):
        with pytest.raises(
            CheckpointError, match=r"another program is writing to .*/out: wait for it or .* another --out"
        ):
            take_lock(tmp_path / "out", "--out")
        program = (
            f"import pathlib; from flan_jax.core.lock import *; take_lock(pathlib.Path({str(tmp_path)!r}, 'out'), 'x')"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.returncode and "another program is writing to" in done.stderr
    with sole_writer(tmp_path / "out", "--out"):
        pass


def test_what_killed_writers_left_goes_when_the_file_is_written_again(tmp_path):
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    left = [f".a[1].json.{done.pid}.partial"]
    others = [f".a[1].json.{os.getppid()}.partial", ".a[1].json.x.partial", f".b.{done.pid}.partial"]
    for name in left + others:
        (tmp_path / name).write_text("half")
    write_atomically(tmp_path / "a[1].json", b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "a[1].json"])
