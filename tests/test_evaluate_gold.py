"""Every task's and every benchmark's right answer is scored 1 by its own metrics, or the tables here say why not."""

import itertools

import pytest
from own_tasks import TASKS
from shared import shared_path

import flan_jax.tasks  # noqa: F401
from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import BENCHMARKS, items
from flan_jax.declare.task import missing_source
from flan_jax.evaluate.extract import get_extractor
from flan_jax.evaluate.metrics import Exchange, RankedOptions, cross_lingual, get_metric
from flan_jax.sources import data_dir

NUM_ROWS = 3
# What an error says where a task's or benchmark's rows are not among the test data, or too few to show some.
MISSING = ("is not here", "is not there", "is not on this machine", "exemplars are asked for")
PARTS = 4  # of the tasks, for the workers of a test run
# Answers without a letter or digit, of which the official ROUGE-L reads nothing, on either side.
SIGNS_ALONE = {
    "niv2_task097_conala_remove_duplicates": "[]",
    "niv2_task098_conala_list_intersection": "[]",
    "niv2_task205_remove_even_elements": "[]",
    "niv2_task347_hybridqa_incorrect_answer_generation": ",",
    "niv2_task367_synthetic_remove_floats": "[]",
    "niv2_task369_synthetic_remove_odds": "[]",
    "niv2_task372_synthetic_palindrome_numbers": "[]",
    "niv2_task762_emea_fr_sk_translation": "\u03a4\u03b7\u03bb.",  # Slovak, but for a Greek abbreviation
    "niv2_task763_emea_es_lt_translation": "\u2212",
    "niv2_task841_para_pdt_de_en_translation": ").",
    "niv2_task1087_two_number_sum": "[]",
    "niv2_task1167_penn_treebank_coarse_pos_tagging": ".",
    "niv2_task1168_brown_coarse_pos_tagging": ".",
}
# Metrics that no right answer has a score by.
WITHOUT_GOLD = {
    "has_sample": "open-ended prompts have no reference: whether anything was said",
    "is_toxic_word_list": "continuations have no reference, and less is better",
    "max_toxicity_word_list": "continuations have no reference, and less is better",
}
# Benchmarks of which no question is among the test data; nor is one of T0's.
NOT_HERE = {
    "civil_comments",
    "flan_closed_book_qa_normalised_exact_match",
    "flan_coreference_wsc273",
    "flan_misc_numeric",
    "flan_misc_token_f1",
    "tydiqa",  # four questions are: tydiqa_tiny
    "winogender",
}


@pytest.fixture(autouse=True)
def data(monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(shared_path("data")))


def ranked(options, right):
    """A model that is sure of the right options."""
    log_probs = tuple(0.0 if i in right else -900.0 for i in range(len(options)))
    return RankedOptions(options, log_probs, (1,) * len(options), (0.0,) * len(options))


@pytest.mark.parametrize("part", range(PARTS))
def test_a_tasks_targets_score_1(part):
    here = [task for task in TASKS[part::PARTS] if task.metrics and not missing_source(task)]
    assert len(here) > 100
    for task in here:
        split = task.eval_split or task.train_split
        num_rows = len(task.source.rows(split))
        for row, example in task.rendered(split, sorted({i * (num_rows - 1) // NUM_ROWS for i in range(NUM_ROWS)})):
            if not example.targets.strip():
                continue  # dropped when it is cached, and counted
            references = example.references or (example.targets,)
            assert example.targets in references, (task.name, row)
            for metric in map(get_metric, task.metrics):
                if metric.needs == "options":
                    right = tuple(i for i, o in enumerate(example.options) if o.strip() == example.targets.strip())
                    score = metric(ranked(example.options, right), right)
                else:
                    score = metric.score(Exchange("", (example.targets,), example.targets), references)
                if not (metric.name == "rouge_l" and SIGNS_ALONE.get(task.name) == example.targets.strip()):
                    assert score == pytest.approx(1), (task.name, row, metric.name, example.targets)


def first_items(benchmark):
    """Items of each format: of its first subtask that is here; of all, where they are no tasks (asked above)."""
    split = "test" if "test" in benchmark.splits else benchmark.splits[0]
    is_made_of_tasks = bool({"flan2021", "t0", "tk_instruct"} & set(benchmark.tags))
    for number, format in enumerate(benchmark.formats):
        for subtask in benchmark.subtasks:
            try:
                found = items(benchmark, subtask.name, split, format)
            except TaskError as error:
                assert any(words in str(error) for words in MISSING), error
                continue
            yield from ((format, item) for item in itertools.islice(found, 0, None, max(1, len(found) // NUM_ROWS)))
            if number or is_made_of_tasks:
                break


def bytes_tokenizer(folder):
    """A tokenizer.json of GPT-2's kind, whose every token is a byte: what the user brings has merges too."""
    tokenizers = pytest.importorskip("tokenizers")
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.save(str(folder / "tokenizer.json"))


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_a_benchmarks_references_score_1(name, tmp_path, monkeypatch):
    if name == "mtk_instruct_eval":
        bytes_tokenizer(tmp_path)
        monkeypatch.setattr(
            type(cross_lingual.GPT2_TOKENIZER), "require", lambda self, *parts: tmp_path.joinpath(*parts)
        )
    count = 0
    for format, item in first_items(BENCHMARKS[name]):
        count += 1
        prompt = item.prompt
        for metric in map(get_metric, format.metrics):
            if metric.name in WITHOUT_GOLD:
                assert not prompt.references
                continue
            if format.method == "rank":
                said, expected = ranked(prompt.options, prompt.correct), prompt.correct
            else:
                gold = prompt.references[0]
                answer = get_extractor(prompt.extract or format.extract)(gold)
                said, expected = Exchange(prompt.query, (gold,), answer, prompt.wrong), prompt.references
            assert metric.score(said, expected) == pytest.approx(1), (format.name, item.subtask, item.id, expected)
    assert (count == 0) == (name in NOT_HERE or name.startswith("t0_")), "the table of what is not here is to be mended"
