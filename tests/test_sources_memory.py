"""Rows in memory and what a notebook does with them: cells that run twice, caches that notice, other processes."""

import dataclasses
import importlib
import multiprocessing
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import flan_jax.tasks  # noqa: F401
from flan_jax.cache import native
from flan_jax.cache.build import build_cache
from flan_jax.cache.ensure import BuildOrder, CacheRequest, ensure_cache
from flan_jax.core import assets
from flan_jax.core.errors import TaskError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare import registry
from flan_jax.declare.benchmark import BENCHMARKS, COLLECTIONS, add_benchmark, add_collection
from flan_jax.declare.formats import Format, Shots, add_format
from flan_jax.declare.registry import add_mixture, add_task, get, get_mixture, get_task, is_local, reset, restored
from flan_jax.declare.task import HeldOut, Member, Mixture, Task
from flan_jax.declare.templated import add_templated_task
from flan_jax.declare.templates import Template
from flan_jax.sources import MappedSource, MemorySource

TEMPLATES = (Template("{question}", "{answer}"), Template("Q: {question}", "{answer}"))


def made_up(count: int = 8) -> list[dict[str, str]]:
    return [{"question": f"what is {i} and one?", "answer": str(i + 1)} for i in range(count)]


@pytest.fixture(autouse=True)
def own_registry():
    with restored():
        yield


@pytest.fixture(scope="module")
def vocabulary():
    return load_vocabulary(str(assets.EMBEDDED_VOCAB))


def test_rows_are_the_lists_own():
    rows, others = made_up(), made_up(2)
    source = MemorySource({"train": rows, "validation": others})
    assert source.splits == ("train", "validation") and source.fields == ("question", "answer")
    assert source.rows("train")[3] is rows[3] and source.rows("train")[-1] is rows[-1]
    assert list(source.rows("validation")) == others and source.rows("train")[1:3] == rows[1:3]
    assert source.description == "rows in memory: 8 train, 2 validation" and "what is" not in repr(source)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MemorySource({}), r"give the rows by split, as in MemorySource\(\{'train': rows\}\)"),
        (lambda: MemorySource(made_up()), "give the rows by split"),
        (lambda: MemorySource({"train": []}), "split train: no rows; at least 1 is needed: leave the split out"),
        (lambda: MemorySource({"train": "abc"}), "split train: a str is no list of rows"),
        (lambda: MemorySource({"train": (row for row in made_up())}), "a generator is no list of rows"),
        (lambda: MemorySource({"train": ["a"]}), "split train, row 0: holds a str; each row is one dict"),
        (lambda: MemorySource({"train": {"a": [1, 2]}}), "split train: a dict is no list of rows"),
        (lambda: MemorySource({"train": made_up()}, fields="answer"), r"as in \('answer',\)"),
        (lambda: MemorySource({"train": made_up()}).rows("test"), "no split 'test'; there are train"),
    ],
)
def test_what_is_no_list_of_rows_is_refused(make, message):
    with pytest.raises(TaskError, match=message):
        make()


def test_a_row_without_a_field_is_named_with_the_nearest_field():
    rows = [*made_up(), {"question": "?", "anwser": "6"}]
    with pytest.raises(TaskError, match=r"mine, split train, row 8: no field 'answer'.*did you mean anwser"):
        list(MemorySource({"train": rows}, name="mine").rows("train"))


def test_a_table_that_is_indexed_by_column_is_refused():
    class Frame:
        def __len__(self):
            return 2

        def __getitem__(self, name):
            raise KeyError(name)

    with pytest.raises(TaskError, match=r"row 0 of a Frame cannot be had by its number: .*to_dict"):
        MemorySource({"train": Frame()})


def test_any_changed_row_changes_the_fingerprint():
    rows = made_up(1000)
    task = Task("many", "mine", MemorySource({"train": rows}), add_templated_task_render(), eval_split=None)
    before = native.fingerprint(task, "train", None)
    assert native.fingerprint(task, "train", None) == before
    rows[501]["answer"] = "another"  # not among the rows whose text is looked at
    assert native.fingerprint(task, "train", None) != before


def add_templated_task_render():
    return add_templated_task("renders", MemorySource({"train": made_up()}), TEMPLATES).render


def test_rows_behind_a_function_or_a_format_have_the_fingerprint_of_all_rows_too():
    rows = made_up(1000)
    mapped = MappedSource(MemorySource({"train": rows}), lambda row: row, ("question", "answer"))
    task = add_templated_task("mapped", mapped, TEMPLATES, eval_split=None)
    fewer = get_task("mapped__rows_900")
    before = [native.fingerprint(each, "train", None) for each in (task, fewer)]
    rows[501]["answer"] = "another"
    after = [native.fingerprint(each, "train", None) for each in (task, fewer)]
    assert before[0] != after[0] and before[1] != after[1]


