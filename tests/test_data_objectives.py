"""Pretraining objectives: lengths foretold, nothing lost, the paper's rates."""

import tomllib

import numpy as np
import pytest
from shared import shared_path

from flan_jax.core.assets import EMBEDDED_VOCAB
from flan_jax.core.errors import TaskError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.data import keys
from flan_jax.data.objectives import OBJECTIVES, MixtureOfDenoisers, make_objective, mode_tokens_of
from flan_jax.data.objectives.denoisers import MODES, UL2, UL2R

VOCAB_SIZE = 1000
NUM_TOKENS = np.concatenate([np.arange(2, 40), np.arange(40, 700, 37)])


MODE_TOKENS = {"[NLU]": (860, 861), "[NLG]": (860, 862), "[S2S]": (870,)}


def _objective(name, inputs_length=120, targets_length=90):
    return make_objective(name, inputs_length, targets_length, VOCAB_SIZE, 100, MODE_TOKENS)


def _documents(num_tokens):
    return [3 + np.arange(n, dtype=np.int32) % 850 for n in num_tokens]


def _keys(count, epoch=0):
    return keys.example_keys(np.arange(count), np.full(count, epoch), "objective", 0, "task")


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_lengths_are_those_of_what_is_made_and_fit_the_row(name):
    objective = _objective(name)
    all_keys = _keys(len(NUM_TOKENS))
    inputs_lengths, targets_lengths = objective.lengths(NUM_TOKENS, all_keys)
    for i, document in enumerate(_documents(NUM_TOKENS)):
        inputs, targets = objective.apply(document, all_keys[i])
        assert (len(inputs), len(targets)) == (inputs_lengths[i], targets_lengths[i])
        assert len(inputs) <= 120 and len(targets) <= 90
        assert inputs[-1] == targets[-1] == 1 and (inputs[:-1] > 2).all() and (targets[:-1] > 2).all()
        assert inputs.dtype == targets.dtype == np.int32


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_a_pure_function_of_the_key(name):
    objective = _objective(name)
    document = _documents([300])[0]
    first, again, other = (objective.apply(document, key) for key in (_keys(1)[0], _keys(1)[0], _keys(1, epoch=1)[0]))
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(again))
    assert len(first[0]) != len(other[0]) or (first[0] != other[0]).any()


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_documents_too_short_to_cut_give_nothing(name):
    inputs, targets = _objective(name).lengths(np.array([0, 1, 2]), _keys(3))
    assert inputs[:2].tolist() == targets[:2].tolist() == [0, 0] and min(inputs[2], targets[2]) >= 2


def _spelt_out(inputs, targets):
    """The document that span corruption took apart, put together again."""
    spans, sentinel = {}, None
    for token in targets[:-1].tolist():
        if token >= VOCAB_SIZE - 100:
            sentinel = token
            spans[sentinel] = []
        else:
            spans[sentinel].append(token)
    whole = []
    for token in inputs[:-1].tolist():
        whole += spans[token] if token >= VOCAB_SIZE - 100 else [token]
    return whole, spans


def test_span_corruption_loses_nothing_and_numbers_its_sentinels_down():
    objective = _objective("span_corruption", 1000, 500)
    all_keys = _keys(len(NUM_TOKENS))
    for document, key in zip(_documents(NUM_TOKENS), all_keys, strict=True):
        inputs, targets = objective.apply(document, key)
        whole, spans = _spelt_out(inputs, targets)
        assert whole == document.tolist()
        assert list(spans) == [VOCAB_SIZE - 1 - k for k in range(len(spans))] and all(spans.values())
        assert [token for token in inputs if token >= VOCAB_SIZE - 100] == list(spans)
        assert inputs[0] < VOCAB_SIZE - 100  # kept text comes first


def test_span_corruption_has_the_papers_rates():
    """15% of the tokens in spans of mean length 3 (Raffel et al. 2020, section 3.1.4), anywhere in the document."""
    objective = _objective("span_corruption", 1000, 500)
    starts = np.zeros(300)
    for key in _keys(400):
        inputs, targets = objective.apply(_documents([300])[0], key)
        _, spans = _spelt_out(inputs, targets)
        assert sum(map(len, spans.values())) == 45 and len(spans) == 15
        starts[[span[0] - 3 for span in spans.values()]] += 1
    halves = starts[1:150].sum() / starts[1:].sum()
    assert abs(halves - 0.5) < 0.03


def test_prefix_lm_cuts_anywhere_and_loses_nothing():
    objective = _objective("prefix_lm", 100, 100)
    document = _documents([50])[0]
    splits = []
    for key in _keys(2000):
        inputs, targets = objective.apply(document, key)
        np.testing.assert_array_equal(np.concatenate([inputs[:-1], targets[:-1]]), document)
        splits.append(len(inputs) - 1)
    assert min(splits) == 1 and max(splits) == 49 and abs(np.mean(splits) - 25) < 1


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_a_long_document_gives_windows_from_all_of_it(name):
    objective = _objective(name)
    document = 3 + np.arange(800, dtype=np.int32)  # every token once
    seen = set()
    for key in _keys(300):
        inputs, targets = objective.apply(document, key)
        tokens = sorted(t for t in np.concatenate([inputs[:-1], targets[:-1]]).tolist() if t < VOCAB_SIZE - 100)
        tokens = [token for token in tokens if token < 860]  # those after are modes
        assert tokens == list(range(tokens[0], tokens[0] + objective.windows(np.array([key]))[0]))
        seen.update(tokens)
    assert len(seen) > 780


