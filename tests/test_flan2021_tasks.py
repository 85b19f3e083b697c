"""FLAN 2021: the tasks agree with the published list, their templates with the paper's rules, and they run on the real
samples."""

import collections
import csv
import dataclasses
import itertools
import json
import random

import pytest
from flan2021_rows import ROWS
from shared import shared_path

from flan_jax.cache.build import CacheSettings, run_job
from flan_jax.cache.jobs import NATIVE, SplitJob
from flan_jax.cache.native import Tally, tokenise
from flan_jax.cache.train_vocab import ASSET
from flan_jax.core.errors import TaskError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.benchmark import get_benchmark
from flan_jax.declare.formatted import refusal
from flan_jax.declare.registry import add_mixture, get_mixture, get_task, mixture_members
from flan_jax.declare.task import HeldOut, Mixture, missing_source
from flan_jax.declare.templates import HIDDEN, JUDGED_FIELD, ORDERED_FIELD, Choice, Template
from flan_jax.evaluate.metrics import METRICS
from flan_jax.sources.data_dir import VARIABLE
from flan_jax.tasks.flan2021.clusters import CLUSTERS, CODE_CLUSTERS, HELD_OUT_WITH
from flan_jax.tasks.flan2021.dataset import DATASETS, TRAIN_CAP, dataset_of
from flan_jax.tasks.flan2021.mixtures import BASELINES, RATE_CAP, TEMPLATE_COUNTS
from flan_jax.tasks.flan2021.samples import HELD_OUT_FRACTION

PAPER_CLUSTERS = {
    "Natural language inference": "natural_language_inference",
    "Commonsense": "commonsense",
    "Sentiment": "sentiment",
    "Paraphrase": "paraphrase",
    "Closed-book QA": "closed_book_qa",
    "Struct-to-text": "struct_to_text",
    "Reading comprehension": "reading_comprehension",
    "Reading comprehension with commonsense": "reading_comprehension_with_commonsense",
    "Coreference": "coreference",
    "Coreference (eval only)": "coreference",
    "Misc": "misc",
    "Summarization": "summarization",
    "Translation": "translation",
}
# The published builder is no more in TFDS; another one has the same fields.
OTHER_BUILDERS = {"xsum": "xsum", "paws_wiki": "paws_wiki/labeled_final_tokenized"}
DATASETS_BY_NAME = {dataset.name: dataset for dataset in DATASETS.values()}


@pytest.fixture
def facts():
    with open(shared_path("facts/flan2021_tasks.csv"), newline="") as file:
        return {row["task"]: row for row in csv.DictReader(file)}


@pytest.fixture
def real_data(monkeypatch):
    monkeypatch.setenv(VARIABLE, str(shared_path("data")))


def test_names_sources_splits_clusters_and_labels_are_the_published_ones(facts):
    assert set(DATASETS_BY_NAME) == set(facts)
    for name, row in facts.items():
        dataset = DATASETS_BY_NAME[name]
        builder, _, version = row["tfds"].partition(":")
        if name in OTHER_BUILDERS:
            builder, version = OTHER_BUILDERS[name], dataset.tfds.partition(":")[2]
        assert dataset.tfds == (f"{builder}:{version}" if version else builder), name
        assert dataset.cluster == PAPER_CLUSTERS[row["paper_cluster"]], name
        assert (dataset.paper_name or dataset.name) == row["paper_dataset"], name
        if row["train_split"]:  # wsc273 has none of them in the list
            assert (dataset.train, dataset.validation, dataset.test) == (
                row["train_split"],
                row["validation_split"],
                row["test_split"],
            ), name
        assert (dataset.train is None) == (not row["train_split"]), name
        listed = [option for option in row["label_options"].split("|") if option]
        fields = dataset.fields_of(ROWS[name])
        if listed:
            assert sorted(fields["options"]) == sorted(listed), name
        assert ("options" in fields) == (row["is_classification"] == "yes"), name


def test_the_order_of_the_labels_is_the_published_one(facts):
    for name, row in facts.items():
        dataset = DATASETS_BY_NAME[name]
        if dataset.labels:
            assert [word for _, word in dataset.labels] == row["label_options"].split("|"), name


