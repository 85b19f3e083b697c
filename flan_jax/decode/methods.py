"""How to choose tokens, and when to stop: frozen, hashable, so that `generate` compiles once for each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Annotated, Any, Literal

from flan_jax.core.errors import ConfigError
from flan_jax.core.settings import Above, AtLeast, AtMost, Count, Positive, SlipAbove, settle
from flan_jax.core.vocabulary import EOS_ID

BeamRule = Literal["t5x", "transformers"]
# Each is a row of its own on the device.
Samples = Annotated[int, AtLeast(1), SlipAbove(2**20)]
Alpha = Annotated[float, AtLeast(0), SlipAbove(1000), "such as 0.6"]
Share = Annotated[float, Above(0), AtMost(1), "such as 0.95; 1 keeps all"]

__all__ = [
    "AT_EOS",
    "GREEDY",
    "Alpha",
    "BeamRule",
    "BeamSearch",
    "Greedy",
    "Method",
    "Samples",
    "Sampling",
    "Share",
    "Stop",
    "check_seed",
    "choose_method",
]


@dataclasses.dataclass(frozen=True)
class Greedy:
    """The likeliest token at every step; of equally likely ones the one of the lowest id."""

    @property
    def num_outputs(self) -> int:
        """Generations a prompt."""
        return 1


@dataclasses.dataclass(frozen=True)
class Sampling:
    """Independent draws from softmax(logits / temperature), truncated to the `top_k` likeliest tokens, then to the
    smallest set of likeliest tokens whose renormalised probabilities sum to at least `top_p` (Holtzman et al. 2020).

    Tokens that tie with the last one kept are kept too, as in transformers. Log-probabilities that are reported are
    the model's own, at temperature 1 and untruncated, so that samples of any settings can be ranked by them.

    Attributes:
      temperature: above 0; use `Greedy` for 0.
      top_k: at least 1, or None for all tokens.
      top_p: in (0, 1]; 1.0 for all tokens.
      num_samples: draws a prompt.
    """

    temperature: Annotated[Positive, "such as 0.7, or decode greedily"] = 1.0
    top_k: Annotated[Count, "which keeps all tokens"] | None = None
    top_p: Share = 1.0
    num_samples: Samples = 1

    def __post_init__(self) -> None:
        settle(self)

    @property
    def num_outputs(self) -> int:
        """Generations a prompt."""
        return self.num_samples


@dataclasses.dataclass(frozen=True)
class BeamSearch:
    """The `num_beams` best sequences found by beam search, best first.

    A sequence's score is its log-probability divided by a penalty of its length n, its end included. Two published
    rules differ, and each is kept exactly:

    - "t5x" (`t5x.decoding.beam_search`): penalty ((5 + n) / 6) ** alpha (Wu et al. 2016, equation 14). Any of the
      2 * num_beams best continuations may end. The search stops when no open beam can still enter the finished ones.
      Sequences cut at the length limit are returned only where none ended, and then score their log-probability.
    - "transformers" (`generate(num_beams=…, length_penalty=alpha, early_stopping=False)`): penalty n ** alpha. Only the
      num_beams best continuations may end. The search stops when the best open beam, penalised at its present length,
      is no better than the worst of num_beams finished ones. Sequences cut at the limit compete with finished ones.

    The rules return the same tokens where no continuation ends before the limit, whatever alpha.

    Attributes:
      num_beams: at least 1.
      alpha: at least 0; 0 ranks by log-probability. 0.6 is T5's; transformers' own default is 1.0.
      rule: which of the two.
    """

    num_beams: Samples = 4
    alpha: Alpha = 0.6
    rule: BeamRule = "t5x"

    def __post_init__(self) -> None:
        settle(self)

    @property
    def num_outputs(self) -> int:
        """Generations a prompt."""
        return self.num_beams


Method = Greedy | Sampling | BeamSearch


@dataclasses.dataclass(frozen=True)
class Stop:
    """What ends a row before its limit; it is part of the generated tokens.

    Attributes:
      eos_ids: token ids that each end a sequence.
      sequences: token ids that end it when they have been generated in a row, such as a newline before "Q:".
    """

    eos_ids: tuple[int, ...] = (EOS_ID,)
    sequences: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "eos_ids", tuple(int(token) for token in self.eos_ids))
        sequences = tuple(tuple(int(token) for token in sequence) for sequence in self.sequences)
        object.__setattr__(self, "sequences", sequences)
        if not all(sequences):
            raise ConfigError("a stop sequence holds no token, which would stop before the first one: leave it out")

    @property
    def longest(self) -> int:
        """Tokens that must be remembered to see a stop sequence end."""
        return max((len(sequence) for sequence in self.sequences), default=0)


GREEDY = Greedy()
AT_EOS = Stop()


def choose_method(
    *,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    num_samples: int | None = None,
    num_beams: int | None = None,
    alpha: float | None = None,
    beam_rule: BeamRule | None = None,
    spell: Callable[[str], str] = str,
) -> Method:
    """The method that a user's options say: any of the first four samples, any of the next three searches with beams,
    none of them is greedy. None stands for an option that was not given.

    Args:
      temperature: what logits are divided by; 0 is greedy. 1 by default.
      top_k: likeliest tokens to draw from; all by default.
      top_p: probability that the tokens to draw from sum to; 1 by default.
      num_samples: draws a prompt; 1 by default.
      num_beams: beams.
      alpha: length penalty's exponent; 0.6 by default.
      beam_rule: penalty and stopping as in "t5x" (the default) or "transformers".
      spell: an option's name here -> what the user calls it, for messages.

    Raises `ConfigError` for options that do not go together.
    """
    sampling = _given(temperature=temperature, top_k=top_k, top_p=top_p, num_samples=num_samples)
    beams = _given(num_beams=num_beams, alpha=alpha, beam_rule=beam_rule)
    if beams:
        first = spell(next(iter(beams)))
        if sampling:
            raise ConfigError(
                f"{spell(next(iter(sampling)))} samples and {first} searches with beams: use one or the other"
            )
        if num_beams is None:
            raise ConfigError(f"{first} without {spell('num_beams')} has no effect: give the number of beams")
        given = {"rule" if name == "beam_rule" else name: value for name, value in beams.items()}
        return _made(BeamSearch, given, spell)
    if temperature == 0.0 and not isinstance(temperature, bool):
        if others := [name for name in sampling if name != "temperature"]:
            raise ConfigError(
                f"{spell('temperature')} 0 is greedy, so that {spell(others[0])} has no effect: leave one of them out"
            )
        return Greedy()
    return _made(Sampling, sampling, spell) if sampling else Greedy()


def check_seed(seed: int | None, method: Method, name: str = "seed") -> None:
    """Raises `ConfigError` for a seed where nothing is drawn.

    Args:
      seed: as given; None where it was not.
      method: how tokens are chosen.
      name: what the user calls the seed.
    """
    if seed is not None and not isinstance(method, Sampling):
        how = "decoding is greedy" if isinstance(method, Greedy) else "beams draw none"
        raise ConfigError(f"{name} {seed} is of samples, and {how}: leave it out, or sample, as at temperature 0.7")


def _made(kind: type[Sampling | BeamSearch], options: dict[str, Any], spell: Callable[[str], str]) -> Method:
    try:
        return kind(**options)
    except ConfigError as error:
        own = {name: spell("beam_rule" if name == "rule" else name) for name in options}
        raise error.renamed({f"{kind.__name__}.{name}": called for name, called in own.items()}) from None


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
