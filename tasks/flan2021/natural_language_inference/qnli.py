"""QNLI: does a sentence of Wikipedia hold the answer to a question? (Wang et al. 2019, from SQuAD)"""

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register

TEMPLATES = (
    Template(
        "Question: {question}\nSentence: {sentence}\n\nCan the question be answered from the sentence?\n{options}"
    ),
    Template("{sentence}\n\nAfter reading that, could you answer this? {question}\n{options}"),
    Template("I am looking for the answer to this: {question}\n\nIs it stated here? {sentence}\n{options}"),
    Template(
        "A search engine returned one sentence for the query.\nQuery: {question}\nResult: {sentence}\nDoes the result "
        "contain what was asked for?\n{options}"
    ),
    Template('Is "{question}" settled by the following line?\n\n{sentence}\n{options}'),
    Template("Does this sentence\n{sentence}\nanswer this question?\n{question}\n{options}\nAnswer:"),
    Template(
        "Suppose a reading test pairs the sentence below with a question. Could a pupil solve it with that sentence "
        "alone?\nSentence: {sentence}\nQuestion: {question}\n{options}"
    ),
    Template("{question}\n{sentence}\n\nIs the second line an answer to the first?\n{options}"),
    Template(
        "Decide whether the information that the question wants is in the text.\nText: {sentence}\nWanted: {question}\n"
        "{options}"
    ),
    Template(
        "Make up a question about the sentence. Is the answer to it found in the sentence? It should be: {answer}.\n\n"
        "Sentence: {sentence}",
        targets="{question}",
    ),
)

register(
    Dataset(
        name="qnli",
        cluster="natural_language_inference",
        tfds="glue/qnli:2.0.0",
        licence="CC BY-SA 4.0 (SQuAD)",
        train="train[:30000]",
        features=("question", "sentence", "label"),
        labels=(("entailment", "yes"), ("not_entailment", "no")),
        templates=TEMPLATES,
    )
)
