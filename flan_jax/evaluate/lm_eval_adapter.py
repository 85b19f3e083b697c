"""Our checkpoints for EleutherAI's lm-evaluation-harness (0.4.13): any of its tasks, asked through our batches.

    model = lm_eval_model(JaxLanguageModel(…))
    lm_eval.simple_evaluate(model=model, tasks=["arc_easy"])

`flan-jax lm-eval` does this for a checkpoint. The package lm_eval is imported when a model is made, nowhere else; it
needs no torch.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

from flan_jax.core.errors import ConfigError
from flan_jax.declare.benchmark import SampleSettings
from flan_jax.evaluate.language_models.grid_batches import common_starts, option_width
from flan_jax.evaluate.language_models.jax_model import JaxLanguageModel
from flan_jax.evaluate.language_models.requests import GenerateRequest

DEFAULT_MAX_TOKENS = 256  # lm-eval's
INSTALL = "lm_eval is not installed: pip install 'flan_jax[lm_eval]'"
# Names that tasks use for the most tokens of a generation, the first that is there counts, as in lm-eval.
_MAX_TOKENS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
_KNOWN = {"until", "do_sample", "temperature", "top_k", "top_p", *_MAX_TOKENS}
_LOGGER = logging.getLogger(__name__)

__all__ = ["LmEvalRequests", "lm_eval_model", "rolling_windows"]


class _Instance(Protocol):
    """What is read of an `lm_eval.api.instance.Instance`."""

    @property
    def args(self) -> tuple[Any, ...]: ...


class LmEvalRequests:
    """The three kinds of requests that lm-eval has, answered by one of our models. Its base class is added by
    `lm_eval_model`.

    A causal decoder reads what prompts have in common once; no prompt is read twice for several continuations. Samples
    are functions of `seed`, the prompt, its settings and the number of equal requests before it.
    """

    def __init__(self, model: JaxLanguageModel, option_end: Literal["open", "eos"] = "open", seed: int = 0):
        """
        Args:
          model: a checkpoint of ours.
          option_end: "open" scores a continuation's own tokens, as lm-eval does; "eos" the end of sequence after it
            too, which is what a T5 was finetuned to say.
          seed: of samples.
        """
        super().__init__()
        self.model, self.option_end, self.seed = model, option_end, seed
        self.num_trimmed = 0
        self.lost_stop_texts: set[str] = set()  # that the vocabulary cannot write, so that they end nothing

    @property
    def tokenizer_name(self) -> str:
        """For lm-eval's caches of rendered requests."""
        vocabulary = self.model.vocabulary
        return f"{vocabulary.path.name}-{vocabulary.fingerprint[:12]}"

    def chat_template(self, chat_template: bool | str = False) -> str:
        """The vocabulary's template; "" where it has none."""
        del chat_template
        return getattr(self.model.vocabulary, "chat_template", None) or ""

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """A conversation as a chat model reads it. Raises `ConfigError` where the vocabulary has no template."""
        return self.model.vocabulary.render_chat(chat_history, add_generation_prompt)

    def loglikelihood(self, requests: Sequence[_Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """(nats of the continuation, whether it is what greedy decoding gives) of each (context, continuation)."""
        del disable_tqdm
        return self._score([self._pair(*request.args) for request in requests])

    def loglikelihood_rolling(self, requests: Sequence[_Instance], disable_tqdm: bool = False) -> list[float]:
        """Nats of each whole text: in windows as long as the model's input, each token predicted once."""
        del disable_tqdm
        texts = self.model.vocabulary.encode_batch([request.args[0] for request in requests])
        windows = [rolling_windows(tokens, self._empty_prompt(), self._longest_window()) for tokens in texts]
        scores = iter(self._score([pair for of_text in windows for pair in of_text]))
        return [math.fsum(next(scores)[0] for _ in of_text) for of_text in windows]

    def generate_until(self, requests: Sequence[_Instance], disable_tqdm: bool = False) -> list[str]:
        """The text that follows each (context, settings), before the first of the settings' stop texts.

        Raises `ConfigError` for a setting that is not known here, rather than to ignore it.
        """
        del disable_tqdm
        contexts = [request.args[0] for request in requests]
        starts = common_starts(contexts)
        num_seen: dict[str, int] = {}
        asked = []
        for (context, settings), start in zip((request.args for request in requests), starts, strict=True):
            identity = json.dumps([self.seed, context, settings], sort_keys=True)
            repeat = num_seen[identity] = num_seen.get(identity, -1) + 1
            # 31 bits: seeds are row numbers in int32.
            seed = int.from_bytes(hashlib.sha256(f"{identity}/{repeat}".encode()).digest()[:4], "big") >> 1
            asked.append(_generate_request(context[:start], context[start:], settings, seed))
        stop_texts = {text for one in asked for text in one.stop}
        self.lost_stop_texts |= {text for text in stop_texts if not self.model.vocabulary.written_inside(text)}
        lengths = self.model.count_tokens(contexts)
        self._count_trimmed(zip(lengths, (self.model.longest_prompt(one.max_tokens) for one in asked), strict=True))
        texts = {position: outputs[0].text for position, outputs in self.model.generate(asked)}
        return [texts[i] for i in range(len(asked))]

    def _score(self, pairs: Sequence[tuple[list[int], list[int]]]) -> list[tuple[float, bool]]:
        """Of (prompt, continuation) in tokens: those of one prompt are scored together."""
        places: dict[tuple[int, ...], list[int]] = {}
        for place, (prompt, _) in enumerate(pairs):
            places.setdefault(tuple(prompt), []).append(place)
        prompts = [list(prompt) for prompt in places]
        options = [[pairs[place][1] for place in of_prompt] for of_prompt in places.values()]
        self._count_trimmed(
            (len(prompt), self.model.longest_prompt(option_width(max(map(len, answers)))))
            for prompt, answers in zip(prompts, options, strict=True)
        )
        found: dict[int, tuple[float, bool]] = {}
        all_places = list(places.values())
        for position, scored in self.model.score_tokens(prompts, options):
            for place, score in zip(all_places[position], scored, strict=True):
                found[place] = (score.log_prob, score.is_greedy)
        return [found[place] for place in range(len(pairs))]

    def _pair(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        """Context and continuation in tokens, cut as lm-eval cuts them: spaces at the context's end belong to the
        continuation, and a decoder's tokens are those of the whole text."""
        vocabulary = self.model.vocabulary
        end = [vocabulary.eos_id] if self.option_end == "eos" else []
        if context == "":
            prompt, tokens = self._empty_prompt(), vocabulary.encode(continuation)
        else:
            stripped = context.rstrip()
            continuation, context = context[len(stripped) :] + continuation, stripped
            (prompt,) = self.model.encode_prompts([context])
            if not self.model.config.has_encoder:
                head, whole = vocabulary.encode_batch([context, context + continuation])
                tokens = whole[len(head) :]
            else:
                tokens = vocabulary.encode(continuation)
        if not tokens and not end:
            raise ConfigError(
                f"continuation {continuation!r} adds no token to its context in {vocabulary.path}: change the task's "
                f"options, or score with option_end 'eos'"
            )
        return prompt, [*tokens, *end]

    def _empty_prompt(self) -> list[int]:
        """What stands for no context, as in lm-eval: a decoder's BOS where it has one, else the end of sequence."""
        vocabulary = self.model.vocabulary
        if not self.model.config.has_encoder and vocabulary.bos_id is not None:
            return [vocabulary.bos_id]
        return [vocabulary.eos_id]

    def _longest_window(self) -> int:
        """Tokens predicted at once: of a decoder the largest padded width that leaves room for a context."""
        room = self.model.config.most_prompt_tokens(1)
        if room is None:
            return self.model.inputs_length
        longest = min(self.model.inputs_length, room)
        return max(n for n in range(1, longest + 1) if option_width(n) == n)

    def _count_trimmed(self, lengths: Iterable[tuple[int, int]]) -> None:
        too_long = [length for length, longest in lengths if length > longest]
        self.num_trimmed += len(too_long)
        if too_long:
            _LOGGER.warning(
                "%d prompts lost their start: the longest has %d tokens; give a longer --inputs_length or fewer shots",
                len(too_long),
                max(too_long),
            )


def rolling_windows(tokens: Sequence[int], first: Sequence[int], longest: int) -> list[tuple[list[int], list[int]]]:
    """(context, what is predicted after it) that cover `tokens` once, at most `longest` predicted at a time.

    The first window follows `first`; each other one the last token of the window before it, but for the last: it is
    shorter, and its context takes up the room.
    """
    windows = []
    for start in range(0, len(tokens), longest):
        predicted = list(tokens[start : start + longest])
        context = list(tokens[max(0, start - (longest - len(predicted)) - 1) : start]) if start else list(first)
        windows.append((context, predicted))
    return windows


def lm_eval_model(
    model: JaxLanguageModel, option_end: Literal["open", "eos"] = "open", seed: int = 0
) -> LmEvalRequests:
    """An `lm_eval.api.model.LM`, for `lm_eval.simple_evaluate(model=…)`; arguments as `LmEvalRequests`.

    Raises `ConfigError` where lm_eval is not installed.
    """
    try:
        from lm_eval.api.model import LM
    except ImportError as error:
        raise ConfigError(INSTALL) from error

    class FlanJaxModel(LmEvalRequests, LM):
        """Our requests under lm-eval's base class."""

    return FlanJaxModel(model, option_end, seed)


def _generate_request(prefix: str, query: str, settings: Mapping[str, Any], seed: int) -> GenerateRequest:
    if unknown := sorted(set(settings) - _KNOWN):
        raise ConfigError(
            f"the task's generation_kwargs have {', '.join(unknown)}, which is not known here: take it out; known are "
            f"{', '.join(sorted(_KNOWN))}"
        )
    until = settings.get("until") or ()
    max_tokens = next((settings[name] for name in _MAX_TOKENS if settings.get(name) is not None), DEFAULT_MAX_TOKENS)
    temperature = float(settings.get("temperature") or 0.0)
    is_sampled = settings.get("do_sample")
    sampling = None
    if temperature > 0.0 if is_sampled is None else is_sampled:
        if temperature == 0.0:
            raise ConfigError("do_sample without a temperature above 0: give one, or set do_sample to false")
        sampling = SampleSettings(1, temperature, int(settings.get("top_k") or 0), float(settings.get("top_p") or 1.0))
    return GenerateRequest(
        prefix=prefix,
        query=query,
        max_tokens=int(max_tokens),
        stop=(until,) if isinstance(until, str) else tuple(text for text in until if text),
        sampling=sampling,
        seed=seed,
    )
