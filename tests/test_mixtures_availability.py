"""A mixture whose data is only partly here: an error, or a number in its manifest; never a smaller one in silence."""

import dataclasses
import io
import pathlib
import sys

import pytest

import flan_jax.tasks  # noqa: F401  before any test has a registry of its own
from flan_jax.cache import mixture as mixture_module
from flan_jax.cache import progress
from flan_jax.cache.availability import availability, expected_counts, missing_lines
from flan_jax.cache.build import build_cache
from flan_jax.cache.progress import CacheProgress
from flan_jax.cache.rates import resolve_rates
from flan_jax.cli.main import main
from flan_jax.core import assets
from flan_jax.core.errors import CacheError
from flan_jax.core.manifest import cache_root, read_mixture_manifest
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.data import CacheReader, PlanSpec, make_plan
from flan_jax.declare import known_counts
from flan_jax.declare import registry as task_registry
from flan_jax.declare.example import Rendered
from flan_jax.declare.registry import add_mixture, add_task
from flan_jax.declare.task import Member, Mixture, Task
from flan_jax.sources.data_dir import Download


@pytest.fixture
def registry():
    """A registry, and known counts, of this test's own."""
    with task_registry.restored():
        known_counts._LOADERS.clear()
        known_counts._COUNTS.clear()
        known_counts._COUNTS.update({"away": 6000, "here": 3000, "far": 1000})
        yield


@dataclasses.dataclass(frozen=True)
class Folder:
    """Rows that are here if the folder is."""

    folder: str
    unavailable: str | None = None
    splits = ("train",)
    description = "a folder"

    @property
    def download(self):
        return Download("Some set", "example.org/some", "CC0", self.folder)

    def missing(self):
        return None if self.download.path().exists() else self.unavailable or self.download.line()

    def rows(self, split):
        self.download.require()
        return [{"text": f"word {i}"} for i in range(30)]


def render(row, rng, pool):
    return Rendered(row["text"], "yes")


def add(name, folder, **kwargs):
    return add_task(Task(name, "made_up", Folder(folder, **kwargs), render, eval_split=None))


@pytest.fixture
def mixture(registry, tmp_path, monkeypatch):
    """Three tasks of which one is here; `cap` makes shares 3000 : 4000 : 1000."""
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(tmp_path))
    (tmp_path / "here").mkdir()
    add("here", "here")
    add("away", "away")
    add("far", "far", unavailable="Far: its publisher has withdrawn it")
    return add_mixture(Mixture("parts", (Member("here"), Member("away"), Member("far")), cap=4000))


def build(name, folder, **kwargs):
    vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
    return build_cache(name, vocabulary=vocabulary, cache_dir=folder, modules=(), num_workers=1, **kwargs)


def test_missing_data_is_an_error_that_says_how_much_and_what_to_download(mixture, tmp_path):
    with pytest.raises(CacheError) as error:
        build("parts", tmp_path / "cache")
    message = str(error.value)
    assert "2 of 3 tasks of parts (1 of which were never published or are published no more)" in message
    assert "62.5%" in message  # (4000 + 1000) / 8000
    assert f"download example.org/some to {tmp_path / 'away'} (licence: CC0)" in message
    assert "withdrawn" in message and "--available_only" in message
    assert not list((tmp_path / "cache").rglob("manifest.json"))


def test_going_on_without_them_is_said_and_kept_in_the_manifest(mixture, tmp_path, capsys):
    manifest = build("parts", tmp_path / "cache", available_only=True)
    assert manifest.missing_tasks == ["away", "far"] and manifest.missing_share == pytest.approx(0.625)
    assert dict(manifest.rates) == {"here": 30.0}
    assert "62.5%" in capsys.readouterr().out
    vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
    root = cache_root(tmp_path / "cache", vocabulary.fingerprint)
    read = read_mixture_manifest(root, "parts")
    assert read.missing_share == manifest.missing_share
    assert "2 of 3 tasks, 62.5%" in read.missing_line
    spec = PlanSpec(read, {"inputs": 32, "targets": 16}, batch_size=2, num_steps=1)
    plan = make_plan(spec, CacheReader(root, vocabulary.fingerprint), vocabulary)
    assert read.missing_line in plan.explain()


def test_nothing_here_is_an_error_even_when_asked_to_go_on(mixture, tmp_path):
    (tmp_path / "here").rmdir()
    with pytest.raises(CacheError, match="3 of 3 tasks"):
        build("parts", tmp_path / "cache", available_only=True)


def test_data_that_is_all_here_leaves_no_trace(mixture, tmp_path):
    for name in ("away", "far"):
        (tmp_path / name).mkdir()
    manifest = build("parts", tmp_path / "cache")
    assert not manifest.missing_tasks and not manifest.missing_line
    assert sorted(manifest.rates) == ["away", "far", "here"]


def test_what_was_cached_elsewhere_needs_no_source(mixture, tmp_path, capsys):
    for name in ("away", "far"):
        (tmp_path / name).mkdir()
    whole = build("parts", tmp_path / "cache")
    for name in ("away", "far"):
        (tmp_path / name).rmdir()
    capsys.readouterr()
    assert build("parts", tmp_path / "cache") == whole
    said = capsys.readouterr().out
    assert "2 tasks used as cached: without the source" in said
    # The numbers are of what the mixture has, not of what was looked at now.
    splits, examples = sum(map(len, whole.splits.values())), sum(whole.num_examples.values())
    assert f"{splits} splits of 3 tasks, {examples} examples" in said and "(0 tokenised now)" in said


