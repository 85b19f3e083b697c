"""Trains the embedded vocabulary on the project's own text: `python -m flan_jax.cache.train_vocab` writes
flan_jax/assets/procedural.model. The same text gives the same bytes.

Pieces are numbered by how often the text has them: text that moves a little keeps the pieces and moves their numbers.
The embedded weights are of the shipped numbers, so the file stays until `make pretrained` makes the weights anew.

A SentencePiece BPE model in the T5 convention (pad 0, eos 1, unk 2, no bos; the 100 sentinels are added when it is
read). BPE rather than unigram, because on a closed vocabulary its merges end in whole words: one word, one token
(unigram splits "and" in two to save pieces that cost nothing here). Digits are split; a newline is a piece of its
own; text is kept as it is (identity normalisation).
"""

from __future__ import annotations

import argparse
import io
import pathlib
import string
from collections.abc import Iterator

import sentencepiece

from flan_jax.core.vocabulary import EOS_ID, PAD_ID, UNK_ID
from flan_jax.declare.registry import all_tasks
from flan_jax.declare.task import Task
from flan_jax.tasks.procedural.family import ProceduralSource

ASSET = pathlib.Path(__file__).resolve().parent.parent / "assets" / "procedural.model"
VOCAB_SIZE = 1_900
EXAMPLES_A_TASK = 150
# Seen often enough to be whole words even where no document happens to use them.
WORD_REPEATS = 20


def procedural_tasks() -> list[Task]:
    """The tasks whose text the vocabulary is made for; without those that train on a held-out cluster for a study, as
    their text is there already."""
    import flan_jax.tasks.procedural  # noqa: F401
    from flan_jax.tasks.procedural.mixtures import HELD_OUT_CLUSTERS

    return [
        task
        for task in all_tasks()
        if isinstance(task.source, ProceduralSource)
        and task.source.description.startswith("generated: flan_jax.tasks.")
        and not (task.train_split and task.cluster in HELD_OUT_CLUSTERS)
    ]


def training_texts(examples_a_task: int = EXAMPLES_A_TASK) -> Iterator[str]:
    """Inputs and targets of the first rows of every procedural task, and every word of the lexicon.

    Held-out tasks are among them, so that their wordings are whole words too: a vocabulary decides how text is cut,
    it learns nothing about what to answer.
    """
    from flan_jax.tasks.procedural import lexicon

    for task in procedural_tasks():
        split = task.source.splits[0]
        for _, rendered in task.rendered(split, range(examples_a_task)):
            if rendered.query:
                yield rendered.inputs()
            yield rendered.targets
    for name in sorted(vars(lexicon)):
        value = getattr(lexicon, name)
        if name.isupper() and isinstance(value, tuple) and isinstance(value[0], str):
            for _ in range(WORD_REPEATS):
                yield " ".join(value)


def train_vocab(texts: Iterator[str], vocab_size: int = VOCAB_SIZE) -> bytes:
    """The bytes of a SentencePiece model trained on `texts`."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=texts,
        model_writer=model,
        model_type="bpe",
        vocab_size=vocab_size,
        character_coverage=1.0,
        required_chars=string.ascii_letters + string.digits + string.punctuation.replace("<", "").replace(">", ""),
        split_digits=True,
        byte_fallback=False,
        user_defined_symbols=["\n"],
        normalization_rule_name="identity",
        pad_id=PAD_ID,
        eos_id=EOS_ID,
        unk_id=UNK_ID,
        bos_id=-1,
        num_threads=1,  # sums of floats in a fixed order: the same bytes every time
        minloglevel=2,
    )
    return model.getvalue()


def main(argv: list[str] | None = None) -> int:
    """Writes the vocabulary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, default=ASSET, help="where to write the model")
    args = parser.parse_args(argv)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_bytes(train_vocab(training_texts()))
    processor = sentencepiece.SentencePieceProcessor(model_file=str(args.output))
    print(f"{args.output}: {processor.get_piece_size()} pieces, {args.output.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
