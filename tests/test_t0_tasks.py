"""T0: its names, mixtures and promises, and the rendered files of P3 that they read."""

import csv
import json
import math

import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401
from flan_jax.cache.build import build_cache
from flan_jax.cache.native import fingerprint
from flan_jax.cli.main import main
from flan_jax.core import assets
from flan_jax.core.errors import CacheError, TaskError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare import task_folders
from flan_jax.declare.known_counts import known_examples
from flan_jax.declare.registry import add_mixture, get_mixture, get_task, mixture_members, restored
from flan_jax.declare.task import Mixture, missing_source
from flan_jax.sources.data_dir import VARIABLE
from flan_jax.tasks.t0.data_sets import DATA_SETS
from flan_jax.tasks.t0.flan2022 import T0_SF
from flan_jax.tasks.t0.register import task_name
from flan_jax.tasks.t0.source import P3Source

HELD_OUT = {  # data set -> evaluation prompts (T0's own list)
    "super_glue_rte": 10,
    "super_glue_cb": 15,
    "anli_r1": 15,
    "anli_r2": 15,
    "anli_r3": 15,
    "super_glue_wsc_fixed": 10,
    "winogrande_winogrande_xl": 5,
    "super_glue_copa": 12,
    "story_cloze_2016": 5,
    "hellaswag": 4,
    "super_glue_wic": 10,
}


@pytest.fixture
def registry():
    """The registry and the active folders, as they were before, afterwards."""
    with restored():
        yield