def test_62_data_sets_in_12_clusters(facts):
    counted = [name for name, row in facts.items() if row["counted_in_62"] == "yes"]
    counted = {DATASETS_BY_NAME[name].paper_name or name for name in counted}
    assert len(counted) == 62
    assert len(DATASETS) == 70
    assert {dataset.cluster for dataset in DATASETS.values()} == set(CLUSTERS)


def test_training_takes_30_000_examples_of_a_data_set_at_most():
    for dataset in DATASETS.values():
        assert dict(dataset.source().tfds.max_examples) == {"train": TRAIN_CAP} == {"train": 30_000}


@pytest.mark.parametrize("name", ROWS)
def test_templates(name):
    dataset = DATASETS_BY_NAME[name]
    assert len(dataset.templates) == 10
    assert sum(template.is_turned_around for template in dataset.templates) <= 3
    wordings = ["".join(filter(str.isalnum, template.inputs.lower())) for template in dataset.templates]
    assert len(set(wordings)) == 10, "two wordings differ in punctuation only"
    fields = dataset.fields_of(ROWS[name])
    assert set(fields) - {ORDERED_FIELD} == set(dataset.available)
    for template in dataset.templates:
        if "options" in fields:
            assert template.has_options != template.is_turned_around, template.inputs
        else:
            assert not template.has_options, template.inputs
        for part in (template.instruction + template.inputs).split("{options}"):
            assert "  " not in part and " \n" not in part, template.inputs
    if "options" in fields:
        assert fields["answer"] in fields["options"]
        assert dataset.chance == pytest.approx(1 / len(fields["options"])) or name == "record"
    else:
        assert dataset.chance == 0
    assert set(dataset.metrics) <= set(METRICS), f"{dataset.metrics} are not all known"


def test_the_first_four_templates_are_the_plain_task():
    """So the subsets of the number-of-templates ablation differ in wording and not in what is asked."""
    for dataset in DATASETS.values():
        assert not any(template.is_turned_around for template in dataset.templates[:4]), dataset.name


def test_no_wording_is_used_for_two_data_sets():
    """Families share theirs: the rounds of ANLI, the languages of translation and so on."""
    owners = collections.defaultdict(set)
    for dataset in DATASETS.values():
        for template in dataset.templates:
            owners[template.inputs].add((dataset.cluster, dataset.paper_name or dataset.name))
    shared = {inputs: names for inputs, names in owners.items() if len(names) > 1}
    # What is left says nothing but the question, or translates into English whatever it is given.
    assert all(
        "{foreign}" in inputs or inputs in ("{question}", "{question}\n{options}", "{context}\n\n{question}")
        for inputs in shared
    ), shared


def test_without_options_leaves_no_trace_of_them():
    for name, dataset in DATASETS_BY_NAME.items():
        renderer = get_task(dataset.task_name).render
        if not renderer.has_options:
            continue
        row, hidden = dataset.fields_of(ROWS[name]), Choice(options=HIDDEN)
        ids = renderer.template_ids_for(hidden)
        assert len([i for i in ids if not dataset.templates[i].is_turned_around]) >= 3, name
        for i in ids:
            words = renderer.turn(row, i, hidden, random.Random(0)).inputs.lower()
            assert "option" not in words and "choices" not in words, words
            assert words == words.strip(), name


def test_a_judged_row_is_never_turned_around():
    dataset = DATASETS_BY_NAME["piqa"]
    render = get_task("flan2021_piqa").render
    row = dict(dataset.fields_of(ROWS["piqa"]))
    for judged in (True, False):
        targets = {render({**row, "judged": judged}, random.Random(i), ()).targets for i in range(200)}
        assert targets == {row["answer"]} | (set() if judged else {row["goal"]})


@pytest.mark.parametrize("baseline", BASELINES)
def test_every_task_can_be_put_through_the_baselines_and_subsets(baseline):
    for dataset in DATASETS.values():
        assert refusal(get_task(dataset.task_name), baseline) is None
        for number in TEMPLATE_COUNTS:
            assert refusal(get_task(dataset.task_name), f"templates_{number}") is None