def test_values_that_json_has_no_word_for_are_told_apart():
    middle = np.arange(2000)  # of which repr shows the ends only
    prints = {
        MemorySource({"train": [{"a": value}]}).content_fingerprint("train")
        for value in (middle, np.where(middle == 900, 0, middle), b"x", {1}, {2}, np.float32(1.5), None, "None")
    }
    assert len(prints) == 8


def test_a_cell_runs_twice_and_its_cache_is_made_anew_only_for_other_rows(vocabulary, tmp_path, capsys):
    def cell(rows, template="{question}"):
        source = MemorySource({"train": rows, "validation": made_up(3)})
        add_templated_task("cell", source, (Template(template, "{answer}"),), replace=True)
        add_mixture(Mixture("cell_mixture", (Member("cell"),)), replace=True)
        build_cache("cell_mixture", vocabulary=vocabulary, cache_dir=tmp_path, num_workers=1)
        return capsys.readouterr().out

    rows = made_up()
    assert "(11 tokenised now)" in cell(rows)
    assert "(0 tokenised now)" in cell(rows)
    assert "(8 tokenised now)" in cell([*rows[:-1], {"question": "and now?", "answer": "no"}])
    assert "(11 tokenised now)" in cell(rows, "Say: {question}")


def test_replacing_keeps_places_and_reaches_mixtures_and_formats():
    names = [task.name for task in registry.all_tasks()]
    old = get_task("nth_word_zero_shot")
    few = get("nth_word_zero_shot__fewshot_2")
    new = add_task(dataclasses.replace(old, cluster="another"), replace=True)
    assert [task.name for task in registry.all_tasks()] == names
    assert new in registry.mixture_members(get_mixture("procedural"))
    assert get("nth_word_zero_shot__fewshot_2").cluster == "another" and few.cluster != "another"


def test_replacing_asks_for_it_and_keeps_promises():
    task = get_task("nth_word_zero_shot")
    with pytest.raises(TaskError, match="nth_word_zero_shot is already registered"):
        add_task(task)
    with pytest.raises(TaskError, match="procedural is already registered"):
        add_task(dataclasses.replace(task, name="procedural"), replace=True)
    with pytest.raises(TaskError, match="nth_word_zero_shot is already registered"):
        add_mixture(Mixture(task.name, (Member("procedural"),)), replace=True)
    with pytest.raises(TaskError, match="mixture procedural contains it, and its cluster 'spatial' is held out"):
        add_task(dataclasses.replace(task, cluster="spatial"), replace=True)
    assert get_task("nth_word_zero_shot") is task


def test_a_mixture_that_replaces_one_may_not_contain_itself():
    add_mixture(Mixture("inner", (Member("nth_word_zero_shot"),)))
    add_mixture(Mixture("outer", (Member("inner"),)))
    with pytest.raises(TaskError, match="mixture inner would contain itself, by outer"):
        add_mixture(Mixture("inner", (Member("outer"),)), replace=True)


def test_formats_benchmarks_and_collections_are_replaced_too():
    benchmark = next(iter(BENCHMARKS.values()))
    with pytest.raises(TaskError, match="already registered"):
        add_benchmark(dataclasses.replace(benchmark, title="mine"))
    assert BENCHMARKS[benchmark.name] is benchmark
    add_benchmark(dataclasses.replace(benchmark, title="mine"), replace=True)
    assert BENCHMARKS[benchmark.name].title == "mine"
    members = ((benchmark.name, benchmark.formats[0].name),)
    add_collection("mine", members)
    with pytest.raises(TaskError, match="already registered"):
        add_collection("mine", members)
    add_collection("mine", members * 2, replace=True)
    assert len(COLLECTIONS["mine"]) == 2
    add_format("mine", Format("two", shots=(Shots((2,)),)))
    before = get_task("nth_word_zero_shot__mine")
    with pytest.raises(TaskError, match="format mine is already registered"):
        add_format("mine", Format("three", shots=(Shots((3,)),)))
    add_format("mine", Format("three", shots=(Shots((3,)),)), replace=True)
    after = get_task("nth_word_zero_shot__mine")
    assert after is not before and after.render.form.shots == (Shots((3,)),)
    assert get_task("nth_word_zero_shot__mine") is after