@pytest.fixture
def data(tmp_path, monkeypatch):
    """An empty data folder."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def members(name):
    return mixture_members(get_mixture(name))


def test_t0_sf_is_flan_2022s_list():
    facts = csv.DictReader(shared_path("facts/flan2022_tasks.csv").read_text().splitlines())
    rows = [row for row in facts if row["paper_mixture"] == "T0-SF"]
    names = [task_name(row["repo_task_name"].partition(":")[2]) for row in rows]
    assert len(names) == 193
    assert {task.name for task in members("t0_sf")} == set(names)
    assert get_mixture("t0_sf").cap == 20_000
    known = {task_name(task.p3_name): task for task in T0_SF}
    for name, row in zip(names, rows, strict=True):
        assert (known[name].category, known[name].kind) == (row["generic_category"], row["note"])
        assert known_examples(name) == int(row["train_examples"]), name


def test_t0_and_its_larger_kin_have_p3s_prompts_and_rates():
    sizes = {name: len(members(name)) for name in ("t0", "t0p", "t0pp")}
    assert sizes == {"t0": 313, "t0p": 313 + 79, "t0pp": 313 + 79 + 72}
    assert len({task.dataset for task in members("t0")}) == 38
    facts = list(csv.DictReader(shared_path("facts/t0_datasets.csv").read_text().splitlines()))
    by_name = {(data_set.name, data_set.subset): data_set for data_set in DATA_SETS}
    for row in facts:
        if row["train_group"]:
            data_set = by_name[row["hf_name"], row["subset"]]
            assert len(data_set.p3_names()) == int(row["promptsource_templates_HEAD"])
            assert data_set.rate == int(row["sampling_cap_per_template"])
    rates = {member.name: member.rate for member in get_mixture("t0").members}
    assert rates["t0_gigaword_TLDR"] == 500_000 // 9  # 3.8 million examples
    assert rates["t0_sciq_Direct_Question"] == 11_679


def test_t0_holds_out_the_eleven_data_sets():
    report = members("t0_report")
    assert {task.dataset: sum(t.dataset == task.dataset for t in report) for task in report} == HELD_OUT
    for task in report:
        assert (task.train_split, task.metrics, task.kind) == (None, ("rank_accuracy",), "whole cluster")
        assert math.isclose(1 / task.chance, round(1 / task.chance))
        assert get_mixture("t0").held_out.violation(task), task.name
    released = {
        stage: {task.dataset for task in report if not get_mixture(stage).held_out.violation(task)}
        for stage in ("t0", "t0p", "t0pp")
    }
    assert released["t0"] == set()
    assert released["t0p"] == {"hellaswag"}
    assert released["t0pp"] == {"hellaswag", "super_glue_wsc_fixed", "super_glue_copa", "super_glue_wic"}


def test_a_member_that_is_held_out_is_refused(registry):
    leaky = (*get_mixture("t0").members, get_mixture("t0_report").members[0])
    with pytest.raises(TaskError, match=r"may not contain t0_super_glue_wsc_fixed_.*is held out"):
        add_mixture(Mixture("leaky", leaky, held_out=get_mixture("t0").held_out))


def test_what_is_not_here_is_named_in_a_line(data):
    line = missing_source(get_task("t0_cos_e_v1_11_rationale"))
    assert "configuration cos_e_v1.11_rationale" in line and str(data / "p3_t0/cos_e_v1_11_rationale") in line
    assert "licence: prompts Apache-2.0" in line and "\n" not in line
    assert "not in P3" in missing_source(get_task("t0_story_cloze_2016_Choose_Story_Ending_score_eval"))
    with pytest.raises(TaskError, match=r"split train is not here\. P3 cos_e_v1\.11_rationale: download"):
        P3Source("cos_e_v1.11_rationale").rows("train")


def rendered(name):
    task = get_task(name)
    return [example for _, example in task.rendered(task.splits()[0])]


def write_jsonl(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_each_layout_gives_the_same_rows(data):
    write_jsonl(data / "p3_t0/imdb_Reviewer_Enjoyment.jsonl", [{"prompt": "Ask.\n", "completion": "Yes<|endoftext|>"}])
    hub = {"inputs_pretokenized": "Ask.", "targets_pretokenized": "\nYes", "answer_choices": ["No", "Yes"]}
    write_jsonl(data / "p3_t0/ag_news_classify/train.jsonl", [hub, {**hub, "answer_choices": None}])
    (flat,) = rendered("t0_imdb_Reviewer_Enjoyment")
    first, second = rendered("t0_ag_news_classify")
    assert (flat.query, flat.targets, flat.options) == ("Ask.", "Yes", ())
    assert (first.query, first.targets, first.options) == ("Ask.", "Yes", ("No", "Yes"))
    assert second == flat
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    for split in ("train", "validation"):
        folder = data / f"p3_t0/super_glue_copa_choose/{split}"
        folder.mkdir(parents=True)
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist([hub]), folder / "0000.parquet")
    assert rendered("t0_super_glue_copa_choose") == [first]
    assert rendered("t0_super_glue_copa_choose_score_eval") == [first]
    assert missing_source(get_task("t0_super_glue_copa_choose_score_eval")) is None


@pytest.mark.parametrize("form", ["", "__fewshot_2"])
@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"prompt": "Ask."},
            "it has the fields prompt; a P3 row has prompt and completion, or inputs_pretokenized and "
            "targets_pretokenized: give it them, or take it out",
        ),
        (
            {"prompt": "Ask.", "completion": ["Yes"]},
            "field 'completion' is ['Yes'], of type list; a text is needed, or",
        ),
    ],
)
def test_a_row_without_a_completion_is_named_by_file_and_line(data, form, row, message):
    path = data / "p3_t0/imdb_Reviewer_Enjoyment.jsonl"
    rows = [{"prompt": f"Ask {i}.", "completion": f"Yes {i}"} for i in range(6)]
    write_jsonl(path, [*rows[:2], row, *rows[2:]])
    with pytest.raises(TaskError) as error:
        rendered(f"t0_imdb_Reviewer_Enjoyment{form}")
    assert str(error.value).startswith(f"task t0_imdb_Reviewer_Enjoyment{form}, split train, {path}:3: {message}")


def test_rows_of_another_layout_and_files_without_completions_say_so(data):
    write_jsonl(data / "p3_t0/ag_news_classify.jsonl", [{"text": "a"}])
    with pytest.raises(TaskError, match=r"ag_news_classify\.jsonl:1: it has the fields text; a P3 row has prompt and"):
        rendered("t0_ag_news_classify")
    write_jsonl(data / "p3_t0/trec_trec1.jsonl", [{"prompt": "Ask.", "completion": ""}] * 9)
    assert "has no completions in its first 5 rows: remove it" in missing_source(get_task("t0_trec_trec1"))
    (data / "p3_t0/trec_trec2.jsonl").write_text('{"prompt": "Ask."')
    assert missing_source(get_task("t0_trec_trec2")) is None
    with pytest.raises(TaskError, match=r"trec_trec2\.jsonl:1: not valid JSON"):
        rendered("t0_trec_trec2")


def test_the_real_files_are_tasks_with_text(monkeypatch):
    folder = shared_path("data/p3_t0")
    monkeypatch.setenv(VARIABLE, str(folder.parent))
    files = sorted(path.stem for path in folder.glob("*.jsonl"))
    tasks = [get_task(task_name(name)) for name in files]
    usable = [task for task in tasks if not missing_source(task)]
    assert len(tasks) == 243
    assert len(tasks) - len(usable) == 7  # TREC's, which have no completions
    for task in usable[::12]:
        for _, example in task.rendered("train"):
            assert example.query and (example.targets or "multi_news" in task.name)  # some of these are cut, see below
            assert "<|endoftext|>" not in example.query + example.targets
    stories = [example.targets for example in rendered("t0_duorc_ParaphraseRC_build_story_around_qa")]
    assert stories.count("") > 20 and any(stories)  # cut at 2,048 characters: dropped by the cache, and counted
    assert not any(text.endswith("...") for text in stories)


def test_the_real_files_are_cached(monkeypatch, tmp_path, registry):
    monkeypatch.setenv(VARIABLE, str(shared_path("data/p3_t0").parent))
    some = [task for task in members("t0") if not missing_source(task)][::80]
    add_mixture(Mixture("some_of_t0", tuple(m for m in get_mixture("t0").members if m.name in {t.name for t in some})))
    vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
    manifest = build_cache("some_of_t0", vocabulary=vocabulary, cache_dir=tmp_path / "cache", num_workers=1)
    assert len(manifest.num_examples) == len(some) >= 3
    assert all(count > 0 for count in manifest.num_examples.values())


CHECKOUT = """\
dataset: {name}
{subset}templates:
  a: !Template
    answer_choices: 'No ||| Yes'
    id: a
    jinja: '{{{{text}}}} So? ||| {{{{answer_choices[label]}}}}'
    metadata: !TemplateMetadata
      original_task: true
      metrics: [Accuracy]
    name: So?
    reference: ''
  b: !Template
    answer_choices: null
    id: b
    jinja: 'Shorten {{{{{field}}}}} ||| {{{{text[:2]}}}}'
    metadata: !TemplateMetadata
      original_task: false
      metrics: [ROUGE]
    name: shorten
    reference: ''
