"""Flan 2022's mixtures against the facts: the exact list of tasks, caps, weights, proportions, promises."""

import csv
import dataclasses
import functools
import math
import re
import tomllib

import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401
from flan_jax.cache.availability import availability, expected_counts, missing_lines, unavailable_reason
from flan_jax.cache.rates import resolve_rates
from flan_jax.cache.trace import trace
from flan_jax.core.errors import TaskError
from flan_jax.declare import registry as task_registry
from flan_jax.declare.known_counts import known_examples
from flan_jax.declare.registry import (
    add_mixture,
    add_task,
    get,
    get_mixture,
    get_task,
    mixture_members,
)
from flan_jax.declare.task import HeldOut, Member, Mixture, missing_source
from flan_jax.tasks.flan2022 import mixtures, release
from flan_jax.tasks.flan2022.tfds_tasks import science_fields
from flan_jax.tasks.flan2022.unreleased import FIELDS

PARTS = {"Muffin": "muffin", "T0-SF": "t0_sf", "NIV2": "niv2", "CoT": "cot"}


@pytest.fixture(scope="module")
def table():
    with open(shared_path("facts/flan2022_tasks.csv"), newline="") as file:
        return [row for row in csv.DictReader(file) if row["counted_in_1836"] == "yes"]


@pytest.fixture(scope="module")
def facts():
    return tomllib.loads(shared_path("facts/flan2022_mixture.toml").read_text())


@functools.cache
def niv2_names():
    return frozenset(task.name for task in task_registry.all_tasks() if task.name.startswith("niv2_task"))


def our_name(row):
    """The rule from the table's names to ours."""
    name = row["repo_task_name"]
    if row["paper_mixture"] == "NIV2":
        ours = "niv2_" + re.sub(r"\W", "_", name, flags=re.ASCII)
        # The table cuts ten names at their first dot ("task074_squad1" for task074_squad1.1_question_generation).
        whole = [task for task in niv2_names() if task.startswith(f"{ours}_")]
        return whole[0] if len(whole) == 1 and ours not in niv2_names() else ours
    if row["paper_mixture"] == "T0-SF":
        return "t0_" + re.sub(r"\W", "_", name.partition(":")[2], flags=re.ASCII)
    if row["paper_mixture"] == "CoT":
        return "cot_" + name.partition("_")[2]
    return {"flan2021": "flan2021_", "dialog": "dialog_"}.get(row["release_submixture"], "") + name


def test_every_counted_row_of_the_table_is_a_task_of_its_part_and_no_other(table):
    assert len(table) == 1838  # the paper counts 1,836: two fewer of NIV2 (Z_disagreements.md)
    for label, part in PARTS.items():
        expected = [our_name(row) for row in table if row["paper_mixture"] == label]
        assert len(set(expected)) == len(expected)
        assert {task.name for task in mixture_members(get_mixture(part))} == set(expected)
    assert bases("flan2022") == {our_name(row) for row in table}


def bases(mixture):
    """Names of the tasks of a mixture, whatever format they are in."""
    return {base_of(task) for task in mixture_members(get_mixture(mixture))}


def base_of(task):
    while task.base:
        task = get_task(task.base)
    return task.name


def test_exemplars_are_shown_half_of_the_time_in_every_part():
    """The ratio is the release's: variants zsopt, zsnoopt, fsopt, fsnoopt in equal parts (B_flan2022.md, B2)."""
    names = (
        "flan2022",
        "flan2022_a",
        *(f"flan2022_stage_{count}" for count in mixtures.STAGES),
        *(f"flan2022_tasks_{count}" for count in mixtures.TASK_COUNTS),
        *(f"flan2022_templates_{count}" for count in mixtures.TEMPLATE_COUNTS),
    )
    for name in names:
        for task in mixture_members(get_mixture(name)):
            form = "def_half_pos_2" if task.name.startswith("niv2") else "half_fewshot"
            assert task.format.endswith(form), (name, task.name)
    for name, formats in (("zeroshot", {"def", "zeroshot"}), ("fewshot", {"def_pos_2", "fs"})):
        assert {task.format for task in mixture_members(get_mixture(f"flan2022_{name}"))} == formats
        assert bases(f"flan2022_{name}") == bases("flan2022")


