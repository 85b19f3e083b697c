"""Mathematics data set, linear equations in one variable (Saxton et al. 2019)."""

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register

TEMPLATES = (
    Template("{question}"),
    Template("{question}\nAnswer:"),
    Template("Algebra exercise: {question}"),
    Template("Do this calculation and give the result only.\n\n{question}"),
    Template("What is the value we are looking for? {question}"),
    Template('A pupil is stuck with "{question}" What is the solution?'),
    Template("Exam, first part.\n{question}\nResult:"),
    Template("Find the number: {question}"),
    Template("Write an equation in one unknown, to be solved for it. The solution is {answer}.", targets="{question}"),
    Template("The unknown turned out to be {answer}. What may the exercise have been?", targets="{question}"),
)

register(
    Dataset(
        name="math_dataset",
        cluster="misc",
        tfds="math_dataset/algebra__linear_1d:1.0.0",
        licence="Apache-2.0",
        train="train[:30000]",
        test="test",
        features=("question", "answer"),
        metrics=("numeric", "exact_match"),
        templates=TEMPLATES,
    )
)
