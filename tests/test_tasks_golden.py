"""One rendered example a task, and the shipped vocabulary. `make golden` writes the golden file anew after a change
that is meant."""

import json
import subprocess
import sys

import pytest
from golden.procedural_make import GOLDEN, examples

from flan_jax.cache.train_vocab import ASSET, procedural_tasks, training_texts
from flan_jax.core.vocabulary import UNK_ID, load_vocabulary
from flan_jax.declare.registry import get_mixture, mixture_members
from flan_jax.tasks.procedural.overview import with_table


def test_rendered_text_has_not_moved():
    golden = json.loads(GOLDEN.read_text())
    now = {name: example for name, example in examples().items() if name in golden}
    missing = set(golden) - set(now)
    assert not missing, f"{missing} are gone: write the golden file anew if that is meant"
    for name, example in golden.items():
        assert now[name] == example, name


def test_every_registered_procedural_task_has_a_golden_example():
    mixtures = [
        get_mixture("procedural" + end)
        for end in ("", "_selection", "_report", "_span", "_prefix", "_retold", "_pairs")
    ]
    names = {task.name for mixture in mixtures for task in mixture_members(mixture)}
    assert names <= set(json.loads(GOLDEN.read_text()))


def test_the_script_gives_the_pieces_of_the_shipped_vocabulary(tmp_path):
    output = tmp_path / "again.model"  # in a process of its own: other tests register tasks of theirs
    subprocess.run([sys.executable, "-m", "flan_jax.cache.train_vocab", "--output", output], check=True)
    # Not their numbers, which follow from how often the text has them: the shipped weights are of the shipped ones.
    again, shipped = load_vocabulary(str(output)), load_vocabulary(str(ASSET))
    assert again.num_pieces == shipped.num_pieces
    assert {again.piece(i) for i in range(again.num_pieces)} == {shipped.piece(i) for i in range(shipped.num_pieces)}


def test_every_text_comes_back_whole_and_without_unknowns():
    vocab = load_vocabulary(str(ASSET))
    for text in training_texts(examples_a_task=60):
        ids = vocab.encode(text)
        assert UNK_ID not in ids and vocab.decode(ids) == text


def test_vocabulary_keeps_newlines_splits_digits_and_reads_any_english():
    vocab = load_vocabulary(str(ASSET))
    assert [vocab.piece(i) for i in vocab.encode("cat\n- dog 42")] == ["▁cat", "\n", "-", "▁dog", "▁", "4", "2"]
    text = 'Quickly, jinxed zebras (7 of them) vow: 50% off & more @ x_y = "z"/w [ok] #1; it\'s {fine} ~ ^`|\\*+!$?'
    ids = vocab.encode(text)
    assert UNK_ID not in ids and vocab.decode(ids) == text
    assert vocab.num_pieces <= 2_000


@pytest.mark.parametrize("words", ["NAMES", "LIST_WORDS", "PLACES", "COLOURS", "FOODS", "NEW_LABELS", "TRAIN_LABELS"])
def test_words_are_single_tokens(words):
    from flan_jax.tasks.procedural import lexicon

    vocab = load_vocabulary(str(ASSET))
    assert [word for word in getattr(lexicon, words) if len(vocab.encode(word)) > 1] == []


def test_lengths_stay_short():
    """Inputs and targets in tokens: what the demo's row sizes rest on."""
    vocab = load_vocabulary(str(ASSET))
    for task in procedural_tasks():
        for _, rendered in task.rendered(task.train_split or task.eval_split, range(30)):
            num_inputs, num_targets = len(vocab.encode(rendered.inputs())), len(vocab.encode(rendered.targets))
            if task.cluster == "documents":
                most = (0 if task.objective else 192, 125)
            else:
                most = (200 if rendered.exemplars else 75, 40 if task.name.endswith("_cot") else 12)
            assert num_inputs <= most[0] and num_targets <= most[1], task.name


def test_the_documentation_lists_every_family():
    page = GOLDEN.parent.parent.parent / "docs" / "tasks.md"
    assert with_table(page.read_text()) == page.read_text(), (
        "run python -m flan_jax.tasks.procedural.overview docs/tasks.md"
    )
