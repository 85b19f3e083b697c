"""What ends a generation, in the form in which a model can write it.

Few-shot prompts invite a model to go on with another question, so formats name texts before which a generation is cut,
such as "\\n\\nQ:". A vocabulary without line breaks (T5's) writes " Q:" for that, and nothing for "\\n\\n": there the
words with which another question begins in the prompt's layout are what is left to cut at.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence

from flan_jax.core.vocabulary import Vocabulary
from flan_jax.decode.text import cut_at_stop
from flan_jax.evaluate.language_models.requests import Generated, LanguageModel

# "Q:", "Question:", "Step-by-Step Answer:": what a text begins with, up to a colon of any script.
_LABEL = re.compile(r"\s*([^\s:\uff1a][^\n:\uff1a]{0,30}[:\uff1a])")

__all__ = ["NO_STOP", "StopTexts", "fit_stop_texts"]


@dataclasses.dataclass(frozen=True)
class StopTexts:
    """What ends the generations of a format.

    Attributes:
      texts: what the model is asked to stop at.
      written: a stop text of the format -> what stands for it, where that is another: "" for nothing.
      openings: how another question begins in the prompts' layout.
      is_known: whether the model says what its vocabulary writes.
    """

    texts: tuple[str, ...] = ()
    written: Mapping[str, str] = dataclasses.field(default_factory=dict)
    openings: tuple[str, ...] = ()
    is_known: bool = True

    @property
    def note(self) -> str:
        """For whoever reads the results: how the stop texts are matched; empty where they are as they were given."""
        forms = [f"{text!r} as {form!r}" for text, form in self.written.items() if form]
        lost = [repr(text) for text, form in self.written.items() if not form]
        said = [f"matches {', '.join(forms)}"] if forms else []
        if lost:
            instead = ", ".join(repr(f" {opening}") for opening in self.openings)
            instead = f"cuts where another question begins ({instead}) instead" if instead else "cuts nowhere for it"
            said.append(f"cannot write {', '.join(lost)}, and {instead}")
        return "; ".join(said)

    def cut(self, output: Generated) -> Generated:
        """`output` as a model that cannot write line breaks, and does not say so, should have ended it."""
        # A text with a line break was written by a model that has them, and was cut by it.
        if self.is_known or "\n" in output.text or not any("\n" in text for text in self.texts):
            return output
        forms = [form for text in self.texts if (form := " ".join(f"a{text}".split())[1:])]
        forms += [f" {opening}" for opening in self.openings]
        text, is_cut = cut_at_stop(output.text, forms)
        return dataclasses.replace(output, text=text, is_finished=True) if is_cut else output


NO_STOP = StopTexts()


def fit_stop_texts(model: LanguageModel, stop: Sequence[str], layouts: Iterable[Sequence[str]]) -> StopTexts:
    """A format's stop texts for one model.

    Args:
      model: says by its `vocabulary`, where it has one, what it can write.
      stop: the format's.
      layouts: of each subtask the texts of its questions and exemplars, which begin as another question would.
    """
    vocabulary: Vocabulary | None = getattr(model, "vocabulary", None)
    if not stop:
        return NO_STOP
    openings = tuple(dict.fromkeys(label for texts in layouts if (label := _label_of(texts))))
    if vocabulary is None:
        return StopTexts(tuple(stop), {}, openings, is_known=False)
    written = {text: vocabulary.written_inside(text) for text in stop}
    forms = [form for form in written.values() if form]
    changed = {text: form for text, form in written.items() if form != text}
    if "" not in changed.values():
        return StopTexts(tuple(dict.fromkeys(forms)), changed)
    openings = tuple(label for label in openings if vocabulary.written_inside(f" {label}"))
    forms += [vocabulary.written_inside(f" {label}") for label in openings]
    return StopTexts(tuple(dict.fromkeys(forms)), changed, openings)


def _label_of(texts: Sequence[str]) -> str:
    """What all the texts begin with, up to a colon; "" where they begin differently."""
    labels = {found[1] if (found := _LABEL.match(text)) else "" for text in texts}
    return labels.pop() if len(labels) == 1 else ""
