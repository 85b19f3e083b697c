"""Every procedural family: right answers and rationales, disjoint splits, the promises its tasks make."""

import itertools
import os
import statistics
import subprocess
import sys

import procedural_lookups  # noqa: F401, its solvers join the others
import procedural_rationales
import procedural_solvers
import pytest

import flan_jax.tasks.procedural  # noqa: F401
from flan_jax.core.errors import TaskError
from flan_jax.declare.registry import get_task
from flan_jax.tasks.procedural.family import MIN_TEMPLATES, ProceduralSource, all_families, content_split

FAMILIES = {family.name: family for family in all_families()}
each_family = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
NUM_ROWS = 120


def source_of(family):
    return ProceduralSource(family.name, family.generate, family.sizes)


def some_rows(family):
    source = source_of(family)
    return [source.row("train", i) for i in range(NUM_ROWS)]


def test_size_of_the_collection():
    trained = [family for family in FAMILIES.values() if not family.kind]
    held_out = {family.cluster for family in FAMILIES.values() if family.kind == "whole cluster"}
    assert len(trained) >= 26 and len({family.cluster for family in trained}) >= 10
    assert len(held_out) >= 3 and not held_out & {family.cluster for family in trained}
    for cluster in held_out:
        assert sum(family.cluster == cluster for family in FAMILIES.values()) >= 2
    assert sum(bool(family.cot_templates) for family in trained) >= 10
    assert all(len(family.templates) >= MIN_TEMPLATES for family in FAMILIES.values())


def test_no_wording_is_shared_by_training_and_held_out_families():
    def wordings(families):
        return {template.instruction + template.inputs for family in families for template in family.templates}

    held_out = [f for f in FAMILIES.values() if f.kind in ("whole cluster", "composition")]
    trained = [f for f in FAMILIES.values() if not f.kind]
    shared = wordings(held_out) & wordings(trained)
    # With the same words for every family, {facts} {question} is no wording but the row alone.
    assert all("{question}" in wording for wording in shared), shared


@each_family
def test_answers_are_those_of_an_independent_solver(family):
    for row in some_rows(family):
        assert procedural_solvers.SOLVERS[family.name](row) == row["answer"], row


@pytest.mark.parametrize("name", [family.name for family in FAMILIES.values() if family.cot_templates])
def test_rationales_hold_and_lead_to_the_answer(name):
    for row in some_rows(FAMILIES[name]):
        procedural_rationales.RATIONALES[name](row)


@each_family
def test_rows_have_the_declared_fields_and_options_hold_the_answer(family):
    for row in some_rows(family):
        assert set(row) == set(family.fields)
        assert all(isinstance(value, str) for key, value in row.items() if key != "options")
        options = row.get("options")
        if options is not None:
            assert len(set(options)) == len(options) and row["answer"] in options
        assert ("rationale" in row) == bool(family.cot_templates)


@each_family
def test_chance_is_one_over_the_number_of_options(family):
    shares = [1 / len(row["options"]) if "options" in row else 0.0 for row in some_rows(family)]
    # Families draw the number of options: the mean of 120 rows is near the stated mean.
    assert statistics.mean(shares) == pytest.approx(family.chance, abs=0.03)


@each_family
def test_no_answer_is_given_away_by_its_frequency(family):
    """Always giving the commonest answer must be about as bad as chance, or worse than 40%."""
    answers = [row["answer"] for row in some_rows(family)]
    commonest = max(answers.count(answer) for answer in set(answers)) / len(answers)
    assert commonest < max(0.4, family.chance + 0.15), commonest


@each_family
def test_splits_are_disjoint_and_varied(family):
    source = source_of(family)
    contents = {}
    for split in ("train", "validation", "test"):
        rows = [source.row(split, i) for i in range(min(source.sizes[split], 300))]
        assert {content_split(row) for row in rows} == {split}
        contents[split] = [repr(sorted((k, v) for k, v in row.items() if k != "options")) for row in rows]
    for a, b in itertools.combinations(contents.values(), 2):
        assert not set(a) & set(b)
    assert len(set(contents["validation"])) >= 20


