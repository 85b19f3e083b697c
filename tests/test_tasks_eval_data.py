"""The benchmarks' readers and prompts on the published files, and what they say about files that are not right."""

import collections
import csv
import dataclasses
import json
import shutil

import pytest
from shared import SHARED, shared_path
from suite_benchmarks import TableModel

import flan_jax.tasks  # noqa: F401  (registers the benchmarks)
from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import BENCHMARKS, COLLECTIONS, get_benchmark, items, resolve
from flan_jax.evaluate import SuiteConfig
from flan_jax.evaluate.aggregates.normalised import FLAN_COMPONENTS, flan_normalised_average, normalised_score
from flan_jax.evaluate.extract import get_extractor
from flan_jax.evaluate.metrics import get_metric
from flan_jax.evaluate.work import list_work
from flan_jax.sources import data_dir
from flan_jax.tasks.eval import mgsm

OWN = (
    "mmlu bbh mgsm mgsm_en gsm8k addsub singleeq mawps aqua strategyqa commonsenseqa bigbench_date "
    "bigbench_object_tracking tydiqa tydiqa_tiny"
).split()


@pytest.fixture
def data(monkeypatch):
    """The published files as the data folder."""
    monkeypatch.setenv(data_dir.VARIABLE, str(shared_path("data")))


@pytest.fixture
def own_data(monkeypatch, tmp_path):
    """An empty data folder of the test's own."""
    monkeypatch.setenv(data_dir.VARIABLE, str(tmp_path))
    return tmp_path


def fact_rows(name):
    """Rows of a fact sheet's table."""
    return list(csv.DictReader(shared_path(f"facts/{name}").read_text().splitlines()))


def all_items(name, format, split=None):
    benchmark = get_benchmark(name)
    split = benchmark.split(split)
    return [i for s in benchmark.subtasks for i in items(benchmark, s.name, split, benchmark.format(format))]


@pytest.mark.parametrize(
    ("name", "split", "num_subtasks", "num_items"),
    [
        ("mmlu", "test", 57, 14042),
        ("bbh", "test", 27, 6511),
        ("mgsm", "test", 10, 2500),
        ("mgsm_en", "test", 1, 250),
        ("gsm8k", "test", 1, 1319),
        ("addsub", "test", 1, 395),
        ("singleeq", "test", 1, 508),
        ("mawps", "test", 1, 237),
        ("aqua", "test", 1, 254),
        ("strategyqa", "test", 1, 2290),
        ("commonsenseqa", "validation", 1, 1221),
        ("bigbench_date", "test", 1, 369),
        ("bigbench_object_tracking", "test", 1, 750),
        ("tydiqa_tiny", "tiny", 4, 4),
    ],
)
def test_every_published_question_is_read_once(data, name, split, num_subtasks, num_items):
    benchmark = get_benchmark(name)
    assert len(benchmark.subtasks) == num_subtasks
    questions = [(s.name, q.id) for s in benchmark.subtasks for q in benchmark.read(s.name, split)]
    assert len(questions) == len(set(questions)) == num_items


@pytest.mark.parametrize("name", OWN)
def test_every_format_of_every_benchmark_builds_prompts_that_can_be_scored(data, name):
    benchmark = get_benchmark(name)
    split = "test" if "test" in benchmark.splits else benchmark.splits[0]
    if name == "tydiqa":
        pytest.skip("only four questions of TyDiQA are at hand: tydiqa_tiny")
    assert {"direct", "zero_shot_cot"} <= {f.name for f in benchmark.formats}
    for format in benchmark.formats:
        for metric in map(get_metric, format.metrics):
            assert (metric.needs == "options") == (format.method == "rank")
        for item in items(benchmark, benchmark.subtasks[0].name, split, format)[:20]:
            prompt = item.prompt
            assert prompt.query and prompt.query == prompt.query.rstrip(), "the model begins its answer itself"
            assert all(e.endswith("\n\n") and not e.startswith("\n") for e in prompt.exemplars)
            assert prompt.query not in "".join(prompt.exemplars)
            if format.method == "rank":
                assert prompt.correct and all(0 <= c < len(prompt.options) for c in prompt.correct)
                assert len(set(prompt.options)) == len(prompt.options)
            else:
                extract = get_extractor(prompt.extract or format.extract)
                references = prompt.references
                metric = get_metric(format.metrics[0])
                assert references and metric(extract(references[0]), references) == 1.0, "the reference itself is right"