def test_the_others_of_a_nested_mixture_take_over_what_is_left_out(mixture):
    add_mixture(Mixture("first", (Member("here"), Member("away"))))
    add_mixture(Mixture("second", (Member("far"),)))
    outer = add_mixture(Mixture("outer", (Member("first", 0.75), Member("second", 0.25))))
    counts = {"here": 3000, "away": 6000, "far": 1000}
    assert resolve_rates(outer, counts) == pytest.approx({"here": 0.25, "away": 0.5, "far": 0.25})
    assert resolve_rates(outer, counts, {"away"}) == pytest.approx({"here": 0.75, "far": 0.25})
    assert resolve_rates(outer, counts, {"far"}) == pytest.approx({"here": 0.25, "away": 0.5})
    assert availability(outer, missing_lines(outer)).share == pytest.approx(0.75)


def test_a_task_of_unknown_size_counts_as_the_median_and_is_said_to(mixture, tmp_path):
    add("unknown", "nowhere")
    item = add_mixture(Mixture("with_unknown", (Member("here"), Member("far"), Member("unknown"))))
    counts = expected_counts(item, missing_lines(item))
    assert (counts["unknown"].num_examples, counts["unknown"].origin) == (2000, "assumed")
    assert "1 of them of unknown size" in availability(item, missing_lines(item)).describe()


def test_the_work_is_refused_before_any_of_it_is_done(mixture, tmp_path, monkeypatch):
    monkeypatch.setattr(Folder, "rows", lambda *_: pytest.fail("read"))
    with pytest.raises(CacheError, match="2 of 3"):
        mixture_module.prepare_mixture("parts", ("train",), None, pathlib.Path(tmp_path), False)


def test_the_command_line_says_it_too(mixture, tmp_path, capsys):
    argv = ["cache", "--mixture", "parts", "--cache_dir", str(tmp_path / "cache"), "--num_workers", "1"]
    assert main(argv) == 2
    assert "--available_only" in capsys.readouterr().err
    assert main([*argv, "--available_only"]) == 0
    assert "1 split of 1 task, 30 examples" in capsys.readouterr().out
    assert main(["mix", "explain", "parts", "--cache_dir", str(tmp_path / "cache")]) == 0
    assert "2 of 3 tasks, 62.5% of its weight" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--runner", "DirectRuner"), "did you mean DirectRunner"),
        (("--beam_option=--project=x",), "give --runner too"),
        (("--runner", "DirectRunner", "--num_workers", "2"), "--num_workers is of local processes"),
    ],
)
def test_mistakes_about_beam_are_answered(capsys, tmp_path, argv, message):
    assert main(["cache", "--mixture", "procedural", "--cache_dir", str(tmp_path), *argv]) == 2
    assert message in capsys.readouterr().err


def test_beam_that_is_not_installed_says_how_to_install_it(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    assert main(["cache", "--mixture", "procedural", "--cache_dir", str(tmp_path), "--runner", "DirectRunner"]) == 2
    assert "constraints-beam.txt" in capsys.readouterr().err


def test_plain_progress_names_what_is_in_work(capsys, monkeypatch):
    monkeypatch.setattr(progress, "PLAIN_EVERY_SECS", -1.0)
    with CacheProgress("cache m", 3) as bar:
        bar.update("a/train", 512, 2000)
        bar.update("b/train", 512, 0)
        bar.advance("a/train", 2000)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("cache m: 0 of 3 splits, 512 examples") and lines[0].endswith("now a/train 512 of 2,000")
    assert lines[1].endswith("now a/train 512 of 2,000, b/train 512")
    assert lines[2].startswith("cache m: 1 of 3 splits, 2,512 examples") and lines[2].endswith("now b/train 512")


def test_a_terminal_has_a_bar_for_each_split_in_work(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    with CacheProgress("cache m", 3) as bar:
        bar.update("a/train", 512, 2000)
        bar.update("b/train", 100, 300)
        assert sorted(bar._bars) == ["a/train", "b/train"]
        bar.advance("a/train", 2000)
        assert sorted(bar._bars) == ["b/train"]
    assert "b/train" in terminal.getvalue() and "100/300" in terminal.getvalue()


def test_workers_say_how_far_they_are(tmp_path, monkeypatch):
    """One process and several report the same splits."""
    seen = []
    monkeypatch.setattr(CacheProgress, "update", lambda self, *message: seen.append(message))
    vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
    found = []
    for num_workers in (1, 2):
        seen.clear()
        build_cache(
            "small_sum_zero_shot",
            vocabulary=vocabulary,
            cache_dir=tmp_path / str(num_workers),
            num_workers=num_workers,
        )
        found.append(sorted(seen))
    assert found[0] == found[1] != []
    name, done, rows = found[0][0]
    assert name.startswith("small_sum_zero_shot/") and done == 512 <= rows