def test_a_task_of_flan_2022_shows_exemplars_to_half_of_its_rows(registry):
    yes_no = get_task("flan2021_bool_q")
    add_task(dataclasses.replace(yes_no, name="flan2021_boolq_made_up", source=YesNo(), exemplar_split=None))
    task = get_task("flan2021_boolq_made_up__half_fewshot")
    counts = [len(rendered.exemplars) for _, rendered in task.rendered("train")]
    without = counts.count(0)
    assert len(counts) == 600 and 250 <= without <= 350  # 300 expected, 12 is a standard deviation
    # Half of the rest has five, each in words of its own, half as many as would share the query's template.
    assert 110 <= counts.count(5) <= 200 and max(counts) == 6
    # A data set of few rows shows what it has, and counts what is missing.
    add_task(dataclasses.replace(yes_no, name="flan2021_boolq_small", source=YesNo(4), exemplar_split=None))
    few = [rendered for _, rendered in get_task("flan2021_boolq_small__half_fewshot").rendered("train", range(4))]
    assert max(len(rendered.exemplars) for rendered in few) <= 3
    assert all(len(rendered.exemplars) + rendered.exemplars_missing in range(7) for rendered in few)
    with pytest.raises(TaskError, match="5 exemplars are asked for, the pool of 3 rows has 3"):
        dict(get_task("flan2021_boolq_small__fewshot_5").rendered("train", [0]))
    zero = dict(get_task("flan2021_boolq_made_up__zeroshot").rendered("train", [0, 1]))
    assert all(not rendered.exemplars and rendered.preamble + rendered.query for rendered in zero.values())


def test_sizes_and_weights_are_the_tables(table):
    """But for rounding: the table rounds CoT and FLAN 2021 down to whole rounds of their templates."""
    compared = 0
    for row in table:
        if row["train_examples"]:
            known, name = known_examples(our_name(row)), our_name(row)
            assert known is not None, name
            cap = get_mixture(PARTS[row["paper_mixture"]]).cap
            assert cap == int(row["example_cap"]), name
            weight = int(row["sampling_weight_after_cap"])
            assert min(known, cap) == pytest.approx(weight, abs=max(15, 0.001 * weight)), name
            compared += 1
    assert compared >= 1830
    sums = {"muffin": 1_535_600, "t0_sf": 2_725_276, "niv2": 4_235_910, "cot": 74_730}  # B_flan2022.md
    for part, expected in sums.items():
        names = [task.name for task in mixture_members(get_mixture(part))]
        cap = get_mixture(part).cap
        total = sum(min(count, cap) for name in names if (count := known_examples(name)) is not None)
        assert total == pytest.approx(expected, rel=1e-3), part


def test_proportions_and_caps_are_the_papers(facts):
    paper = facts["paper"]
    for part in PARTS.values():
        assert get_mixture(part).cap == paper[part]["cap"]
        assert mixtures.PROPORTIONS_A[part] == pytest.approx(100 * paper[part]["proportion_a"])
        assert mixtures.PROPORTIONS_B[part] == pytest.approx(100 * paper[part]["proportion_b"])
    for name, proportions in (("flan2022_a", mixtures.PROPORTIONS_A), ("flan2022", mixtures.PROPORTIONS_B)):
        shares = our_shares(name)
        total = sum(proportions.values())
        assert shares == pytest.approx({part: share / total for part, share in proportions.items()})


def rates_of(mixture):
    counts = expected_counts(mixture, missing_lines(mixture))
    return resolve_rates(mixture, {name: count.num_examples for name, count in counts.items()})


def part_shares(mixture):
    rates = rates_of(mixture)
    total = math.fsum(rates.values())
    return {
        member.name: math.fsum(rates[task.name] for task in mixture_members(get_mixture(member.name))) / total
        for member in mixture.members
    }


def test_the_mixture_without_chains_of_thought_lacks_them_alone():
    assert bases("flan2022") - bases("flan2022_without_cot") == bases("flan2022_stage_9")
    rest = 100 - mixtures.PROPORTIONS_A["cot"]
    shares = {part: mixtures.PROPORTIONS_A[part] / rest for part in ("muffin", "t0_sf", "niv2")}
    assert our_shares("flan2022_without_cot") == pytest.approx(shares)


