"""The cache built by Apache Beam: the same bytes as the local builder's."""

import hashlib
import json
import pathlib

import pytest

pytest.importorskip(
    "apache_beam", reason="Apache Beam is not installed: pip install -c constraints-beam.txt 'flan_jax[beam]'"
)

from flan_jax.cache.beam_runner import build_cache_with_beam
from flan_jax.cache.build import build_cache
from flan_jax.core import assets
from flan_jax.core.errors import CacheError
from flan_jax.core.manifest import cache_root
from flan_jax.core.vocabulary import load_vocabulary

pytestmark = pytest.mark.filterwarnings("default")  # Beam's own, of Python 3.11 and of protobuf
OPTIONS = ("--direct_running_mode=in_memory", "--direct_num_workers=1")
MODULE = """
import dataclasses
from flan_jax.declare.task import Member, Mixture, Task
from flan_jax.declare.example import Rendered
from flan_jax.declare.registry import add_mixture, add_task

@dataclasses.dataclass(frozen=True)
class Numbers:
    start: int
    splits = ("train", "validation")
    description = "made here"

    def rows(self, split):
        if self.start == 99:
            raise OSError("no such luck")
        return [{"n": self.start + i, "text": "" if i == 5 else f"number {i}"} for i in range(40)]

def render(row, rng, pool):
    shown = tuple(f"{p['n']}: {p['text']} " for p in rng.sample(list(pool), 2))
    return Rendered(f"say {row['n']} {rng.random()}", row["text"], exemplars=shown)

for start in (1, 2, 99):
    renderings = 2 if start == 2 else 1  # rates count rows, not renderings
    add_task(Task(f"beam_{start}", "numbers", Numbers(start), render, exemplar_split="train", renderings=renderings))
add_mixture(Mixture("beam_good", (Member("beam_1"), Member("beam_2")), cap=50))
add_mixture(Mixture("beam_bad", (Member("beam_1"), Member("beam_99"))))
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    import sys

    folder = tmp_path_factory.mktemp("module")
    (folder / "beam_tasks.py").write_text(MODULE)
    sys.path.insert(0, str(folder))
    yield "beam_tasks"
    sys.path.remove(str(folder))


def files(root: pathlib.Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.fixture
def tokenizer_json(tmp_path):
    """A byte-level tokenizer.json: a vocabulary of two files."""
    tokenizers = pytest.importorskip("tokenizers", reason="the tokenizers package is not installed (flan_jax[hf])")
    trained = tokenizers.ByteLevelBPETokenizer()
    trained.train_from_iterator([pathlib.Path(__file__).read_text()], 300, 2, False, ["<|end|>"])
    trained.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|end|>"}))
    return str(tmp_path / "tokenizer.json")


def build_with_beam(mixture, folder, module, vocab_path=str(assets.EMBEDDED_VOCAB), **kwargs):
    vocabulary = load_vocabulary(vocab_path)
    return build_cache_with_beam(
        mixture,
        vocabulary=vocabulary,
        cache_dir=str(folder),
        runner="DirectRunner",
        pipeline_options=OPTIONS,
        modules=(module,),
        **kwargs,
    )


@pytest.mark.parametrize("kind", ["sentencepiece", "tokenizer_json"])
def test_the_same_bytes_as_the_local_builder(kind, module, tmp_path, capsys, request):
    path = str(assets.EMBEDDED_VOCAB) if kind == "sentencepiece" else request.getfixturevalue(kind)
    vocabulary = load_vocabulary(path)
    local = build_cache(
        "beam_good", vocabulary=vocabulary, cache_dir=tmp_path / "local", modules=(module,), num_workers=1
    )
    beamed = build_with_beam("beam_good", tmp_path / "beam", module, path)
    assert json.dumps(beamed.__dict__, default=list) == json.dumps(local.__dict__, default=list)
    found = files(cache_root(tmp_path / "beam", vocabulary.fingerprint))
    assert found == files(cache_root(tmp_path / "local", vocabulary.fingerprint)) and len(found) == 4 * 3 + 1
    assert "rows dropped for empty_targets (rows 5)" in capsys.readouterr().out


def test_what_is_fresh_is_left_alone_and_what_is_half_there_is_made_again(module, tmp_path, capsys):
    build_with_beam("beam_good", tmp_path, module)
    root = cache_root(tmp_path, load_vocabulary(str(assets.EMBEDDED_VOCAB)).fingerprint)
    whole = files(root)
    (root / "beam_1" / "train" / "manifest.json").unlink()
    capsys.readouterr()
    build_with_beam("beam_good", tmp_path, module)
    assert "(39 tokenised now)" in capsys.readouterr().out
    assert files(root) == whole
    build_with_beam("beam_good", tmp_path, module, max_inputs_length=20)
    assert "(195 tokenised now)" in capsys.readouterr().out


def test_a_task_that_fails_is_named_and_the_others_are_cached(module, tmp_path):
    with pytest.raises(
        CacheError, match=r"2 of 4 splits of beam_bad could not be cached[^$]*beam_99/train: no such luck"
    ):
        build_with_beam("beam_bad", tmp_path, module)
    root = cache_root(tmp_path, load_vocabulary(str(assets.EMBEDDED_VOCAB)).fingerprint)
    assert (root / "beam_1" / "train" / "manifest.json").exists()
    assert not (root / "mixtures").exists()