def test_unusable_objectives():
    with pytest.raises(TaskError, match="no pretraining objective is called 'prefix_ml'; did you mean prefix_lm"):
        _objective("prefix_ml")
    with pytest.raises(TaskError, match="needs a vocabulary with sentinels"):
        make_objective("span_corruption", 10, 10, 1000, 0)
    with pytest.raises(TaskError, match="span corruption needs rows longer than 2"):
        _ = _objective("span_corruption", 2, 2).max_tokens


def _facts():
    with open(shared_path("facts/ul2_denoisers.toml"), "rb") as file:
        return tomllib.load(file)


def test_ul2s_denoisers_are_the_facts():
    expected = sorted(
        (d["token"], d.get("mean_span"), d.get("corruption"), d.get("target_share"))
        for d in _facts()["ul2"]["denoiser"]
    )
    assert sorted((d.mode, d.mean_span, d.corruption, d.target_share) for d in UL2) == expected
    assert len({d.rate for d in UL2}) == 1


def test_ul2rs_proportions_are_the_facts():
    facts = _facts()["ul2r"]
    for kind, rate in facts["rates"].items():
        own = [d for d in UL2R if d.mode == facts[kind]["token"]]
        assert sum(d.rate for d in own) == rate
    (r,) = [d for d in UL2R if d.mode == "[NLU]"]
    assert (r.mean_span, r.corruption) == (facts["R"]["mean_span"], facts["R"]["corruption"])
    x = [d for d in UL2R if d.mode == "[NLG]"]
    assert max(d.mean_span for d in x) == facts["X"]["mean_span"]
    assert max(d.corruption for d in x) == facts["X"]["corruption_max"]


def _mode_of(inputs):
    (mode,) = [mode for mode, ids in MODE_TOKENS.items() if tuple(inputs[: len(ids)]) == ids]
    return mode, inputs[len(MODE_TOKENS[mode]) :]


@pytest.mark.parametrize(("name", "denoisers"), [("ul2", UL2), ("ul2r", UL2R)])
def test_a_denoiser_says_its_mode_first_and_loses_nothing(name, denoisers):
    objective = _objective(name, 1024, 1024)
    document = 3 + np.arange(400, dtype=np.int32)
    modes = {}
    for key in _keys(600):
        inputs, targets = objective.apply(document, key)
        mode, rest = _mode_of(inputs)
        modes[mode] = modes.get(mode, 0) + 1
        if mode == "[S2S]":
            whole = [*rest[:-1], *targets[:-1]]
            if name == "ul2":
                assert len(targets) - 1 == 100  # a quarter
        else:
            whole, _ = _spelt_out(rest, targets)
        assert list(whole) == document.tolist()
    total = sum(d.rate for d in denoisers)
    for mode in MODES:
        share = sum(d.rate for d in denoisers if d.mode == mode) / total
        assert abs(modes[mode] / 600 - share) < 4 * (share * (1 - share) / 600) ** 0.5, mode


@pytest.mark.parametrize("place", range(6))
def test_a_denoisers_spans_have_its_rate_and_mean(place):
    """Alone in a mixture, so that its statistics are seen; the document is as long as its sentinels allow."""
    denoiser = UL2[place]
    objective = MixtureOfDenoisers(2048, 2048, VOCAB_SIZE, 100, (denoiser,), MODE_TOKENS)
    key = _keys(1)[0]
    num_tokens = int(objective.windows(np.array([key]))[0])
    assert num_tokens <= 100 * denoiser.mean_span / denoiser.corruption
    inputs, targets = objective.apply(_documents([num_tokens])[0], key)
    _, spans = _spelt_out(_mode_of(inputs)[1], targets)
    num_noise = sum(map(len, spans.values()))
    assert num_noise == pytest.approx(num_tokens * denoiser.corruption, abs=1)
    assert num_noise / len(spans) == pytest.approx(denoiser.mean_span, rel=0.1)
    assert len(spans) <= 100


def test_modes_are_the_text_in_the_vocabulary_and_only_where_needed():
    vocabulary = load_vocabulary(str(EMBEDDED_VOCAB))
    tokens = mode_tokens_of(vocabulary, [None, "ul2"])
    assert {mode: vocabulary.decode(ids).strip() for mode, ids in tokens.items()} == {mode: mode for mode in MODES}
    assert mode_tokens_of(vocabulary, [None, "span_corruption"]) == {}
    with pytest.raises(TaskError, match=r"needs the tokens of \[NLU\]"):
        make_objective("ul2", 100, 100, VOCAB_SIZE, 100)
    with pytest.raises(TaskError, match="no room for the mode"):
        _objective("ul2", 3, 100).lengths(np.array([10]), _keys(1))