"""


def make_checkout(root):
    def write(folder, subset="", field="text", text=None):
        path = root / "promptsource/templates" / folder / subset / "templates.yaml"
        path.parent.mkdir(parents=True)
        line = f"subset: {subset}\n" if subset else ""
        path.write_text(text or CHECKOUT.format(name=folder, subset=line, field=field))

    write("imdb")
    write("super_glue", "rte")
    write("anli")
    write("user/own", field="txet")
    write("broken", text="dataset: broken\ntemplates: {\n")
    return root


def test_a_checkouts_prompts_are_tasks(registry, tmp_path, data):
    rows = [{"text": f"Text {i}.", "label": i % 2} for i in range(6)]
    write_jsonl(data / "hugging_face/imdb/train.jsonl", rows)
    write_jsonl(data / "hugging_face/user/own/train.jsonl", rows)
    write_jsonl(data / "hugging_face/anli/train_r2.jsonl", rows)
    write_jsonl(data / "hugging_face/anli/dev_r2.jsonl", rows[:2])
    notes = task_folders.activate({"promptsource": make_checkout(tmp_path / "checkout")})
    assert "11 prompts of 6 data sets" in notes[0] and "2 refused" in notes[1]
    assert any("broken/templates.yaml:" in note and "not valid YAML" in note for note in notes[2:])
    assert any("unknown field 'txet'; rows have label, text" in note for note in notes[2:])

    imdb = get_task("p3_imdb_So_")
    assert (imdb.cluster, imdb.metrics, imdb.chance, imdb.eval_split) == ("sentiment", ("rank_accuracy",), 0.5, None)
    texts = [(example.query, example.targets, example.options) for _, example in imdb.rendered("train")]
    assert texts[1] == ("Text 1. So?", "Yes", ("No", "Yes"))
    assert get_task("p3_imdb_shorten").metrics == ("rouge_l",)
    anli = get_task("p3_anli_So__r2")
    assert (anli.splits(), len(anli.source.rows("validation"))) == (("train", "validation"), 2)
    assert "datasets/super_glue (configuration rte)" in missing_source(get_task("p3_super_glue_rte_So_"))

    assert [member.name for member in get_mixture("p3_t0").members] == ["p3_imdb_So_", "p3_imdb_shorten"]
    assert {member.rate for member in get_mixture("p3_t0").members} == {25_000}
    assert {task.name for task in members("p3_report")} == {
        "p3_super_glue_rte_So_",
        *(f"p3_anli_So__r{number}" for number in (1, 2, 3)),
    }
    assert get_mixture("p3_t0").held_out == get_mixture("t0").held_out
    assert len(members("p3")) == 13
    assert fingerprint(imdb, "train", 64) == fingerprint(imdb, "train", 64)


def test_what_is_refused_fails_at_the_end_of_a_cache_run_and_of_a_list(registry, tmp_path, data, capsys):
    write_jsonl(data / "hugging_face/imdb/train.jsonl", [{"text": f"Text {i}.", "label": i % 2} for i in range(6)])
    checkout = make_checkout(tmp_path / "checkout")
    for other in ("super_glue", "anli", "user"):
        (checkout / "promptsource/templates" / other).rename(tmp_path / other)
    task_folders.activate({"promptsource": checkout})
    with pytest.raises(CacheError, match=r"1 of 3 splits of p3 .*(?s:.)*broken/templates.yaml:\d+: not valid YAML"):
        build_cache(
            "p3",
            vocabulary=load_vocabulary(str(assets.EMBEDDED_VOCAB)),
            cache_dir=tmp_path / "cache",
            num_workers=1,
        )
    assert len(list((tmp_path / "cache").glob("*/*/p3_imdb_*/train/manifest.json"))) == 2  # the others went on
    assert main(["tasks", "list", "--mixture", "p3"]) == 1
    out, err = capsys.readouterr()
    states = [line.rpartition("\t")[2] for line in out.splitlines()]
    assert sorted(states) == ["here", "here", "refused"] and "refused: 1 task of the list" in err
    assert main(["tasks", "list", "--mixture", "p3", "--source", "hugging_face"]) == 0


def test_a_folder_that_is_no_checkout_says_so(registry, tmp_path):
    with pytest.raises(TaskError, match=r"has no templates\.yaml"):
        task_folders.activate({"promptsource": tmp_path})