def test_each_gold_chain_of_thought_is_scored_right(data):
    """The exemplars' own answers, asked of our extractors: what a perfect model would say."""
    for name, format_name in (
        ("gsm8k", "train_cot"),
        ("gsm8k", "cot"),
        ("bbh", "cot"),
        ("mmlu", "cot"),
        ("aqua", "cot"),
    ):
        format = get_benchmark(name).format(format_name)
        extract = get_extractor(format.extract)
        for subtask in get_benchmark(name).subtasks:
            prompt = format.open(subtask.name, "test")(get_benchmark(name).read(subtask.name, "test")[0])
            for exemplar in prompt.exemplars:
                assert extract(exemplar.strip()) is not None, (name, subtask.name, exemplar[-80:])
            assert len(prompt.exemplars) in {format.num_shots, 4}
    for question in get_benchmark("gsm8k").read("gsm8k", "train"):
        text = f"{question.fields['reasoning']}\n#### {question.references[0]}"
        assert "<<" not in text and get_extractor("cot_number")(text) == question.references[0]


def test_mmlu_is_asked_as_its_publisher_asks(data):
    (first, *_) = all_items("mmlu", "direct", "test")
    benchmark = get_benchmark("mmlu")
    with open(shared_path("data/mmlu/test/abstract_algebra_test.csv"), newline="") as file:
        text, *choices, right = next(csv.reader(file))
    prompt = first.prompt
    assert prompt.preamble == "The following are multiple choice questions (with answers) about abstract algebra.\n\n"
    assert prompt.query == f"{text}\nA. {choices[0]}\nB. {choices[1]}\nC. {choices[2]}\nD. {choices[3]}\nAnswer:"
    assert prompt.options == (" A", " B", " C", " D") and prompt.references == (right,)
    assert prompt.options[prompt.correct[0]] == f" {right}"
    assert len(prompt.exemplars) == 5 and all(e[-4:-2] in (" A", " B", " C", " D") for e in prompt.exemplars)
    assert {s.name for s in benchmark.subtasks} == {row["subject"] for row in fact_rows("mmlu_subjects.csv")}
    table = {r["subject"]: r for r in fact_rows("mmlu_subjects.csv")}
    for subtask in benchmark.subtasks:
        assert subtask.groups == (table[subtask.name]["category"],)
        assert len(benchmark.read(subtask.name, "test")) == int(table[subtask.name]["test"])
    sizes = {group: len(names) for group, names in benchmark.groups().items()}
    assert sizes == {"STEM": 18, "humanities": 13, "social sciences": 12, "other": 14}


def test_mmlu_chains_of_thought_are_the_users_file(data):
    prompts = json.loads(shared_path("data/mmlu/mmlu-cot.json").read_text())
    format = get_benchmark("mmlu").format("cot")
    for subject, text in prompts.items():
        question = get_benchmark("mmlu").read(subject, "test")[0]
        prompt = format.open(subject, "test")(question)
        assert (prompt.preamble + "".join(prompt.exemplars)).split() == text.split()
        assert prompt.query.startswith("Q: ") and prompt.query.endswith("\nA: Let's think step by step.")


def test_bbh_prompts_without_the_canary(data):
    table = {row["subtask"]: row for row in fact_rows("bbh_tasks.csv")}
    benchmark = get_benchmark("bbh")
    assert {s.name for s in benchmark.subtasks} == set(table) and len({s.parent for s in benchmark.subtasks}) == 23
    assert {group: len(names) for group, names in benchmark.groups().items()} == {"algorithmic": 15, "NLP": 12}
    for subtask in benchmark.subtasks:
        row = table[subtask.name]
        assert subtask.groups[0].lower() == row["group_suzgun"] and subtask.parent == row["parent_task"]
        assert subtask.chance == pytest.approx(float(row["random_baseline_from_data_pct"]) / 100)
        baseline = subtask.chance if subtask.baseline is None else subtask.baseline
        assert baseline == pytest.approx(float(row["normalisation_baseline_fitted_pct"]) / 100)
        for name in ("direct", "cot"):
            found = items(benchmark, subtask.name, "test", benchmark.format(name))
            assert len(found) == int(row["examples"])
            text = found[0].prompt.preamble + "".join(found[0].prompt.exemplars)
            assert "canary" not in text.lower() and "-----" not in text
            assert len(found[0].prompt.exemplars) == 3
            assert ("step by step" in text) == (name == "cot")


