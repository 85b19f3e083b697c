"""The mixtures' promises: what is trained on, what selects, what is reported, and that they never meet."""

import dataclasses

import pytest

import flan_jax.tasks.procedural  # noqa: F401
from flan_jax.core.errors import TaskError
from flan_jax.declare.registry import (
    add_mixture,
    add_task,
    get_mixture,
    get_task,
    mixture_members,
    promises_of,
    restored,
)
from flan_jax.declare.task import HeldOut, Member, Mixture, Task
from flan_jax.declare.templates import Template, TemplateRenderer
from flan_jax.sources import MemorySource
from flan_jax.tasks.procedural.family import Family, all_families


def members(name):
    return mixture_members(get_mixture(name))


def test_training_has_every_training_family_in_every_format():
    names = {task.name for task in members("procedural")}
    for family in all_families():
        formats = {f"{family.name}_zero_shot", f"{family.name}_few_shot"}
        if family.cot_templates:
            formats.add(f"{family.name}_cot")
        assert formats <= names if not family.kind else not formats & names


def test_held_out_mixtures_are_disjoint_and_never_trained_on():
    trained, selection, report = (members(m) for m in ("procedural", "procedural_selection", "procedural_report"))
    assert not {task.name for task in selection} & {task.name for task in report}
    assert not {task.name for task in trained} & {task.name for task in selection + report}
    for task in selection + report:
        assert task.train_split is None and task.kind
    whole = {
        name: {task.cluster for task in tasks if task.kind == "whole cluster"}
        for name, tasks in (("selection", selection), ("report", report))
    }
    assert len(whole["selection"]) >= 2 and len(whole["report"]) >= 2
    assert not whole["selection"] & whole["report"]
    assert not {task.dataset for task in selection} & {task.dataset for task in report}
    trained_clusters = {task.cluster for task in trained}
    for task in selection + report:
        assert (task.cluster in trained_clusters) == (task.kind == "new template")


@pytest.mark.parametrize("name", ["procedural_selection", "procedural_report"])
def test_each_held_out_mixture_has_every_kind_and_both_formats(name):
    tasks = members(name)
    assert {task.kind for task in tasks} == {"whole cluster", "composition", "new template", "new label words"}
    for task in tasks:
        if task.kind != "new template":
            assert {f"{task.dataset}_zero_shot", f"{task.dataset}_few_shot"} <= {other.name for other in tasks}


@pytest.mark.parametrize("held_out", ["story_where_zero_shot", "remove_then_last_few_shot", "nth_word_new_template"])
def test_adding_a_held_out_task_to_training_is_refused(held_out):
    mixture = dataclasses.replace(
        get_mixture("procedural"), name="procedural_leaky", members=(Member("nth_word_zero_shot"), Member(held_out))
    )
    with pytest.raises(TaskError, match=f"procedural_leaky may not contain {held_out}"):
        add_mixture(mixture)


def test_a_new_task_of_a_held_out_cluster_is_refused_too():
    task = dataclasses.replace(get_task("nth_word_zero_shot"), name="nth_word_in_a_held_out_cluster", cluster="spatial")
    mixture = Mixture("procedural_leaky", (Member(task.name),), held_out=get_mixture("procedural").held_out)
    with restored():
        add_task(task)
        with pytest.raises(TaskError, match="its cluster 'spatial' is held out"):
            add_mixture(mixture)


MMLU_TASK = "niv2_task685_mmmlu_answer_generation_clinical_knowledge"


def test_a_members_promise_is_a_promise_of_what_it_is_in():
    import flan_jax.tasks  # noqa: F401

    with restored():
        with pytest.raises(TaskError) as error:
            add_mixture(Mixture("mine", (Member("flan2022"), Member(MMLU_TASK))))
        data_set = get_task(MMLU_TASK).dataset
        assert str(error.value) == (
            f"mixture mine may not contain {MMLU_TASK}: its data set {data_set!r} is held out by its member flan2022: "
            f"drop either, or give that promise up by Member('flan2022', keep_promises=False)"
        )
        outer = add_mixture(Mixture("outer", (Member("procedural", 2.0), Member("nth_word_zero_shot"))))
        leaky = Mixture("leaky", (Member("outer"), Member("story_where_zero_shot")))
        with pytest.raises(TaskError, match=r"held out by procedural, which is in its member outer: .*'outer'"):
            add_mixture(leaky)
        assert promises_of(outer) == get_mixture("procedural").held_out and outer.held_out == HeldOut()
        # Given up by name, at that place alone; a mixture above does not get it back.
        members = (Member("outer", keep_promises=False), Member("story_where_zero_shot"))
        assert promises_of(add_mixture(Mixture("knowing", members))) == HeldOut()
        add_mixture(Mixture("above", (Member("knowing"),)))