def test_restored_and_reset_take_back_what_a_session_added():
    task, names = get_task("nth_word_zero_shot"), [task.name for task in registry.all_tasks()]
    with restored():
        add_task(dataclasses.replace(task, cluster="another"), replace=True)
        add_task(dataclasses.replace(task, name="inside"))
    assert get_task("nth_word_zero_shot") is task
    assert [task.name for task in registry.all_tasks()] == names and not is_local("nth_word_zero_shot")
    add_task(dataclasses.replace(task, cluster="another"), replace=True)
    add_task(dataclasses.replace(task, cluster="a third"), replace=True)
    add_task(dataclasses.replace(task, name="a_cells"))
    add_mixture(Mixture("a_cells_mixture", (Member("a_cells"),), held_out=HeldOut(tasks=frozenset({"x"}))))
    add_format("a_cells", Format("one", shots=(Shots((1,)),)))
    reset()
    assert [task.name for task in registry.all_tasks()] == names and get_task("nth_word_zero_shot") is task
    with pytest.raises(TaskError, match="no task or mixture is called 'a_cells_mixture'"):
        get("a_cells_mixture")
    with pytest.raises(TaskError, match="no format is called 'a_cells'"):
        get("nth_word_zero_shot__a_cells")


def test_only_what_a_call_registers_is_local(tmp_path, monkeypatch):
    module = """
        import dataclasses
        from flan_jax.declare.registry import add_task, get_task

        def register(name):
            add_task(dataclasses.replace(get_task("nth_word_zero_shot"), name=name))

        register("imported")
    """
    (tmp_path / "tasks_of_mine.py").write_text(textwrap.dedent(module))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("tasks_of_mine").register("called")
    assert is_local("called") and not is_local("imported") and not is_local("nth_word_zero_shot")
    assert is_local("called__fewshot_2") and not is_local("imported__fewshot_2") and not is_local("nowhere")
    add_format("mine", Format("two", shots=(Shots((2,)),)))
    assert is_local("imported__mine") and is_local("imported__rows_4__mine")
    add_mixture(Mixture("of_both", (Member("imported"), Member("called"))))
    assert is_local("of_both") and not is_local("procedural")


def test_local_tasks_are_cached_in_this_process_and_it_says_so(vocabulary, tmp_path, capsys, monkeypatch):
    def no_process(*args, **kwargs):
        raise AssertionError("another process cannot know these tasks")

    monkeypatch.setattr(subprocess, "run", no_process)
    monkeypatch.setattr(multiprocessing, "get_context", no_process)
    rows = MemorySource({"train": made_up(), "validation": made_up(3)})
    render = add_templated_task_render()
    add_task(Task("functions_of_a_cell", "mine", rows, lambda row, rng, pool: render(row, rng, pool)))
    order = BuildOrder((CacheRequest("functions_of_a_cell"),), str(tmp_path), str(vocabulary.path), num_workers=2)
    ensure_cache(order)
    said = capsys.readouterr().out
    assert "functions_of_a_cell: registered in this process only" in said and "(11 tokenised now)" in said
    ensure_cache(order)
    assert capsys.readouterr().out.endswith("(0 tokenised now)\n")


def test_tasks_of_a_script_without_a_main_guard_are_cached(tmp_path):
    script = f"""
        import flan_jax.tasks
        from flan_jax.cache.ensure import BuildOrder, CacheRequest, ensure_cache
        from flan_jax.core import assets
        from flan_jax.declare import Template, add_templated_task
        from flan_jax.sources import MemorySource

        rows = [{{"question": f"what is {{i}}?", "answer": str(i)}} for i in range(8)]
        source = MemorySource({{"train": rows, "validation": rows}})
        add_templated_task("of_a_script", source, (Template("{{question}}", "{{answer}}"),))
        ensure_cache(BuildOrder((CacheRequest("of_a_script"),), {str(tmp_path)!r}, str(assets.EMBEDDED_VOCAB)))
    """
    (tmp_path / "script.py").write_text(textwrap.dedent(script))
    done = subprocess.run([sys.executable, str(tmp_path / "script.py")], capture_output=True, text=True)
    assert done.returncode == 0 and "16 examples" in done.stdout, done.stdout + done.stderr


def test_other_mixtures_of_the_same_order_go_to_their_own_process(vocabulary, tmp_path, monkeypatch):
    started = []

    class Done:
        returncode, stderr = 0, ""

    monkeypatch.setattr(subprocess, "run", lambda command, **kwargs: started.append(command) or Done)
    add_templated_task("cell", MemorySource({"train": made_up(), "validation": made_up()}), TEMPLATES)
    requests = (CacheRequest("cell"), CacheRequest("procedural_selection", ("eval",)))
    ensure_cache(BuildOrder(requests, str(tmp_path), str(vocabulary.path)))
    ((*_, text),) = started
    assert BuildOrder.from_json(text).requests == requests[1:]