def test_subsets_of_templates_are_nested():
    render = get_task("flan2021_glue_qqp").render
    row = DATASETS_BY_NAME["glue_qqp"].fields_of(ROWS["glue_qqp"])
    seen = {}
    for number in TEMPLATE_COUNTS:
        formatted = get_task(f"flan2021_glue_qqp__templates_{number}__noopt").render
        seen[number] = {formatted(row, random.Random(i), ()).inputs() for i in range(300)}
        assert len(seen[number]) == number
    for few, more in itertools.pairwise(TEMPLATE_COUNTS):
        assert seen[few] < seen[more]
    assert render.templates == DATASETS_BY_NAME["glue_qqp"].templates


# Mixtures


def test_flan2021_has_all_trainable_tasks_at_a_rate_cap_of_3000(facts):
    mixture = get_mixture("flan2021")
    assert mixture.cap == RATE_CAP == 3_000 and mixture.temperature == 1
    names = {member.name for member in mixture.members}
    assert names == {f"flan2021_{name}" for name, row in facts.items() if row["train_split"]}
    assert {member.rate for member in mixture.members} == {"num_examples"}
    assert "flan2021_wsc273" in mixture.held_out.tasks


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_leaving_one_cluster_out_leaves_its_neighbours_out(cluster):
    tasks = mixture_members(get_mixture(f"flan2021_without_{cluster}"))
    apart = {cluster, *HELD_OUT_WITH.get(cluster, ())}
    left = {dataset.task_name for dataset in DATASETS.values() if dataset.cluster not in apart and dataset.train}
    assert {task.name for task in tasks} == left
    judged = mixture_members(get_mixture(f"flan2021_held_out_{cluster}"))
    assert {task.base for task in judged} == {d.task_name for d in DATASETS.values() if d.cluster == cluster}
    for task in judged:
        assert task.train_split is None and task.kind == "whole cluster"


def test_splits_agree_with_the_published_code():
    code = json.loads(shared_path("facts/flan2021_splits.json").read_text())
    ours = {"entailment": "natural_language_inference", "structure_to_text": "struct_to_text"}
    ours |= {"open_domain_qa": "closed_book_qa", "common_sense": "commonsense"}
    ours |= {"read_comp_and_common_sense": "reading_comprehension_with_commonsense"}
    compared = 0
    for split in code["inter_cluster_splits"]:
        cluster = split["test_cluster"]
        cluster = ours.get(cluster, cluster)
        apart = {task for name in split["excluded_train_clusters"] for task in code["clusters"][name]}
        everything = {task for tasks in code["clusters"].values() for task in tasks}
        names = {task.name for task in mixture_members(get_mixture(f"flan2021_without_{cluster}"))}
        assert names == {f"flan2021_{task}" for task in everything - apart}, cluster
        assert len(names) == split["n_train_tasks"]
        compared += 1
    assert compared == 17
    assert {name: tuple(code["clusters"][name]) for name in CODE_CLUSTERS} == {
        name: tuple(sorted(tasks, key=code["clusters"][name].index)) for name, tasks in CODE_CLUSTERS.items()
    }


def test_a_leak_is_refused_by_cluster_data_set_and_task():
    promise = get_mixture("flan2021_without_natural_language_inference").held_out
    member = get_mixture("flan2021_held_out_paraphrase").members[:1]
    for held_out in (
        promise,
        HeldOut(clusters=promise.clusters),
        HeldOut(datasets=promise.datasets),
        HeldOut(tasks=promise.tasks),
    ):
        with pytest.raises(TaskError, match="may not contain flan2021_glue_mrpc"):
            add_mixture(Mixture("flan2021_leak", member, held_out=held_out))


def test_other_suites_data_sets_are_held_out_under_their_builders_names():
    promise = get_mixture("flan2021_without_natural_language_inference").held_out
    assert {"rte", "super_glue_rte", "anli", "anli_r1", "mnli", "glue_mrpc"} <= promise.datasets
    assert not {"piqa", "samsum", "math_dataset"} & promise.datasets


