"""MGSM (Shi et al. 2022): 250 problems of GSM8K in ten languages and English."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import (
    Benchmark,
    Prompt,
    PromptBuilder,
    Question,
    Subtask,
    add_benchmark,
)
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval.files import exemplars_error, read_csv, read_jsonl, read_text, row_error, text_field
from flan_jax.tasks.eval.formats import chain_of_thought, short_answer, zero_shot_cot
from flan_jax.tasks.eval.prompts import THEREFORE_NUMBER
from flan_jax.tasks.eval.published import per_language, table_4, table_5

DATA = Download("MGSM", "https://github.com/google-research/url-nlp (folder mgsm)", "CC BY 4.0", "mgsm")
LANGUAGES = ("bn", "de", "es", "fr", "ja", "ru", "sw", "te", "th", "zh")
NUM_SHOTS = 8
_SIZE = {"test": 250}
# Languages that write 1.234,5: a point before three digits groups them.
_POINT_GROUPS = ("de", "es", "fr", "ru")
_NUMBER = re.compile(r"-?\d[\d,]*(\.\d+)?")
_LABEL = re.compile(r"[^:\uff1a]{1,60}[:\uff1a]\s?")

_SOURCE = "Chung et al. 2022, table 19"
_TABLE_19 = {
    "Flan-T5-Small 80M": (0.0, 0.4, 0.4, 0.4, 0.0, 0.0, 0.4, 0.0, 0.0, 0.0),
    "Flan-T5-Base 250M": (0.0, 1.2, 1.6, 0.4, 0.0, 0.0, 1.2, 0.0, 0.0, 0.0),
    "Flan-T5-Large 780M": (0.0, 1.6, 2.4, 2.4, 0.0, 0.4, 0.0, 0.0, 0.0, 0.0),
    "Flan-T5-XL 3B": (0.0, 2.4, 6.0, 7.2, 0.0, 2.8, 0.4, 0.0, 0.0, 0.0),
    "Flan-T5-XXL 11B": (0.0, 14.8, 14.8, 13.2, 0.0, 5.2, 0.4, 0.0, 0.4, 0.0),
    "Flan-PaLM 8B": (2.0, 17.6, 15.2, 16.4, 6.0, 13.2, 1.6, 2.0, 0.0, 8.0),
    "Flan-PaLM 62B": (17.6, 40.4, 46.4, 40.8, 21.6, 36.4, 14.8, 12.0, 22.8, 32.0),
    "PaLM 540B": (41.6, 47.2, 57.6, 47.2, 40.0, 48.8, 35.6, 44.8, 53.2, 42.8),
    "Flan-PaLM 540B": (55.2, 60.8, 68.0, 63.2, 56.4, 60.8, 50.4, 46.4, 55.6, 53.2),
}

__all__ = ["LANGUAGES", "MGSM", "MGSM_ENGLISH", "exemplars", "number_text"]


def number_text(text: str) -> str:
    """A reference such as "2,125" or "18.0" in the extractors' spelling. Raises `ValueError` for anything else."""
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is not a number")
    digits = text.strip().replace(",", "")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def read(language: str, split: str) -> Sequence[Question]:
    """The rows of `mgsm/mgsm_LANGUAGE.tsv`: question, number."""
    path = DATA.require(f"mgsm_{language}.tsv")
    questions = []
    for number, (line, (text, answer)) in enumerate(read_csv(path, 2, "\t", quote="")):
        try:
            questions.append(Question(str(number), text.strip(), (number_text(answer),)))
        except ValueError as error:
            raise row_error(path, line, f"the answer {error}") from error
    return tuple(questions)