def our_shares(name):
    """Shares of Flan 2022's own parts, `flan2022_PART`, by the part's name."""
    return {part.removeprefix("flan2022_"): share for part, share in part_shares(get_mixture(name)).items()}


def test_stages_are_the_papers(facts):
    expected = facts["paper"]["scaling_order"]["tasks"][1:]  # the first stage is no finetuning
    assert list(mixtures.STAGES) == expected == [9, 89, 282, 1836]
    before: set[str] = set()
    for count, parts in mixtures.STAGES.items():
        names = bases(f"flan2022_stage_{count}")
        assert len(names) == (1838 if count == 1836 else count) and before < names
        before = names
        shares = our_shares(f"flan2022_stage_{count}")
        total = sum(mixtures.PROPORTIONS_A[part] for part in parts)
        assert shares == pytest.approx({part: mixtures.PROPORTIONS_A[part] / total for part in parts})


def test_the_release_has_its_own_rates_caps_and_variants(facts):
    released = facts["release"]
    assert released["rates"] == release.RATES and released["caps"] == release.CAPS
    assert released["input_inversion_rate"] == release.INVERTED_RATE
    for part, variants in released["variants"].items():
        assert list(variants) == list(release.VARIANTS[part])
        shares = part_shares(get_mixture(f"flan_collection_{part}"))
        assert list(shares.values()) == pytest.approx(list(variants.values())), part
    shares = part_shares(get_mixture("flan_collection"))
    assert {name.removeprefix("flan_collection_"): share for name, share in shares.items()} == pytest.approx(
        released["rates"]
    )
    for part in ("cot", "dialog"):
        regular, turned = part_shares(get_mixture(f"flan_collection_{part}_both_zsopt")).values()
        assert turned / regular == pytest.approx(0.3)


def test_a_variant_is_the_same_tasks_in_another_format():
    plain = [task.name for task in mixture_members(get_mixture("flan_collection_flan2021_zsopt"))]
    assert len(plain) == 71  # 72 but for the one without data, which the release's code has not
    for variant in ("fsopt", "zsnoopt", "fsnoopt"):
        others = mixture_members(get_mixture(f"flan_collection_flan2021_{variant}"))
        assert [task.base for task in others] == [get_task(name).base for name in plain]
    assert get_task("flan2021_bool_q__zsnoopt").format == "zsnoopt"


def test_subsets_of_tasks_are_nested_and_of_their_size():
    order = [name for _, name in mixtures.task_order()]
    assert len(order) == 1838
    for count in mixtures.TASK_COUNTS:
        assert bases(f"flan2022_tasks_{count}") == set(order[:count])
    # A hash decides: the same on every machine.
    assert order[:3] == FIRST_OF_THE_ORDER


FIRST_OF_THE_ORDER = [
    "t0_amazon_polarity_user_satisfied",
    "niv2_task1010_pib_translation_hindi_bengali",
    "niv2_task088_identify_typo_verification",
]


@dataclasses.dataclass(frozen=True)
class YesNo:
    num_rows: int = 600
    splits = ("train", "validation")
    description = "made here"

    def rows(self, split):
        row = {"passage": "Ice is cold.", "title": "Ice", "answer": "yes", "options": ("no", "yes")}
        return [{**row, "question": f"is ice number {i} cold"} for i in range(self.num_rows)]


@pytest.fixture
def registry():
    """A registry of this test's own."""
    with task_registry.restored():
        yield


@pytest.mark.parametrize("count", [1, 2, 4, 7, 10])
def test_subsets_of_templates_use_only_the_first(count, registry):
    yes_no = get_task("flan2021_bool_q")
    add_task(dataclasses.replace(yes_no, name="flan2021_boolq_made_up", source=YesNo(), exemplar_split=None))
    limited = mixture_members(get_mixture(f"muffin_templates_{count}"))
    assert len(limited) == 80
    formatted = [task for task in limited if task.format == f"templates_{count}__half_fewshot"]
    assert len(formatted) == 80
    templates = {
        trace(task, "train", row).template
        for task in (get_task(f"flan2021_boolq_made_up__templates_{count}"),)
        for row in range(60)
    }
    assert templates == set(range(count))
    assert len(mixture_members(get_mixture(f"flan2022_templates_{count}"))) == 1838