def test_mgsm_reads_the_publishers_python_file_as_data(own_data, monkeypatch):
    source = shared_path("data/mgsm/exemplars.jsonl")
    table = collections.defaultdict(dict)
    for line in source.read_text().splitlines():
        row = json.loads(line)
        table[row["lang"]][str(row["idx"])] = {"q": row["q"], "a": row["a"]}
    (own_data / "mgsm").mkdir()
    (own_data / "mgsm" / "exemplars.py").write_text(f"import os\nos.abort()\nMGSM_EXEMPLARS = {dict(table)!r}\n")
    from_python = {language: mgsm.exemplars(language) for language in (*mgsm.LANGUAGES, "en")}
    monkeypatch.setenv(data_dir.VARIABLE, str(SHARED / "data"))
    assert from_python == {language: mgsm.exemplars(language) for language in (*mgsm.LANGUAGES, "en")}
    assert all(len(pairs) == 8 for pairs in from_python.values())


def test_mgsm_is_asked_in_its_language(data):
    by_language = collections.defaultdict(list)
    for item in all_items("mgsm", "cot"):
        by_language[item.subtask].append(item.prompt)
    assert {language: len(prompts) for language, prompts in by_language.items()} == dict.fromkeys(mgsm.LANGUAGES, 250)
    for language, prompts in by_language.items():
        question_label = prompts[0].exemplars[0].partition(":")[0].partition("\uff1a")[0]
        assert prompts[0].query.startswith(question_label), language
        answer_label = prompts[0].query.rpartition("\n")[2]
        assert all(answer_label in exemplar for exemplar in prompts[0].exemplars), language
        for exemplar, answer in zip(prompts[0].exemplars, (11, 29, 39, 9, 33, 8, 8, 5), strict=True):
            assert get_extractor(prompts[0].extract)(exemplar) == str(answer), (language, exemplar)
    references = {p.references for prompts in by_language.values() for p in prompts}
    assert ("2125",) in references and ("114200",) in references  # "2,125" and "114,200" in the files
    english = all_items("mgsm", "cot_en")[0].prompt
    assert english.query.endswith("Step-by-Step Answer:") and "The answer is 11." in english.exemplars[0]


def test_no_exemplar_gives_an_answer_away(data):
    for item in all_items("strategyqa", "cot"):
        question = item.prompt.query.removeprefix("Q: ").removesuffix("\nA:")
        assert len(item.prompt.exemplars) == 6 and question not in "".join(item.prompt.exemplars)


def test_the_right_option_is_not_always_the_first(data):
    for name in ("bigbench_date", "bigbench_object_tracking"):
        letters = collections.Counter(item.prompt.references[0] for item in all_items(name, "cot"))
        assert max(letters.values()) < 0.5 * sum(letters.values()), letters
    choices = [q.choices for q in get_benchmark("bigbench_date").read("bigbench_date", "test")]
    assert sum(list(shown) != sorted(shown) for shown in choices) > 300, "drawn, not sorted"
    again = [item.prompt for item in all_items("bigbench_date", "cot")]
    assert again == [item.prompt for item in all_items("bigbench_date", "cot")]


def test_the_normalised_average_of_the_paper():
    fixture = json.loads(shared_path("facts/normalised_average_fixture.json").read_text())
    bbh, mmlu = get_benchmark("bbh"), get_benchmark("mmlu")
    errors = {}
    for case in fixture["cases"]:
        components = {}
        for format in ("direct", "cot"):
            mean = case[f"mmlu_{format}"] / 100
            components["mmlu", format] = normalised_score(mmlu, {s.name: mean for s in mmlu.subtasks})
            values = [value / 100 for value in case[f"bbh_{format}_per_subtask"]]
            components["bbh", format] = normalised_score(bbh, dict(zip(fixture["order"], values, strict=True)))
        tydiqa, languages = get_benchmark("tydiqa"), get_benchmark("mgsm")
        components["tydiqa", "direct"] = normalised_score(
            tydiqa, {s.name: case["tydiqa_direct"] / 100 for s in tydiqa.subtasks}
        )
        components["mgsm", "cot"] = normalised_score(
            languages, {s.name: case["mgsm_cot"] / 100 for s in languages.subtasks}
        )
        errors[case["model"]] = 100 * flan_normalised_average(components) - case["paper_table5"]
        assert flan_normalised_average({k: v for k, v in components.items() if k != ("mgsm", "cot")}) is None
    assert len(errors) == 20
    assert {model for model, error in errors.items() if abs(error) > fixture["tolerance"]} <= {"540B PaLM"}
    assert abs(errors["540B PaLM"]) < 0.3


