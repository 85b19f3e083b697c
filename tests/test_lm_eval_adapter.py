"""Our models under lm-eval's requests: the whole model's log-likelihoods, whatever shares a start with what."""

import functools
import importlib.util
import json
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flan_jax.cli.main import main
from flan_jax.core import assets
from flan_jax.core.errors import ConfigError
from flan_jax.core.vocabulary import EOS_ID, load_vocabulary
from flan_jax.evaluate import JaxLanguageModel
from flan_jax.evaluate.language_models.grid_batches import common_starts, generated_rows, option_width, scored_rows
from flan_jax.evaluate.lm_eval_adapter import LmEvalRequests, lm_eval_model, rolling_windows
from flan_jax.models import DecoderConfig, T5Config, decode_teacher_forced, encode, forward, init_params

VOCABULARY = load_vocabulary(str(assets.EMBEDDED_VOCAB))
HAS_LM_EVAL = importlib.util.find_spec("lm_eval") is not None
SHOTS = "Q: one and two?\nA: three\n\nQ: two and two?\nA: four\n\nQ: four and one?\nA: five\n\n" * 4
SMALL = dict(vocab_size=VOCABULARY.size, emb_dim=32, num_heads=2, head_dim=16, mlp_dim=48, dtype="float32")


@functools.cache
def weights(kind):
    if kind == "t5":
        config = T5Config(num_encoder_layers=1, num_decoder_layers=1, **SMALL)
    else:
        kinds = dict(attention="causal", start_id=None, prompt_end="nothing", embedding_init_std=0.3)
        config = DecoderConfig(num_layers=1, num_kv_heads=1, **kinds, **SMALL)
    return config, jax.jit(init_params, static_argnums=0)(config, jax.random.key(0))


def adapter(kind, inputs_length=256, **settings):
    config, params = weights(kind)
    return LmEvalRequests(
        JaxLanguageModel("small", config, params, VOCABULARY, inputs_length=inputs_length, batch_size=4), **settings
    )


def asked(*arguments):
    return [types.SimpleNamespace(args=args) for args in arguments]


PADDED = 256


def padded(tokens):
    return jnp.zeros((1, PADDED), jnp.int32).at[0, : len(tokens)].set(jnp.asarray(tokens, jnp.int32))


@functools.partial(jax.jit, static_argnums=0)
def t5_logits(config, params, inputs_1L, num_inputs, shifted_1T):
    mask_1L = jnp.arange(PADDED)[None] < num_inputs
    encoded = encode(config, params, inputs_1L, mask_1L.astype(jnp.int32))
    return decode_teacher_forced(config, params, encoded, mask_1L, shifted_1T)[0]


@functools.partial(jax.jit, static_argnums=0)
def causal_logits(config, params, row_1L, num_tokens):
    places_1L = jnp.arange(PADDED, dtype=jnp.int32)[None]
    segments_1L = (places_1L < num_tokens).astype(jnp.int32)
    batch = {"decoder_input_tokens": row_1L, "decoder_segment_ids": segments_1L, "decoder_positions": places_1L}
    return forward(config, params, batch)[0]


def whole_model(kind, prompt, continuation):
    """(nats, is greedy) of continuation tokens, from one pass without any cache."""
    config, params = weights(kind)
    if kind == "t5":
        logits_TV = t5_logits(config, params, padded(prompt), len(prompt), padded([0, *continuation[:-1]]))
    else:
        row = [*prompt, *continuation]
        logits_TV = causal_logits(config, params, padded(row), len(row))[len(prompt) - 1 :]
    log_probs_TV = np.asarray(jax.nn.log_softmax(logits_TV[: len(continuation)], axis=-1))
    nats = sum(float(log_probs_TV[t, token]) for t, token in enumerate(continuation))
    return nats, log_probs_TV.argmax(axis=1).tolist() == list(continuation)


def tokens_of(kind, context, continuation):
    if kind == "t5":
        return [*VOCABULARY.encode(context), EOS_ID], VOCABULARY.encode(continuation)
    head = VOCABULARY.encode(context)
    return head, VOCABULARY.encode(context + continuation)[len(head) :]


PAIRS = [
    (f"{SHOTS}Q: two and one?\nA:", " three"),
    (f"{SHOTS}Q: two and one?\nA:", " a longer answer"),
    (f"{SHOTS}Q: nine and a table?\nA:", " ten"),
    ("Another question", " yes"),
    ("Another question", " no"),
]


@pytest.mark.parametrize("kind", ["t5", "causal"])
def test_log_likelihoods_are_the_whole_models(kind):
    found = adapter(kind).loglikelihood(asked(*PAIRS))
    for pair, (nats, is_greedy) in zip(PAIRS, found, strict=True):
        expected = whole_model(kind, *tokens_of(kind, *pair))
        assert nats == pytest.approx(expected[0], abs=2e-4) and is_greedy == expected[1]
    assert type(found[0][0]) is float and type(found[0][1]) is bool


@pytest.mark.parametrize("kind", ["t5", "causal"])
def test_one_continuation_of_all_is_greedy(kind):
    prompt, _ = tokens_of(kind, *PAIRS[3])
    scores = adapter(kind)._score([(prompt, [token]) for token in range(3, VOCABULARY.size)])
    (greedy,) = [place for place, (_, is_greedy) in enumerate(scores) if is_greedy]
    assert scores[greedy][0] == max(nats for nats, _ in scores)


def test_a_context_gives_its_spaces_to_the_continuation():
    spaced, plain = adapter("causal").loglikelihood(asked(("Another question ", "yes"), ("Another question", " yes")))
    assert spaced == pytest.approx(plain)