def test_what_nobody_can_download_is_registered_and_says_why(monkeypatch, tmp_path):
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(tmp_path))
    muffin = get_mixture("muffin")
    gone = {task.name for task in mixture_members(muffin) if unavailable_reason(task)}
    assert gone == {
        "dialog_task_master",
        "flan2021_trivia_qa_wiki_missing",
        "program_synthesis_dmcc_python",
        *(
            f"program_synthesis_dr_repair_{form}"
            for form in ("error_comments", "line_numbers", "no_errors", "plain_code")
        ),
    }
    found = availability(muffin, missing_lines(muffin))
    assert found.gone.keys() == gone and found.num_assumed == 7
    assert "legal reasons" in found.gone["dialog_task_master"]
    # Who has the data can use it.
    path = tmp_path / "flan2022_unreleased" / "dialog_task_master" / "train.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"inputs": "USER: a table for two?\\nASSISTANT:", "targets": "At what time?"}\n')
    task = get_task("dialog_task_master")
    assert unavailable_reason(task) is None and missing_source(task) is None
    ((_, rendered),) = task.rendered("train")
    assert (rendered.inputs(), rendered.targets) == ("USER: a table for two?\nASSISTANT:", "At what time?")
    assert FIELDS == ("inputs", "targets")
    path.write_text('{"inputs": "no targets"}\n')
    with pytest.raises(TaskError, match=r"train.jsonl, row 0: no field 'targets'"):
        list(task.rendered("train"))


@pytest.mark.parametrize(
    "name",
    [m.name for m in task_registry.all_mixtures() if m.name.startswith(("flan2022", "flan_coll", "muffin"))]
    + ["t0_sf", "niv2", "cot", "cot_inverted"],
)
def test_every_mixture_promises_not_to_train_on_the_benchmarks(name):
    held_out = get_mixture(name).held_out
    assert held_out.benchmarks == {"mmlu", "bbh", "tydiqa", "mgsm"}
    assert not [task.name for task in mixture_members(get_mixture(name)) if held_out.violation(task)]


def test_registration_refuses_a_leak(registry, table):
    with open(shared_path("facts/niv2_excluded_mmlu_tasks.csv"), newline="") as file:
        excluded = ["niv2_" + re.sub(r"\W", "_", row["task"], flags=re.ASCII) for row in csv.DictReader(file)]
    assert len(excluded) == 57 and not set(excluded) & {our_name(row) for row in table}
    promise = get_mixture("flan2022").held_out
    for name in excluded:
        with pytest.raises(TaskError, match=f"may not contain {name}: its data set"):
            add_mixture(Mixture("leaky", (Member("cot"), Member(name)), held_out=promise))
    add_task(dataclasses.replace(get_task("cot_gsm8k"), name="cot_mgsm", dataset="mgsm"))
    with pytest.raises(TaskError, match="its data set 'mgsm' is held out"):
        add_mixture(Mixture("leaky", (Member("flan2022"), Member("cot_mgsm")), held_out=HeldOut(datasets={"mgsm"})))


def test_a_member_named_twice_is_refused():
    with pytest.raises(TaskError, match=r"mixture twice names cot_gsm8k twice, which would double its rate"):
        Mixture("twice", (Member("cot_gsm8k"), Member("cot_qasc"), Member("cot_gsm8k", 2.0)))


@pytest.mark.parametrize(
    "name", ["flan2021", "t0", "t0p", "t0pp", "t0_sf", "niv2", "cot", "tk_instruct", "mtk_instruct", "instructgpt_sft"]
)
def test_the_other_papers_mixtures_are_there(name):
    assert isinstance(get(name), Mixture)


def test_science_questions_have_exactly_four_options():
    row = {"input": "What melts? \\n (A) Ice. (B) Fire. (C) Wind. (D) Sound.", "output": "Ice."}
    fields = science_fields(row)
    assert fields is not None
    assert (fields["question"], fields["answer"], fields["options"]) == (
        "What melts?",
        "Ice.",
        ("Ice.", "Fire.", "Wind.", "Sound."),
    )
    assert science_fields({"input": "What melts? \\n (A) Ice. (B) Fire. (C) Wind.", "output": "Ice."}) is None
    five = row["input"] + " (E) Light."
    assert science_fields({"input": five, "output": "Ice."}) is None
    assert science_fields({**row, "output": "Snow."}) is None