def test_published_rows_are_the_fact_sheets():
    columns = {
        ("mmlu", "direct"): "mmlu_direct",
        ("mmlu", "cot"): "mmlu_cot",
        ("bbh", "direct"): "bbh_direct",
        ("bbh", "cot"): "bbh_cot",
        ("tydiqa", "direct"): "tydiqa_direct",
        ("mgsm", "cot"): "mgsm_cot",
    }
    assert tuple(columns) == FLAN_COMPONENTS == COLLECTIONS["flan_paper"]
    table = fact_rows("results_flan2022_table5.csv")
    for (name, format), column in columns.items():
        rows = [p for p in get_benchmark(name).published if p.source.endswith("table 5") and p.format == format]
        assert {p.model: p.score for p in rows} == {
            f"{row['model'].split(' ')[0]} {row['params']}": float(row[column]) for row in table
        }
    for name, file in (("mgsm", "results_mgsm_per_language.csv"), ("tydiqa", "results_tydiqa_per_language.csv")):
        by_model = {f"{r['Model']} {r['Params']}": r for r in fact_rows(file)}
        rows = [p for p in get_benchmark(name).published if p.group]
        assert len(rows) > 60
        for row in rows:
            assert row.score == float(by_model[row.model][row.group]), row


def test_missing_data_says_what_to_get_and_where_to_put_it(own_data):
    for name in OWN:
        benchmark = get_benchmark(name)
        with pytest.raises(TaskError) as error:
            benchmark.read(benchmark.subtasks[0].name, benchmark.splits[0])
        text = str(error.value)
        assert "download http" in text and str(own_data) in text and "licence" in text, text


@pytest.mark.parametrize(
    ("name", "path", "line", "content", "message"),
    [
        ("mmlu", "mmlu/test/anatomy_test.csv", 2, "q,a,b,c,d,A\nq,a,b,c,A\n", "5 columns, 6 are needed"),
        ("mmlu", "mmlu/test/anatomy_test.csv", 1, "q,a,b,c,d,E\n", "'E', not one of A, B, C, D"),
        (
            "bbh",
            "bbh/navigate.json",
            3,
            '{"examples": [\n{"input": "a", "target": "b"},\n{"input" }]}',
            "not valid JSON",
        ),
        ("bbh", "bbh/navigate.json", 1, '{"examples": [{"input": "a"}]}', "no text 'target'"),
        ("mgsm", "mgsm/mgsm_de.tsv", 2, "a\t3\nb\tdrei\n", "'drei' is not a number"),
        (
            "gsm8k",
            "gsm8k/test.jsonl",
            2,
            '{"question": "a", "answer": "#### 2"}\n{"question": "b"}\n',
            "no text 'answer'",
        ),
        ("gsm8k", "gsm8k/test.jsonl", 1, '{"question": "a", "answer": "two"}\n', "is not a number"),
        (
            "aqua",
            "reasoning_evals/aqua_test.jsonl",
            1,
            '{"question": "a", "options": ["A)1"], "correct": "F"}\n',
            "'F'",
        ),
        ("tydiqa_tiny", "tydiqa/tiny_goldp.jsonl", 1, '{"id": "arabic-1", "context": "c"}\n', "no list of answers"),
        ("strategyqa", "reasoning_evals/strategyqa_bigbench_task.json", 1, '{"examples": [{"input": "a"}]}', "Yes, No"),
    ],
)
def test_a_malformed_row_is_named_by_file_and_line(own_data, name, path, line, content, message):
    (own_data / path).parent.mkdir(parents=True)
    (own_data / path).write_text(content)
    benchmark = get_benchmark(name)
    subtask = {"mmlu": "anatomy", "bbh": "navigate", "mgsm": "de", "tydiqa_tiny": "ar"}.get(name, name)
    split = "test" if "test" in benchmark.splits else benchmark.splits[0]
    with pytest.raises(TaskError) as error:
        benchmark.read(subtask, split)
    assert f"{path}:{line}: " in str(error.value) and message in str(error.value)


def test_an_empty_cell_of_mmlu_is_named_by_file_and_line(own_data):
    (own_data / "mmlu/test").mkdir(parents=True)
    file = own_data / "mmlu/test/anatomy_test.csv"
    file.write_text("Where?,here,there,up,down,A\nWhen?,now, ,then,never,A\n")
    (own_data / "mmlu/dev").mkdir()
    (own_data / "mmlu/dev/anatomy_dev.csv").write_text("Who?,I,you,he,she,A\n")
    config = SuiteConfig(("mmlu:cloze",), split="test", subtasks=("anatomy",))
    (part,) = list_work(config, TableModel())
    assert len(part.work) == 1
    _, *notes = part.notes  # the first one says that MMLU has more questions
    assert notes == [
        f"mmlu:cloze: 1 question left out, as an answer option to rank is empty (anatomy/1 at {file}:2): give it its "
        f"text in the data",
    ]
    (part,) = list_work(dataclasses.replace(config, names=("mmlu:zero_shot",)), TableModel())
    assert len(part.work) == 2, "letters are ranked"
    assert part.notes[1:] == (
        f"mmlu:zero_shot: 1 question of 2 asked with an empty answer option (anatomy/1 at {file}:2)",
    )


