"""Rules that were published, by name, where a careful reader reads otherwise: scores under a protocol need its rule."""

from __future__ import annotations

import re

from flan_jax.evaluate.extract.literal import first_line
from flan_jax.evaluate.extract.registry import register_extractor

MARKER = "answer is "
# Where the code that published the Flan 2022 collection cuts: the last of any of these.
FLAN_MARKERS = ("answer is", "final answer", "Final answer", "answer:", "Answer:")

__all__ = [
    "FLAN_MARKERS",
    "MARKER",
    "bbh_answer",
    "bbh_cot",
    "flan_answer",
    "gsm8k_strict",
    "kojima_letter",
    "kojima_number",
    "kojima_yes_no",
    "lm_eval_flexible_number",
    "lm_eval_strict_number",
    "minerva_answer",
]


@register_extractor
def bbh_cot(text: str) -> str | None:
    """What follows the last "answer is " up to the line's end, a final full stop dropped: how the BBH authors score
    (Suzgun et al. 2022). Without those words only a bare answer counts: one line without a sentence's end inside."""
    if MARKER in text:
        answer = text.rpartition(MARKER)[2].strip().partition("\n")[0].strip()
    else:
        answer = text.strip()
        if "\n" in answer or ". " in answer:
            return None
    return answer.removesuffix(".").strip() or None


@register_extractor
def bbh_answer(text: str) -> str | None:
    """The answer given after a phrase that calls for it: the first line without a final full stop; of a line that
    names a bracketed option, the option."""
    line = first_line(text)
    if line is None:
        return None
    match = re.search(r"\(\s*([A-Z])\s*\)", line)
    return f"({match[1]})" if match else line.removesuffix(".").strip() or None


@register_extractor
def flan_answer(text: str) -> str | None:
    """What follows the last of FLAN_MARKERS, stripped of punctuation and brackets: the Flan 2022 collection's rule for
    chains of thought. The whole text, so stripped, where no marker is there."""
    cut = max((text.rfind(marker) + len(marker) for marker in FLAN_MARKERS if marker in text), default=0)
    return text[cut:].strip().partition("\n")[0].strip(" \t.,:;!?()[]{}\"'`*") or None


@register_extractor
def kojima_number(text: str) -> str | None:
    """Zero-shot chains of thought, arithmetic (Kojima et al. 2022, their answer cleansing): commas taken out, the first
    run of digits with its minus and its point."""
    match = re.search(r"-?\d+\.?\d*", text.replace(",", ""))
    return match[0].removesuffix(".") if match else None


@register_extractor
def kojima_letter(text: str) -> str | None:
    """The same for AQuA and CommonsenseQA: the first capital from A to E, wherever it stands."""
    match = re.search("[A-E]", text)
    return match[0] if match else None


@register_extractor
def kojima_yes_no(text: str) -> str | None:
    """The same for StrategyQA: the first "yes" or "no" that stands between spaces or the marks . : , " '."""
    words = re.sub(r"[\"'\s.:,]", " ", text.lower()).split(" ")
    return next((word for word in words if word in ("yes", "no")), None)


@register_extractor
def gsm8k_strict(text: str) -> str | None:
    """What GSM8K's own code reads (Cobbe et al. 2021): digits, points and commas after the first "#### ", the commas
    taken out; None without that mark."""
    match = re.search(r"#### (-?[0-9.,]+)", text)
    return match[1].replace(",", "") or None if match else None


@register_extractor
def lm_eval_strict_number(text: str) -> str | None:
    """lm-eval's `strict-match` of gsm8k_cot: digits, points and commas after the first "The answer is ", before one
    more character."""
    match = re.search(r"The answer is (-?[0-9.,]+).", text)
    return match[1] if match else None


@register_extractor
def lm_eval_flexible_number(text: str) -> str | None:
    """lm-eval's `flexible-extract` of GSM8K: the last run of two or more of 0-9 $ . , or the last digits, without
    $, commas and a final point, which its comparison leaves out."""
    runs = re.findall(r"-?[$0-9.,]{2,}|-?[0-9]+", text)
    return re.sub(r"[,$]|\.$", "", runs[-1]).strip() or None if runs else None


@register_extractor
def minerva_answer(text: str) -> str | None:
    """What stands in "Final Answer: The final answer is …. I hope it is correct." (Lewkowycz et al. 2022), of which the
    last sentence may be missing; None without those words."""
    closed = f"{text}I hope it is correct."
    match = re.search(r"Final Answer: The final answer is(.*?)\. I hope it is correct\.", closed)
    return match[1].strip() or None if match else None