@each_family
def test_tasks_of_a_family(family):
    zero, few = get_task(f"{family.name}_zero_shot"), get_task(f"{family.name}_few_shot")
    assert (zero.train_split is None) == bool(family.kind) == (few.train_split is None)
    assert zero.kind == few.kind == family.kind and zero.chance == few.chance == family.chance
    if not family.kind:
        new = get_task(f"{family.name}_new_template")
        assert new.train_split is None and new.kind == "new template"
        assert not set(new.render.template_ids) & set(zero.render.template_ids)
        assert set(new.render.template_ids) | set(zero.render.template_ids) == set(range(len(family.templates)))
    if family.cot_templates and not family.kind:
        cot = get_task(f"{family.name}_cot")
        assert cot.metrics == ("final_answer",)
        for _, rendered in cot.rendered("train", range(3)):
            assert "So the answer is " in rendered.targets and not rendered.options


@each_family
def test_exemplars_are_two_and_never_the_row_itself(family):
    task = get_task(f"{family.name}_few_shot")
    for _, rendered in task.rendered("train", range(6)):
        assert len(rendered.exemplars) == 2
        query = rendered.query.removeprefix("Now you: ")
        assert all(query not in exemplar for exemplar in rendered.exemplars)


def test_same_text_in_another_process_with_another_hash_seed():
    program = (
        "import flan_jax.tasks.procedural, hashlib\n"
        "from flan_jax.declare.registry import all_tasks\n"
        "h = hashlib.sha256()\n"
        "for task in all_tasks():\n"
        "    if not task.source.description.startswith('generated: '):\n"
        "        continue\n"
        "    for i, r in task.rendered(task.source.splits[0], [5, 1]):\n"
        "        h.update(repr((task.name, i, r)).encode())\n"
        "print(h.hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_importing_tasks_draws_nothing_opens_no_data_and_imports_no_tensorflow():
    program = (
        "import sys, random, builtins\n"
        "state = random.getstate()\n"
        "import hashlib, flan_jax.tasks.procedural.family, flan_jax.declare.templates\n"
        "def refuse(*a, **k): raise AssertionError('random number drawn at import')\n"
        "random.Random.random = random.Random.getrandbits = random.Random.seed = refuse\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
        "import flan_jax.tasks.procedural\n"
        "assert random.getstate() == state\n"
        "assert all(name.endswith(('.py', '.pyc')) or '.pyc.' in name for name in opened), opened\n"
        "assert not {'tensorflow', 'seqio', 'jax'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_source_is_lazy_pure_and_says_what_it_lacks():
    drawn = []

    def generate(rng):
        drawn.append(1)
        return {"n": str(rng.randrange(10**6))}

    source = ProceduralSource("s", generate, {"train": 10**9, "test": 5})
    rows = source.rows("train")
    assert len(rows) == 10**9 and not drawn
    assert rows[-1] == rows[10**9 - 1] and rows[3] == source.row("train", 3) != rows[4]
    assert [row["n"] for row in source.rows("test")] == [row["n"] for row in source.rows("test")[:]]
    with pytest.raises(IndexError, match="there are 5 rows"):
        source.rows("test")[5]
    with pytest.raises(TaskError, match="has no split 'validation'; it has train, test"):
        source.rows("validation")
    with pytest.raises(TaskError, match="procedural splits are"):
        ProceduralSource("s", generate, {"dev": 5})
    with pytest.raises(TaskError, match="the least is 1"):
        ProceduralSource("s", generate, {"train": 0})


def test_generator_without_variety_is_an_error_not_an_endless_loop():
    row = {"n": "1"}
    missing = next(split for split in ("train", "test") if split != content_split(row))
    with pytest.raises(TaskError, match="widen what its generator draws from"):
        ProceduralSource("s", lambda rng: row).row(missing, 0)
