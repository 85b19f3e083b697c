"""13-gram overlap: exact, streamed, and bounded by the evaluation sets."""

import random

import pytest

import flan_jax.tasks  # noqa: F401
from flan_jax.evaluate.contamination.overlap import NgramIndex, words_of
from flan_jax.evaluate.contamination.texts import evaluation_texts

WORDS = [f"w{i}" for i in range(60)]


def sentence(rng, count):
    return [rng.choice(WORDS) for _ in range(count)]


def overlaps_slowly(a, b, n):
    grams = {tuple(a[i : i + n]) for i in range(len(a) - n + 1)}
    return any(tuple(b[i : i + n]) in grams for i in range(len(b) - n + 1))


@pytest.mark.parametrize("n", [3, 13])
def test_finds_exactly_what_comparing_all_pairs_finds(n):
    rng = random.Random(f"overlap/{n}")
    evaluation = [(f"set{i % 2}", sentence(rng, rng.randrange(2, 30))) for i in range(40)]
    training = [sentence(rng, rng.randrange(2, 60)) for _ in range(60)]
    for k in range(0, 60, 7):  # some that do contain a passage of an evaluation text, of n words or one fewer
        words = evaluation[k % 40][1]
        training[k] = [*training[k][:5], "other", *words[: n - k % 2], *training[k][5:]]
    index = NgramIndex([(name, " ".join(words)) for name, words in evaluation], num_words=n)
    found = index.scan("t", [" ".join(words) for words in training])
    expected = [{name for name, words in evaluation if overlaps_slowly(words, text, n)} for text in training]
    assert found.num_examples == 60
    assert found.num_overlapping == sum(bool(sets) for sets in expected) > 0
    assert found.by_set == {
        name: count for name in ("set0", "set1") if (count := sum(name in sets for sets in expected))
    }
    hit = {name: 0 for name in ("set0", "set1")}
    for name, words in evaluation:
        hit[name] += any(overlaps_slowly(words, text, n) for text in training)
    assert index.sets == {name: (hit[name], 20) for name in hit}


def test_case_and_punctuation_do_not_hide_an_overlap_and_unspaced_scripts_have_words():
    text = "The quick brown fox, jumps over (the) lazy dog; and then it sleeps well."
    index = NgramIndex([("a", text), ("b", "今日は天気がいいので散歩に行きましょう"), ("c", "too short")])
    assert index.num_short == {"c": 1}
    other = "so THE QUICK brown fox jumps over the lazy dog and then it sleeps... well"
    assert index.scan("t", [other, "ええ、今日は天気がいいので散歩に行きます", "fox"]).by_set == {"a": 1, "b": 1}
    assert words_of("It's 3.5 km") == ["it", "s", "3", "5", "km"]


def test_an_index_without_texts_finds_nothing():
    assert NgramIndex([]).scan("t", ["a " * 20]).num_overlapping == 0


def test_scanning_in_small_batches_changes_nothing(monkeypatch):
    rng = random.Random("batches")
    texts = [" ".join(sentence(rng, 40)) for _ in range(30)]
    whole = NgramIndex([("a", text) for text in texts[:5]]).scan("t", texts)
    monkeypatch.setattr("flan_jax.evaluate.contamination.overlap._BATCH_WORDS", 50)
    assert NgramIndex([("a", text) for text in texts[:5]]).scan("t", texts) == whole
    assert whole.num_overlapping == 5


def test_evaluation_sets_say_what_to_download_where_they_are_not(monkeypatch, tmp_path):
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(tmp_path))
    sets = {texts.name: texts for texts in evaluation_texts()}
    assert {"gsm8k", "mgsm", "tydiqa", "truthfulqa", "niv2_test"} <= sets.keys()
    for name in ("gsm8k", "mgsm", "tydiqa", "truthfulqa", "niv2_test", "mmlu", "bbh"):
        assert sets[name].missing(), name
        assert sets[name].is_default
    # What is held out of a collection depends on the mixture: such sets are named.
    assert not sets["flan_commonsense"].is_default and not sets["t0_hellaswag"].is_default
    assert "https://github.com/openai/grade-school-math" in sets["gsm8k"].missing()
