"""What a generation answers: pure functions from text to an answer in canonical form, or None where there is none.

An answer of None is scored wrong and counted, and has no vote. Canonical forms make equal answers equal strings, for
scoring and for votes: a letter "B", a number "1234.5", "yes", "05/01/2021". There is one extractor of each kind that
reads as a careful person does, `number`, `letter`, `yes_no`, `date`, `answer_text`; rules that were published and read
otherwise are in `published`, by name; `literal` holds what takes a text at its word. Benchmarks name an extractor; the
metrics of held-out tasks that read conclusions call the same functions. A new one is a function under
`@register_extractor`.
"""

from flan_jax.evaluate.extract.answer_text import answer_text
from flan_jax.evaluate.extract.date import date
from flan_jax.evaluate.extract.letter import letter
from flan_jax.evaluate.extract.literal import (
    final_answer,
    first_letter,
    first_line,
    first_number,
    first_yes_no,
    last_number,
    whole_text,
)
from flan_jax.evaluate.extract.number import number
from flan_jax.evaluate.extract.published import (
    bbh_answer,
    bbh_cot,
    flan_answer,
    gsm8k_strict,
    kojima_letter,
    kojima_number,
    kojima_yes_no,
    lm_eval_flexible_number,
    lm_eval_strict_number,
    minerva_answer,
)
from flan_jax.evaluate.extract.registry import EXTRACTORS, Extractor, get_extractor, register_extractor
from flan_jax.evaluate.extract.yes_no import yes_no

# Names of before. The careful readers took their place.
cot_number, cot_letter, cot_yes_no, last_date = number, letter, yes_no, date

__all__ = [
    "EXTRACTORS",
    "Extractor",
    "answer_text",
    "bbh_answer",
    "bbh_cot",
    "cot_letter",
    "cot_number",
    "cot_yes_no",
    "date",
    "final_answer",
    "first_letter",
    "first_line",
    "first_number",
    "first_yes_no",
    "flan_answer",
    "get_extractor",
    "gsm8k_strict",
    "kojima_letter",
    "kojima_number",
    "kojima_yes_no",
    "last_date",
    "last_number",
    "letter",
    "lm_eval_flexible_number",
    "lm_eval_strict_number",
    "minerva_answer",
    "number",
    "register_extractor",
    "whole_text",
    "yes_no",
]