def test_clusters_are_added_in_the_papers_order():
    counts = [len(get_mixture(f"flan2021_clusters_{number}").members) for number in range(1, 8)]
    assert counts == [11, 19, 25, 29, 33, 36, 38]
    for number in range(1, 7):
        fewer, more = (get_mixture(f"flan2021_clusters_{n}").members for n in (number, number + 1))
        assert fewer == more[: len(fewer)]
    apart = get_mixture("flan2021_clusters_7").held_out.clusters
    assert {"natural_language_inference", "commonsense", "closed_book_qa", "paraphrase"} <= apart


def test_the_ablations_train_on_the_same_tasks():
    base = [member.name for member in get_mixture("flan2021_clusters_7").members]
    for form in (*BASELINES, *(f"templates_{number}" for number in TEMPLATE_COUNTS)):
        members = get_mixture(f"flan2021_{form}").members
        assert [member.name for member in members] == [f"{name}__{form}" for name in base]


# Samples


WITHOUT_SAMPLE = {
    "aeslc", "coqa", "definite_pronoun_resolution", "drop", "math_dataset", "multi_news", "natural_questions",
    "newsroom",
    "opinion_abstracts_idebate", "opinion_abstracts_rotten_tomatoes", "qnli", "quac", "sentiment140", "story_cloze",
    "trivia_qa", "wiki_lingua_english_en", "wnli", "wsc273",
}  # fmt: skip


def test_which_data_sets_have_no_sample():
    assert {name for name, dataset in DATASETS_BY_NAME.items() if dataset.sample is None} == WITHOUT_SAMPLE


@pytest.mark.parametrize("name", sorted(set(ROWS) - WITHOUT_SAMPLE))
def test_real_samples_run(name, real_data):
    task = get_task(f"flan2021_{name}")
    assert missing_source(task) is None
    assert task.source.description.startswith("SAMPLE, ") and "is not prepared" in task.source.description
    sizes = {split: len(task.source.rows(split)) for split in task.source.splits}
    assert sizes["train"] >= 6 and all(sizes.values()), sizes
    available = set(dataset_of(task).available)
    for split in task.source.splits:
        rows = task.source.rows(split)
        assert all(set(row) - {JUDGED_FIELD, ORDERED_FIELD} == available for row in rows)
        assert all(("judged" in row) == (split != "train") for row in rows)
        for index, rendered in task.rendered(split, range(min(40, len(rows)))):
            assert rendered.query.strip() and rendered.targets.strip(), (split, index)
            assert "{" not in rendered.query or "{" in "".join(map(str, rows[index].values()))
            if split != "train":
                assert rendered.targets == rows[index]["answer"]
    if "options" in available and name != "wsc":  # FewGLUE has only correct pairs
        answers = {row["answer"] for row in task.source.rows("train")}
        assert len(answers) > 1