def test_the_end_of_sequence_counts_where_asked():
    ((nats, _),) = adapter("t5", option_end="eos").loglikelihood(asked(PAIRS[3]))
    prompt, continuation = tokens_of("t5", *PAIRS[3])
    assert nats == pytest.approx(whole_model("t5", prompt, [*continuation, EOS_ID])[0], abs=2e-4)


@pytest.mark.parametrize("kind", ["t5", "causal"])
def test_rolling_log_likelihoods_predict_every_token_once(kind):
    text = "Q: one and two? A: three. " * 6
    tokens = VOCABULARY.encode(text)
    model = adapter(kind, inputs_length=16)
    (nats,) = model.loglikelihood_rolling(asked((text,)))
    windows = rolling_windows(tokens, [EOS_ID], 16)
    assert len(windows) > 1 and [t for _, predicted in windows for t in predicted] == tokens
    expected = sum(whole_model(kind, context, predicted)[0] for context, predicted in windows)
    assert nats == pytest.approx(expected, abs=2e-3)


def test_windows_have_lm_evals_example():
    # The drawing in lm_eval.api.model.LM.loglikelihood_rolling: ten tokens, windows of four.
    expected = [([99], [0, 1, 2, 3]), ([3], [4, 5, 6, 7]), ([5, 6, 7], [8, 9])]
    assert rolling_windows(range(10), [99], 4) == expected


def test_generations_end_before_their_stop_text_and_at_their_limit():
    model = adapter("causal")
    context = f"{SHOTS}Q: two and one?\nA:"
    (whole,) = model.generate_until(asked((context, {"max_gen_toks": 12})))
    stop = whole[3:6]
    cut, short = model.generate_until(
        asked((context, {"max_gen_toks": 12, "until": [stop]}), (context, {"max_tokens": 2}))
    )
    assert cut == whole[: whole.index(stop)]
    assert whole.startswith(short) and len(short) < len(whole)


def test_samples_are_functions_of_seed_prompt_and_repeat():
    settings = {"do_sample": True, "temperature": 1.0, "top_p": 0.9, "top_k": 50, "max_gen_toks": 8}
    twice = asked(("One", settings), ("One", settings))
    first, second = adapter("causal").generate_until(twice)
    assert first != second
    assert adapter("causal").generate_until([*asked(("Two", settings)), *twice])[1:] == [first, second]
    assert adapter("causal", seed=1).generate_until(twice) != [first, second]


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"num_beams": 4}, ["num_beams", "take it out"]), ({"do_sample": True}, ["temperature", "do_sample to false"])],
)
def test_settings_that_cannot_be_kept_are_refused(settings, words):
    with pytest.raises(ConfigError) as error:
        adapter("causal").generate_until(asked(("One", settings)))
    assert all(word in str(error.value) for word in words)


def test_prompts_that_lose_their_start_are_counted():
    model = adapter("causal", inputs_length=16)
    model.loglikelihood(asked(*PAIRS))
    assert model.num_trimmed == 2  # prompts, not continuations


def test_common_starts_part_what_belongs_apart():
    rows = ["alphabet soup: one", "alphabet soup: two", "beta", "alphabet noodles: three", "alphabet noodles: four", ""]
    starts = [row[:n] for row, n in zip(rows, common_starts(rows), strict=True)]
    assert starts == [*["alphabet soup: "] * 2, "", *["alphabet noodles: "] * 2, ""]
    assert common_starts(["same", "same"]) == [3, 3] and common_starts([]) == []


@pytest.mark.skipif(HAS_LM_EVAL, reason="lm_eval is installed")
def test_without_lm_eval_the_remedy_is_told(capsys):
    with pytest.raises(ConfigError, match="pip install"):
        lm_eval_model(adapter("causal").model)
    assert main(["lm-eval", "--checkpoint", "embedded:lm_adapted", "--tasks", "piqa"]) == 2
    assert "flan_jax[lm_eval]" in capsys.readouterr().err


@pytest.mark.skipif(not HAS_LM_EVAL, reason="lm_eval is not installed: pip install 'flan_jax[lm_eval]'")
@pytest.mark.filterwarnings("ignore")
def test_a_task_of_lm_eval_runs(tmp_path, capsys):
    rows = [{"question": f"{n} and {n}?", "choices": ["yes", "no"], "answer": n % 2} for n in range(3)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {
        "task": "our_own",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(tmp_path / "rows.jsonl")}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{question}}",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "{{answer}}",
        "metric_list": [{"metric": "acc"}],
    }
    (tmp_path / "our_own.yaml").write_text(json.dumps(task))  # JSON is YAML
    arguments = ["--tasks", "our_own", "--include_path", str(tmp_path), "--out", str(tmp_path / "out.json")]
    assert main(["lm-eval", "--checkpoint", "embedded:lm_adapted", *arguments]) == 0
    assert "our_own" in capsys.readouterr().out
    samples = json.loads((tmp_path / "out.json").read_text())["samples"]["our_own"]
    assert len(samples) == 3 and all(len(sample["resps"]) == 2 for sample in samples)


def test_few_shapes_serve_all_lengths_and_numbers():
    assert {option_width(n) for n in range(1, 65)} == {1, 4, 16, 64}
    assert all(option_width(n) >= n and option_width(option_width(n)) == option_width(n) for n in range(1, 3000))
    for multiple in (1, 2, 8):
        rows = [scored_rows(n, 32, multiple) for n in range(1, 100)]
        assert set(rows) <= {multiple * 4**k for k in range(4)} and max(rows) <= 32
        assert all(generated_rows(n, 32, multiple) >= min(n, 32) for n in range(1, 100))