def test_what_replaces_a_member_keeps_the_promises_above_it():
    rows = MemorySource({"train": [{"q": "a", "answer": "b"}]})
    task = Task("plain", "mine", rows, TemplateRenderer((Template("{q}"),)), eval_split=None)
    with restored():
        add_task(task)
        add_task(dataclasses.replace(task, name="secret", dataset="judged"))
        add_mixture(Mixture("inner", (Member("plain"),)))
        add_mixture(Mixture("beside", (Member("plain"),)))
        promise = HeldOut(datasets=frozenset({"judged"}))
        add_mixture(Mixture("promising", (Member("plain"),), held_out=promise))
        add_mixture(Mixture("outer", (Member("inner"), Member("promising"))))
        with pytest.raises(TaskError, match=r"mixture outer may not contain secret: .* by its member promising"):
            add_mixture(Mixture("inner", (Member("secret"),)), replace=True)
        add_mixture(Mixture("beside", (Member("secret"),)), replace=True)
        with pytest.raises(TaskError, match="plain may not be replaced: mixture promising contains it"):
            add_task(dataclasses.replace(task, dataset="judged"), replace=True)
        add_mixture(Mixture("promising", (Member("beside"),)), replace=True)
        with pytest.raises(TaskError, match=r"mixture promising may not contain secret: .* by promising itself"):
            add_mixture(Mixture("promising", (Member("beside"),), held_out=promise), replace=True)


def test_new_label_words_are_no_labels_in_training():
    from flan_jax.tasks.procedural.lexicon import NEW_LABELS, TRAIN_LABELS

    assert not set(NEW_LABELS) & set(TRAIN_LABELS)
    for task in members("procedural"):
        if task.dataset in ("labelled_review", "labelled_fact"):
            assert not {r.targets for _, r in task.rendered("train", range(200))} & set(NEW_LABELS)


def test_the_lexicon_names_nothing_twice():
    from flan_jax.tasks.procedural import lexicon as lx

    disjoint = [*lx.CATEGORIES.values(), lx.THINGS, lx.NAMES, lx.PLACES, lx.CITIES, lx.JOBS, lx.FOODS, lx.GOOD_WORDS]
    disjoint += [
        lx.BAD_WORDS,
        lx.NONSENSE,
        lx.DAYS,
        lx.MONTHS,
        lx.WEATHER,
        lx.DIRECTIONS,
        lx.TRAIN_LABELS,
        lx.NEW_LABELS,
    ]
    words = [word for group in disjoint for word in group]
    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize(
    ("name", "objective"),
    [
        ("procedural_span", "span_corruption"),
        ("procedural_prefix", "prefix_lm"),
        ("procedural_retold", None),
        ("procedural_pairs", None),
    ],
)
def test_pretraining_documents_are_text_without_questions_or_orders(name, objective):
    for task in members(name):
        assert task.objective == objective and task.cluster == "documents" and task.eval_split is None
        texts = []
        for _, rendered in task.rendered("train", range(40)):
            assert not (objective and rendered.query) and "?" not in rendered.query + rendered.targets
            texts.append(f"{rendered.query} {rendered.targets}")
        assert len(set(texts)) > 30
    wordings = [t.inputs for family in all_families() for t in family.templates]
    heads = {wording.partition("{")[0].strip() for wording in wordings}
    orders = {head for head in heads if len(head.split()) >= 3}
    assert not any(order in text for text in texts for order in orders)


def test_evaluation_has_chance_above_zero_only_with_options():
    for family in all_families():
        assert isinstance(family, Family)
        assert (family.chance > 0) == ("options" in family.fields)
