"""A loaded model that generates, scores and chats: what `fj.load` returns and `flan-jax infer` asks."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, overload

from flan_jax.checkpoints.load import LoadedModel
from flan_jax.core.errors import ConfigError, counted
from flan_jax.core.settings import AtLeast, BatchSize, Count, Natural, Seed, Tokens
from flan_jax.decode.methods import GREEDY, Method, Samples, Share, check_seed, choose_method
from flan_jax.decode.text import UNKNOWN, TextGeneration, generate_texts, prompt_tokens, score_texts
from flan_jax.workflows.arguments import as_texts, check_characters, in_words_of

LONGEST_PROMPT = 2048  # tokens
Temperature = Annotated[float, AtLeast(0), "such as 0.7; 0 is greedy"]
_SPELT = {"num_samples": "samples", "num_beams": "beams"}

__all__ = ["Model", "trimmed_line"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Model(LoadedModel):
    """A model that generates, scores and chats: what `load` returns.

    Attributes:
      config: what the model is, such as a `T5Config`.
      params: nested dict of float32 arrays.
      vocabulary: the one it was trained with; `vocabulary.encode(text)` gives token ids.
      source: the folder that it was found in, its step, and what that folder says of it.
      is_temporary: whether that folder goes when the model is no longer used, as that of imported weights does.
    """

    is_temporary: bool = False

    @overload
    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int = ...,
        temperature: float | None = ...,
        top_k: int | None = ...,
        top_p: float | None = ...,
        beams: int | None = ...,
        samples: None = ...,
        stop: str | Sequence[str] = ...,
        seed: int | None = ...,
        batch_size: int = ...,
    ) -> list[str]: ...

    @overload
    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int = ...,
        temperature: float | None = ...,
        top_k: int | None = ...,
        top_p: float | None = ...,
        beams: int | None = ...,
        samples: int,
        stop: str | Sequence[str] = ...,
        seed: int | None = ...,
        batch_size: int = ...,
    ) -> list[list[str]]: ...

    @in_words_of({})
    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: Tokens = 128,
        temperature: Temperature | None = None,
        top_k: Count | None = None,
        top_p: Share | None = None,
        beams: Samples | None = None,
        samples: Samples | None = None,
        stop: str | Sequence[str] = (),
        seed: Seed | None = None,
        batch_size: BatchSize = 8,
    ) -> list[str] | list[list[str]]:
        """One text a prompt, or with `samples` a list of so many texts a prompt.

        Greedy unless one of `temperature`, `top_k`, `top_p` and `samples` is given, which sample, or `beams`. A row's
        text depends neither on its batch mates nor on `batch_size`.

        Args:
          prompts: texts, as the model was trained to read them. One that is longer than the model reads loses its end,
            with a warning.
          max_tokens: most tokens of a text, its end included; 128 by default.
          temperature: what logits are divided by; 1 by default, 0 is greedy.
          top_k: draw from the k likeliest tokens; from all by default.
          top_p: draw from the likeliest tokens whose probabilities sum to p; 1 by default.
          beams: beam search with so many beams, by T5X's rule; the best one is returned.
          samples: texts a prompt; by default one, and no list of it.
          stop: a text, or several, before the first of which a generation is cut.
          seed: of the draws, where there are any; 0 by default.
          batch_size: prompts at once; 8 by default.

        Raises `ConfigError` for options that do not go together or out of range, and a seed where nothing is drawn.

        >>> model = fj.load("embedded:lm_adapted")
        >>> len(model.generate(["Who has the red box?", "Say it twice: blue."], max_tokens=8))
        2
        >>> [len(texts) for texts in model.generate(["Say red."], max_tokens=4, samples=3, temperature=0.7, seed=1)]
        [3]
        """
        prompts = as_texts("prompts", prompts)
        method = choose_method(
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            num_samples=samples,
            num_beams=beams,
            spell=lambda name: _SPELT.get(name, name),
        )
        found: list[list[str]] = [[] for _ in prompts]
        generations = self.generations(
            prompts, max_tokens=max_tokens, method=method, stop=stop, seed=seed, batch_size=batch_size
        )
        num_trimmed = num_unknown = 0
        for generation in generations:
            num_unknown += generation.has_unknown and generation.sample == 0
            found[generation.number].append(generation.text)
            num_trimmed += generation.is_trimmed and generation.sample == 0
        _warn_of_trimmed(num_trimmed, self.longest_prompt(max_tokens))
        _warn_of_unknown(num_unknown, "prompt")
        return [texts[0] for texts in found] if samples is None else found

    @in_words_of({})
    def generations(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: Tokens = 128,
        method: Method = GREEDY,
        stop: str | Sequence[str] = (),
        seed: Seed | None = None,
        inputs_length: Tokens | None = None,
        batch_size: BatchSize = 8,
        first_number: Natural = 0,
    ) -> Iterator[TextGeneration]:
        """`generate` with everything that is known of each text, as soon as its batch is done: all beams or samples of
        a prompt together, with log-probabilities and lengths. `flan-jax infer --json` prints these.

        Args:
          prompts: texts, as the model was trained to read them.
          max_tokens: most tokens of a text, its end included; 128 by default.
          method: `decode.Greedy()`, `Sampling(…)` or `BeamSearch(…)`.
          stop: a text, or several, before the first of which a generation is cut.
          seed: of the draws, where there are any; 0 by default.
          inputs_length: most tokens of a prompt; by default 2,048, or what a decoder has positions for.
          batch_size: prompts at once; 8 by default.
          first_number: of the first prompt, of which its samples are a function; 0 by default.

        Raises `ConfigError` for sizes below 1, an empty stop text, and one that the vocabulary cannot write.

        >>> from flan_jax.decode import BeamSearch
        >>> best, *others = model.generations(["Say red."], max_tokens=4, method=BeamSearch(num_beams=2))
        >>> all(best.score >= other.score for other in others), best.num_tokens <= 4
        (True, True)
        """
        check_seed(seed, method)
        prompts = as_texts("prompts", prompts)
        stop_texts = as_texts("stop", (stop,) if isinstance(stop, str) else stop)
        if not all(stop_texts):
            raise ConfigError("stop is empty, which every text begins with: give some text")
        for text in stop_texts:
            if not self.vocabulary.written_inside(text):
                raise ConfigError(
                    f"stop text {text!r} is none that {self.vocabulary.path} can write, so it would end nothing: leave "
                    f"it out, or give one without line breaks and unknown characters"
                )
        inputs_length = self.longest_prompt(max_tokens) if inputs_length is None else inputs_length
        return generate_texts(
            self.config,
            self.params,
            self.vocabulary,
            prompts,
            inputs_length=inputs_length,
            max_decode_len=max_tokens,
            batch_size=min(batch_size, max(1, len(prompts))),
            method=method,
            stop_texts=stop_texts,
            seed=0 if seed is None else seed,
            first_row_id=first_number,
        )

    @in_words_of({})
    def score(self, prompt: str, options: Sequence[str], *, ends: bool = True) -> list[float]:
        """log P(option | prompt) of each option, in nats.

        Args:
          prompt: the text that the options answer.
          options: the answers, at least one.
          ends: whether the probability that the answer ends there counts too, as it does for a model that was
            finetuned; True by default. False scores a continuation, as lm-evaluation-harness does.

        Raises `ConfigError` for no option, one without a token, or a text in place of the list.

        >>> [score < 0.0 for score in model.score("Is the box red? yes or no?", ["yes", "no"])]
        [True, True]
        """
        if not isinstance(prompt, str):
            raise ConfigError(f"prompt is {prompt!r:.80}: give one text, which the options answer")
        check_characters("prompt", prompt)
        options = as_texts("options", options)
        asked, *answers = self.vocabulary.encode_batch([prompt, *options])
        if ends and (empty := [option for option, ids in zip(options, answers, strict=True) if not len(ids)]):
            raise ConfigError(f"options has {empty[0]!r}, of no token, whose end alone would be scored: leave it out")
        _warn_of_unknown(sum(self.vocabulary.count_unknown(ids) > 0 for ids in (asked, *answers)), "text")
        longest = self.longest_prompt(max((len(ids) + 1 for ids in answers), default=1))
        _warn_of_trimmed(len(prompt_tokens(self.config, self.vocabulary, [prompt])[0]) > longest, longest)
        return score_texts(
            self.config, self.params, self.vocabulary, prompt, options, inputs_length=longest, ends_in_eos=ends
        )

    @in_words_of({})
    def chat(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        max_tokens: Tokens = 256,
        temperature: Temperature | None = None,
        top_k: Count | None = None,
        top_p: Share | None = None,
        stop: str | Sequence[str] = (),
        seed: Seed | None = None,
    ) -> str:
        """The answer to a conversation, put into the model's own chat template.

        Args:
          messages: what was said, in order: `{"role": "user", "content": "…"}`; other roles are "system" and
            "assistant".
          max_tokens: most tokens of the answer, its end included; 256 by default.
          temperature: as in `generate`, as are those below: greedy without any of them.
          top_k: draw from the k likeliest tokens.
          top_p: draw from the likeliest tokens whose probabilities sum to p.
          stop: a text, or several, before the first of which the answer is cut.
          seed: of the draws, where there are any; 0 by default.

        Raises `ConfigError` for a vocabulary without a chat template, as those of plain T5 models are.

        >>> model.chat([{"role": "user", "content": "Hello"}])
        Traceback (most recent call last):
        flan_jax.core.errors.ConfigError: ... has no chat template: give the prompt as the model expects it
        """
        if not isinstance(messages, Sequence) or not all(map(_is_message, messages)):
            raise ConfigError(
                f"messages is {messages!r:.80}: give a list of what was said, as in {{'role': 'user', 'content': 'Hi'}}"
            )
        as_texts("messages", [message["content"] for message in messages])
        prompt = self.vocabulary.render_chat(messages)
        (answer,) = self.generate(
            [prompt], max_tokens=max_tokens, temperature=temperature, top_k=top_k, top_p=top_p, stop=stop, seed=seed
        )
        return answer

    def longest_prompt(self, num_new_tokens: int) -> int:
        """Tokens of a prompt that leave a decoder the positions for `num_new_tokens` more. Raises `ConfigError` where
        there are none."""
        room = self.config.most_prompt_tokens(num_new_tokens)
        if room is None:
            return LONGEST_PROMPT
        if room < 1:
            raise ConfigError(
                f"{num_new_tokens:,} new tokens leave no room for a prompt, as the model has "
                f"{room + num_new_tokens:,} positions: ask for fewer"
            )
        return min(LONGEST_PROMPT, room)


def _is_message(message: object) -> bool:
    return isinstance(message, Mapping) and all(isinstance(message.get(key), str) for key in ("role", "content"))


def _warn_of_unknown(number: int, what: str) -> None:
    if number:
        warnings.warn(f"{counted(number, what)} {UNKNOWN}", stacklevel=4)  # past `in_words_of`


def trimmed_line(num_prompts: int, longest: int) -> str:
    """What is said of prompts that were cut.

    Args:
      num_prompts: how many.
      longest: tokens that one may have.
    """
    return f"{counted(num_prompts, 'prompt')} of more than {longest:,} tokens lost their end"


def _warn_of_trimmed(num_prompts: int, longest: int) -> None:
    if num_prompts:
        warnings.warn(trimmed_line(num_prompts, longest), stacklevel=4)  # past `in_words_of`
