"""What Flan 2022 adds to FLAN 2021 from TFDS: WikiDialog and QReCC, turned around too, LAMBADA, and science questions
of UnifiedQA (Chung et al. 2022, appendix F). Ten wordings each, ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flan_jax.declare.registry import add_task
from flan_jax.declare.task import Task
from flan_jax.declare.templates import Template, TemplateRenderer
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import CLASSIFICATION, GENERATION, Dataset, choices

_DIALOG_TEMPLATES = (
    Template("A and B are chatting, and it is B's turn to speak. Speak for B.\n\n{dialog}"),
    Template("{dialog}\n\nB looks the matter up and tells A what was wanted. Give B's words."),
    Template("Below, A is curious and B is well read. A has just asked one more thing.\n{dialog}\nTell A."),
    Template("Transcript of a call to a library's help desk:\n\n{dialog}\n\nWhat should the desk say now?"),
    Template("{dialog}\n\nStep in for B: resolve the open point, with the earlier turns in mind."),
    Template("Everything said until now is quoted here.\n<<<\n{dialog}\n>>>\nAdd B's missing contribution."),
    Template("The record of an interview stops right after a question. Supply what was replied.\n\n{dialog}"),
    Template("Mind what words like 'it' and 'there' point back to, then satisfy A's last request.\n\n{dialog}"),
    Template("{dialog}\n\nIn B's place, how would you inform A?"),
    Template("An exchange of messages, the newest at the bottom:\n{dialog}\nDraft the message that B sends back."),
)
_DIALOG_INVERTED = (
    Template("B ended up telling A: {answer}\nReconstruct the talk that came before it.", targets="{dialog}"),
    Template("Only the closing remark of an interview survives:\n\n{answer}\n\nRestore the rest.", targets="{dialog}"),
    Template(
        "Let A put questions to B, turn by turn, until nothing but this remains to be said: {answer}",
        targets="{dialog}",
    ),
    Template("{answer}\n\nThat was B's information for A. Draft the turns up to it.", targets="{dialog}"),
    Template("Which chat between A and B could have been on its way to this point?\n{answer}", targets="{dialog}"),
)
_LAMBADA_TEMPLATES = (
    Template("{passage} ___\n\nThe gap takes a single word. Which?"),
    Template("A scanner lost the final word of this page from a novel. Recover it.\n\n{passage}"),
    Template("Keep in mind who and what was mentioned so far, then supply just the word due now.\n\n{passage}"),
    Template("From a book: {passage} [...]\nName the word behind the dots."),
    Template("Dictation broke off one word early:\n\n{passage}\n\nSay that word."),
    Template("<excerpt>\n{passage}\n</excerpt>\nOne word is owed to the reader of the excerpt. Hand it over."),
    Template("Bet on a word. The tale so far: {passage}"),
    Template("You turn the page and there stands one last word. Before, it read:\n{passage}\n\nYour guess:"),
    Template("How does the narrator round off this sentence? A word will do.\n\n{passage}"),
    Template('Tell a short story whose last word is "{answer}".', targets="{passage} {answer}"),
)
_SCIENCE_TEMPLATES = (
    Template("From the worksheet of a twelve-year-old:\n{question}\n{options}\nTick one."),
    Template("Physics, chemistry or biology, whichever it takes: {question}\n{options}"),
    Template("{question}\n\nThe teacher offers four replies. Point at the good one.\n{options}"),
    Template("Three of these are there to mislead.\n{options}\n\nThey belong to: {question}"),
    Template("Exam on the natural sciences, item 7\n\n{question}\n\n{options}\n\nSolution of item 7:"),
    Template("How nature works, in one item: {question}\n{options}\nYour pick:"),
    Template("Recall what lessons say about this, and settle it. {question}\n{options}"),
    Template("<item>{question}</item>\n{options}\nCopy out the choice that earns the mark."),
    Template("A pupil hesitates over the following. Help by naming the correct choice.\n\n{question}\n{options}"),
    Template("Quiz card from the science museum. Front: {question}\n{options}\nWhat does its back say?"),
)
_FOUR_OPTIONS = re.compile(r"^(?P<question>.*?)\s*\(A\)(?P<a>.*)\(B\)(?P<b>.*)\(C\)(?P<c>.*)\(D\)(?P<d>.*)$", re.DOTALL)

__all__ = ["INVERTED_DIALOGS", "LAMBADA", "QRECC", "UNIFIED_QA_SCIENCE", "WIKI_DIALOG", "science_fields"]


def _turns(utterances: list[str]) -> str:
    """Turns as lines; the one who is asked has the even ones from the end, so that the last line is a question."""
    return "\n".join(
        f"{'B' if (len(utterances) - i) % 2 == 0 else 'A'}: {text.strip()}" for i, text in enumerate(utterances)
    )


def _wiki_dialog_fields(row: Row) -> Mapping[str, Any] | None:
    utterances = list(row["utterances"])
    if len(utterances) < 2:
        return None
    return {"dialog": _turns(utterances[:-1]), "answer": utterances[-1].strip()}


def _qrecc_fields(row: Row) -> Mapping[str, Any] | None:
    if not row["answer"].strip():
        return None
    return {"dialog": _turns([*row["context"], row["question"]]), "answer": row["answer"].strip()}


def _lambada_fields(row: Row) -> Mapping[str, Any] | None:
    passage, _, answer = row["passage"].strip().rpartition(" ")
    return {"passage": passage, "answer": answer} if passage and answer else None


def science_fields(row: Row) -> Mapping[str, Any] | None:
    """Question and options of a UnifiedQA row; None where it does not have exactly the options A to D."""
    match = _FOUR_OPTIONS.match(row["input"].replace("\\n", "\n").strip())
    if match is None or "(E)" in row["input"]:
        return None
    options = [match[name].strip() for name in "abcd"]
    answer = row["output"].strip()
    if answer not in options:
        return None
    return {"question": match["question"].strip(), **choices(*options, answer=options.index(answer))}


WIKI_DIALOG = Dataset(
    name="wiki_dialog",
    cluster="conversational_question_answering",
    tfds="wiki_dialog/OQ:1.0.0",
    licence="CC BY-SA 4.0 (google-research/dialog-inpainting)",
    train="train",
    validation="validation",
    test=None,
    features=("utterances",),
    fields=_wiki_dialog_fields,
    makes=("dialog", "answer"),
    left_out="of a single turn",
    metrics=GENERATION,
    templates=_DIALOG_TEMPLATES,
)
QRECC = Dataset(
    name="qrecc",
    cluster="conversational_question_answering",
    tfds="q_re_cc:1.0.0",
    licence="CC BY-SA 3.0 (apple/ml-qrecc)",
    train="train",
    validation=None,
    test="test",
    features=("context", "question", "answer"),
    fields=_qrecc_fields,
    makes=("dialog", "answer"),
    left_out="without an answer",
    metrics=GENERATION,
    templates=_DIALOG_TEMPLATES,
)
LAMBADA = Dataset(
    name="lambada",
    cluster="language_modeling",
    tfds="lambada:1.0.0",
    licence="CC BY 4.0 (Paperno et al. 2016)",
    train="train",
    validation=None,
    test="test",
    features=("passage",),
    fields=_lambada_fields,
    makes=("passage", "answer"),
    left_out="of a single word",
    metrics=("normalised_exact_match", "exact_match"),
    templates=_LAMBADA_TEMPLATES,
)
UNIFIED_QA_SCIENCE = Dataset(
    name="unified_qa_science_inst",
    cluster="science_qa",
    tfds="unified_qa/ai2_science_middle:1.0.0",
    licence="Apache-2.0 (allenai/unifiedqa); questions as AI2 publishes them",
    train="train",
    validation="validation",
    test="test",
    features=("input", "output"),
    fields=science_fields,
    makes=("question", "answer", "options"),
    left_out="without exactly four options and an answer among them",
    metrics=CLASSIFICATION,
    num_options=4,
    templates=_SCIENCE_TEMPLATES,
)


def _add(dataset: Dataset, name: str, templates: tuple[Template, ...]) -> str:
    add_task(
        Task(
            name=name,
            cluster=dataset.cluster,
            dataset=dataset.name,
            source=dataset.source(),
            render=TemplateRenderer(templates),
            metrics=dataset.metrics,
            eval_split="validation" if dataset.validation else "test",
            exemplar_split="train",
            chance=dataset.chance,
        )
    )
    return name


_add(WIKI_DIALOG, "dialog_wiki_dialog", _DIALOG_TEMPLATES)
_add(QRECC, "dialog_qrecc", _DIALOG_TEMPLATES)
_add(LAMBADA, "flan2021_lambada", _LAMBADA_TEMPLATES)
_add(UNIFIED_QA_SCIENCE, "flan2021_unified_qa_science_inst", _SCIENCE_TEMPLATES)
INVERTED_DIALOGS = (
    _add(WIKI_DIALOG, "dialog_wiki_dialog_inverted", _DIALOG_INVERTED),
    _add(QRECC, "dialog_qrecc_inverted", _DIALOG_INVERTED),
)