def test_splits_cut_from_one_file_do_not_overlap_and_keep_its_order(real_data):
    source = get_task("flan2021_hellaswag").source
    parts = [source.rows(split) for split in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [400, 500 // HELD_OUT_FRACTION, 500 // HELD_OUT_FRACTION]
    topics = [row["activity"] for part in parts for row in part]
    native = shared_path("data/flan2021_sources/hellaswag/hellaswag_val_sample.jsonl").read_text().splitlines()
    assert topics == [json.loads(line)["activity_label"] for line in native]


def test_rows_that_cannot_be_used_are_counted(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    folder = tmp_path / "flan2021_sources" / "hellaswag"
    folder.mkdir(parents=True)
    record = {"ctx": "She", "activity_label": "Tea", "endings": ["sits.", "runs."]}
    labels = [0, 1, -1, 1, 0, -1, 0]
    text = "".join(json.dumps(record | {"label": label}) + "\n" for label in labels)
    (folder / "hellaswag_val_sample.jsonl").write_text(text)
    source = get_task("flan2021_hellaswag").source
    assert [row["answer"] for row in source.rows("train")] == ["sits.", "runs.", "runs.", "sits."]
    assert source.left_out("train") == {"without a gold label": 1}
    assert source.left_out("validation") == {"without a gold label": 1} and len(source.rows("validation")) == 0
    assert source.left_out("test") == {}
    benchmark = get_benchmark("flan_commonsense")
    names = [f"hellaswag_template_{i}" for i in range(3)]
    assert benchmark.left_out(names, "validation") == {"of hellaswag without a gold label": 1}
    assert benchmark.left_out(names, "test") == {}


def test_a_missing_data_set_says_in_one_line_what_to_prepare_and_where(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for dataset in DATASETS.values():
        line = missing_source(get_task(dataset.task_name))
        assert "\n" not in line and str(tmp_path / "tensorflow_datasets") in line
        assert f"tfds build {dataset.tfds.partition(':')[0]} " in line and dataset.licence in line
        with pytest.raises(TaskError, match="tfds build"):
            get_task(dataset.task_name).source.rows("test")


def test_a_half_downloaded_sample_is_missing_and_a_broken_one_names_file_and_line(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    folder = tmp_path / "flan2021_sources" / "rte"
    folder.mkdir(parents=True)
    record = {"premise": "a", "hypothesis": "b", "label": "entailment"}
    (folder / "train.jsonl").write_text(json.dumps(record) + "\n")
    source = get_task("flan2021_rte").source
    assert "val.jsonl" in source.missing()
    (folder / "val.jsonl").write_text(json.dumps(record) + "\n" + json.dumps(record | {"label": "maybe"}) + "\n")
    assert source.missing() is None
    with pytest.raises(TaskError, match=r"val.jsonl:2: label is 'maybe', none of entailment, not_entailment: mend"):
        source.rows("test")
    (folder / "val.jsonl").write_text('{"premise": \n')
    with pytest.raises(TaskError, match=r"val.jsonl:1: not valid JSON"):
        source.rows("test")
    (folder / "val.jsonl").write_bytes(b"\xff, of no encoding")
    with pytest.raises(TaskError, match=r"val.jsonl:1: byte 0xff at column 1 is not UTF-8"):
        source.rows("test")


def test_an_unknown_split_is_refused_with_those_there_are():
    with pytest.raises(TaskError, match=r"no split 'dev'; it is read as train, validation, test"):
        get_task("flan2021_rte").source.rows("dev")


def test_a_declaration_that_breaks_the_papers_rules_is_refused():
    good = DATASETS_BY_NAME["rte"]
    turned = Template("Write a hypothesis for {premise} ({answer}).", targets="{hypothesis}")
    for templates, problem in (
        (good.templates[:9], "9 templates; FLAN 2021 has 10"),
        ((*good.templates[:6], turned, turned, turned, turned), "turns 4 templates around; the limit is 3"),
        ((*good.templates[:9], Template("{premis}")), r"unknown field 'premis'.*did you mean premise"),
    ):
        with pytest.raises(TaskError, match=problem):
            dataclasses.replace(good, templates=templates)
    with pytest.raises(TaskError, match="not a task of FLAN 2021"):
        dataset_of(dataclasses.replace(get_task("flan2021_rte"), name="other"))


def test_the_cache_counts_rows_that_the_source_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    folder = tmp_path / "flan2021_sources" / "hellaswag"
    folder.mkdir(parents=True)
    record = {"ctx": "She", "activity_label": "Tea", "endings": ["sits.", "runs."]}
    text = "".join(json.dumps(record | {"label": label}) + "\n" for label in (0, -1, -1, 1, 0))
    (folder / "hellaswag_val_sample.jsonl").write_text(text)
    tally = Tally()
    examples = list(tokenise(get_task("flan2021_hellaswag"), "train", load_vocabulary(str(ASSET)), 512, tally))
    assert len(examples) == 1 and dict(tally.dropped) == {"without a gold label": 2}
    job = SplitJob("flan2021_hellaswag", "train", NATIVE)
    result = run_job(job, CacheSettings(tmp_path / "cache", str(ASSET), 100, 512))
    assert (result.error, result.num_examples) == ("", 1)
    assert result.notes == ("flan2021_hellaswag/train: 2 rows dropped for without a gold label",)