def test_an_empty_file_is_not_an_empty_score(own_data):
    (own_data / "gsm8k").mkdir()
    (own_data / "gsm8k" / "test.jsonl").write_text("\n")
    benchmark = get_benchmark("gsm8k")
    with pytest.raises(TaskError, match="no question in split test"):
        items(benchmark, "gsm8k", "test", benchmark.format("cot"))


def test_tydiqa_as_its_publisher_ships_it(own_data):
    """A SQuAD-style file of all languages; the exemplar is the language's first training question."""

    def write(name, rows):
        paragraphs = [
            {
                "context": f"context of {i}",
                "qas": [{"id": i, "question": f"{i}?", "answers": [{"text": t} for t in texts]}],
            }
            for i, texts in rows
        ]
        path = own_data / "tydiqa" / f"tydiqa-goldp-v1.1-{name}.json"
        path.write_text(json.dumps({"data": [{"paragraphs": [p]} for p in paragraphs]}))

    (own_data / "tydiqa").mkdir()
    write("dev", [("finnish-1", ["a", "a", "b"]), ("english-1", ["c"]), ("korean-1", ["d"]), ("finnish-2", ["e"])])
    write("train", [("korean-9", ["k"]), ("finnish-8", ["f"]), ("finnish-9", ["g"])])
    benchmark = get_benchmark("tydiqa")
    found = items(benchmark, "fi", "dev", benchmark.format("direct"))
    assert [item.id for item in found] == ["finnish-1", "finnish-2"]
    assert found[0].prompt.references == ("a", "b")
    assert found[0].prompt.exemplars == ("Passage: context of finnish-8\nQuestion: finnish-8?\nAnswer: f\n\n",)
    assert found[0].prompt.query == "Passage: context of finnish-1\nQuestion: finnish-1?\nAnswer:"
    with pytest.raises(TaskError, match="no question in swahili"):
        write("dev", [("swahili-1", ["a"])])
        items(benchmark, "sw", "dev", benchmark.format("direct"))
    scores = [get_metric(name)("The (\u0627\u0644) Vikings!", ("vikings",)) for name in ("squad_exact", "squad_f1")]
    assert scores == [0.0, pytest.approx(2 / 3)]
    assert get_metric("squad_exact")("The Vikings!", ("vikings",)) == 1.0
    assert get_metric("squad_exact")(None, ("vikings",)) == 0.0


def test_a_changed_file_is_read_again(own_data):
    source = shared_path("data/bbh/navigate.json")
    (own_data / "bbh").mkdir()
    shutil.copy(source, own_data / "bbh" / "navigate.json")
    assert len(get_benchmark("bbh").read("navigate", "test")) == 250
    (own_data / "bbh" / "navigate.json").write_text('{"examples": [{"input": "a", "target": "No"}]}')
    assert len(get_benchmark("bbh").read("navigate", "test")) == 1


def test_names_are_resolved_and_misspelt_ones_suggested():
    assert [(b.name, f.name) for b, f in resolve(["flan_paper"])] == list(FLAN_COMPONENTS)
    assert [(b.name, f.name) for b, f in resolve(["gsm8k", "bbh:cot", "gsm8k"])] == [("gsm8k", "cot"), ("bbh", "cot")]
    assert [(b.name, f.name) for b, f in resolve(["flan_paper"], "zero_shot_cot")] == [
        (name, "zero_shot_cot") for name in ("mmlu", "bbh", "tydiqa", "mgsm")
    ]
    with pytest.raises(TaskError, match=r"did you mean.*mmlu"):
        resolve(["mmul"])
    with pytest.raises(TaskError, match=r"no format 'cott'.*did you mean cot"):
        resolve(["mmlu"], "cott")
    with pytest.raises(TaskError, match="no benchmark to run"):
        resolve([])
    with pytest.raises(TaskError, match="--suite gsm8k:direct names a format, and --format cot another: leave one of"):
        resolve(["gsm8k:direct"], "cot")
    with pytest.raises(TaskError, match="no format 'nonsense'"):
        resolve(["gsm8k:nonsense"], "cot")
    assert [f.name for _, f in resolve(["gsm8k:cot"], "cot")] == ["cot"]
    assert all(benchmark.name == name for name, benchmark in BENCHMARKS.items())
