"""Every golden file has a program that makes it, and `make golden` runs them all."""

import shutil
import subprocess
import sys

import pytest
from golden import make
from shared import ROOT


def test_every_golden_file_has_its_maker_and_every_maker_its_file():
    files = make.golden_files()
    assert files, "tests/golden is empty"
    makers = {path for path in make.HERE.glob("*_make.py")}
    assert {make.maker(golden) for golden in files} == makers
    assert set(make.PEERS) < {golden.stem for golden in files}


def test_every_golden_file_is_read_by_a_test():
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py") if path.name != "make.py")
    assert not [golden.name for golden in make.golden_files() if golden.name not in tests]


def test_make_golden_runs_every_maker(monkeypatch, capsys):
    ran = []

    def run(command, **_):
        ran.append((command[0], command[1]))
        return subprocess.CompletedProcess(command, returncode=int("agreement" in command[1]), stderr="no lm_eval")

    monkeypatch.setattr(make.subprocess, "run", run)
    assert make.main(["--peer_python", "peer"]) == 1
    assert [name for _, name in ran] == [str(make.maker(golden)) for golden in make.golden_files()]
    assert {name for python, name in ran if python == "peer"} == {
        str(make.HERE / f"{stem}_make.py") for stem in make.PEERS
    }
    said = capsys.readouterr().out
    assert "agreement.json: not made. It needs lm_eval==0.4.13. ['no lm_eval']" in said
    assert "procedural.json: unchanged" in said


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({golden.stem for golden in make.golden_files()} - set(make.PEERS)))
def test_a_maker_gives_the_file_that_is_there(name, tmp_path):
    """Byte for byte, in a process of its own: other tests register tasks."""
    golden = make.HERE / f"{name}.json"
    (tmp_path / "golden").mkdir()
    copy = shutil.copy(make.maker(golden), tmp_path / "golden")
    for beside in ("data_cache.py", "flan2021_rows.py"):
        shutil.copy(ROOT / "tests" / beside, tmp_path)
    done = subprocess.run([sys.executable, copy], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "golden" / golden.name).read_bytes() == golden.read_bytes()