def exemplars(language: str) -> tuple[tuple[str, str], ...]:
    """The eight published (question, worked answer) pairs of a language, each with its label in that language.

    Read from the publisher's `exemplars.py` (as data: it is parsed, not run) or from `exemplars.jsonl`, one object
    {"lang", "idx", "q", "a"} a line.
    """
    path = DATA.path("exemplars.jsonl")
    if path.exists():
        found: dict[int, tuple[str, str]] = {}
        for line, row in read_jsonl(path):
            if row.get("lang") == language:
                pair = (text_field(path, line, row, "q"), text_field(path, line, row, "a"))
                found[int(row.get("idx", len(found) + 1))] = pair
    else:
        path = DATA.require("exemplars.py")
        try:
            values = {
                target.id: node.value
                for node in ast.parse(read_text(path)).body
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            table = ast.literal_eval(values["MGSM_EXEMPLARS"])
            found = {int(k): (pair["q"], pair["a"]) for k, pair in table[language].items()}
        except (SyntaxError, ValueError, KeyError, TypeError) as error:
            raise TaskError(f"{path} holds no MGSM_EXEMPLARS[{language!r}] ({error!r}): download it again") from error
    if len(found) != NUM_SHOTS:
        raise exemplars_error(path, len(found), NUM_SHOTS, language)
    return tuple(found[k] for k in sorted(found))


def _label(text: str) -> str:
    match = _LABEL.match(text)
    return match[0] if match else ""


def _extract(language: str) -> str:
    return "number_point_groups" if language in _POINT_GROUPS else "number"


def _open_cot(language: str, split: str, reasoning_language: str | None = None) -> PromptBuilder:
    questions = [question for question, _ in exemplars(language)]
    answers = [answer for _, answer in exemplars(reasoning_language or language)]
    shots = tuple(f"{question}\n{answer}\n\n" for question, answer in zip(questions, answers, strict=True))
    question_label, answer_label = _label(questions[0]), _label(answers[0])
    extract = _extract(reasoning_language or language)

    def build(question: Question) -> Prompt:
        query = f"{question_label}{question.text}\n{answer_label.rstrip()}"
        return Prompt("", shots, query, question.references, extract=extract)

    return build


def _open_english_cot(language: str, split: str) -> PromptBuilder:
    return _open_cot(language, split, "en")


def _open_direct(language: str, split: str) -> PromptBuilder:
    pairs = exemplars(language)
    label = _label(pairs[0][0])
    shots = tuple(f"{question}\nAnswer: {_last_digits(answer)}\n\n" for question, answer in pairs)
    extract = _extract(language)
    return lambda question: Prompt("", shots, f"{label}{question.text}\nAnswer:", question.references, extract=extract)


def _last_digits(answer: str) -> str:
    numbers: list[str] = re.findall(r"\d+", answer)
    if not numbers:
        raise TaskError(f"an MGSM exemplar ends in no number: {answer[-60:]!r}; download the exemplars again")
    return numbers[-1]


def _open_zero_shot(language: str, split: str) -> PromptBuilder:
    extract = _extract(language)
    return lambda question: Prompt("", (), f"Q: {question.text}\nA:", question.references, extract=extract)


_FORMATS = (
    chain_of_thought(
        _open_cot,
        "number",
        "8-shot, exemplars and reasoning in the language of the question",
        stop=("\n\n",),
        max_tokens=384,
        num_shots=NUM_SHOTS,
    ),
    chain_of_thought(
        _open_english_cot,
        "number",
        "8-shot, questions in their language, reasoning in English",
        name="cot_en",
        stop=("\n\n",),
        max_tokens=384,
        num_shots=NUM_SHOTS,
    ),
    short_answer(
        _open_direct,
        "number",
        '8-shot, the number after "Answer:"',
        name="direct",
        max_tokens=24,
        num_shots=NUM_SHOTS,
    ),
    zero_shot_cot(
        _open_zero_shot,
        "number",
        THEREFORE_NUMBER,
        stop=("\n\n",),
        max_tokens=384,
        more=", English phrases",
    ),
)

MGSM = add_benchmark(
    Benchmark(
        name="mgsm",
        title="MGSM",
        paper="Shi et al. 2022 (2210.03057)",
        downloads=(DATA,),
        read=read,
        subtasks=tuple(Subtask(language, num_published=_SIZE) for language in LANGUAGES),
        splits=("test",),
        formats=_FORMATS,
        published=(
            *table_5("mgsm_cot", "cot", "test"),
            *table_4("mgsm", "test", formats=("direct", "cot+sc")),
            *per_language(LANGUAGES, _TABLE_19, "cot", "test", _SOURCE),
        ),
        note="Unweighted mean over ten languages; English is a benchmark of its own (mgsm_en).",
        tags=("reasoning", "multilingual"),
    )
)
MGSM_ENGLISH = add_benchmark(
    Benchmark(
        name="mgsm_en",
        title="MGSM, English",
        paper="Shi et al. 2022 (2210.03057)",
        downloads=(DATA,),
        read=read,
        subtasks=(Subtask("en", num_published=_SIZE),),
        splits=("test",),
        formats=tuple(f for f in _FORMATS if f.name != "cot_en"),
        note="The English file, which papers leave out of the mean.",
        tags=("reasoning",),
    )
)
