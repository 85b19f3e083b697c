"""SeqIO on both sides: our tasks in its registries give our cache's tokens, and its tasks get into our cache.

TensorFlow stays out of this process: one subprocess does everything and hands back JSON.
"""

import itertools
import json
import os
import pathlib
import subprocess
import sys

import pytest
from array_record.python.array_record_module import ArrayRecordReader
from shared import SHARED

import flan_jax.tasks
from flan_jax.cache import native
from flan_jax.core import assets
from flan_jax.core.manifest import cache_root, decode_record, read_mixture_manifest, read_split_manifest, split_dir
from flan_jax.core.sentencepiece import SentencePieceVocabulary
from flan_jax.declare import registry as task_registry
from flan_jax.declare import task_folders
from flan_jax.declare.registry import restored

pytestmark = pytest.mark.slow

NUM_EXAMPLES = 12
LENGTHS = {"inputs": 64, "targets": 128}
IN_FORMAT = "review_sentiment_zero_shot__fewshot__opt"  # in no mixture; with a budget
OFFICIAL = "__tk_official_def_pos_2_neg_2"  # positive and negative examples are fitted one kind after another
NIV2_TASK = {
    "Categories": ["Word Play"],
    "Source": ["made_here"],
    "Definition": ["Write the word backwards."],
    "Positive Examples": [
        {"input": "a small red house by the sea", "output": "aes eht yb esuoh der llams a", "explanation": ""},
        {"input": "two words and then some more of them", "output": "meht fo erom emos neht dna sdrow owt"},
        {"input": "third", "output": "driht"},
    ],
    "Negative Examples": [{"input": "a", "output": "b"}, {"input": "or, of several words, the longest", "output": "c"}],
    "Instances": [{"id": f"t-{i}", "input": f"word {i}", "output": [f"{i} drow", f"{i}drow"]} for i in range(15)],
}
COT_LINES = "".join(f"How many are {i} and {i}?\\nAdd them.\t{2 * i}\t{i} + {i} = {2 * i}.\\nSo.\n" for i in range(15))

# A module as a SeqIO user would write it: no import of ours.
USER_MODULE = """
import functools, seqio, tensorflow as tf

def rows(split, shuffle_files):
    data = [{"text": f"Repeat: {i}", "label": "" if i == 3 else f"{i} again"} for i in range(20)]
    return tf.data.Dataset.from_generator(lambda: iter(data), output_signature={
        "text": tf.TensorSpec([], tf.string), "label": tf.TensorSpec([], tf.string)})

def accuracy(targets, predictions):
    return {"accuracy": 0.0}

def bleurt_like(targets, predictions):
    return {"bleurt_like": 0.0}

def with_references(dataset, text):
    return dataset.map(lambda row: {**row, "references": [text]})

def edited(body):
    space = {"__name__": "user_tasks"}
    exec(f"def edited(dataset):\\n    {body}\\n    return dataset", space)
    return space["edited"]

def add(name, vocabulary, metric_fns, splits=("train", "validation"), features=("inputs", "targets"), more=()):
    seqio.TaskRegistry.add(
        name,
        source=seqio.FunctionDataSource(rows, splits=splits, num_input_examples={"train": 20, "validation": 20}),
        preprocessors=[
            functools.partial(seqio.preprocessors.rekey, key_map={"inputs": "text", "targets": "label"}),
            seqio.preprocessors.tokenize,
            seqio.preprocessors.append_eos,
            *more,
        ],
        output_features={name: seqio.Feature(vocabulary, add_eos=name == "targets") for name in features},
        postprocess_fn=lambda answer, **_: answer.lower(),
        metric_fns=metric_fns,
    )

def add_all(vocab_path, other_vocab_path, own_task):
    vocabulary = seqio.SentencePieceVocabulary(vocab_path, extra_ids=100)
    add("user_repeat", vocabulary, [accuracy])
    for i, text in enumerate(("one", "one", "two")):
        add(f"user_references_{i}", vocabulary, [accuracy], more=[functools.partial(with_references, text=text)])
    for i, body in enumerate(("later = 17", "later = 17", "later = 18")):
        add(f"user_edited_{i}", vocabulary, [accuracy], more=[edited(body)])
    add("user_odd_metric", vocabulary, [bleurt_like])
    add("user_documents", vocabulary, [], features=("targets",))
    add("user_other_vocabulary", seqio.SentencePieceVocabulary(vocab_path, extra_ids=7), [accuracy])
    seqio.MixtureRegistry.add("user_mixture", [("user_repeat", seqio.mixing_rate_num_examples), (own_task, 3.0)])
"""

# Verbs on what only SeqIO knows: what is asked, and what is said.
VERBS = {
    "tasks render user_repeat --split train --n 2 --start 4 --vocab_path VOCAB": "5 again",
    "tasks show user_repeat": "exact_match",
    "tasks list --mixture user_mixture": "user_repeat\tseqio\ttrain, validation\taccuracy",
    "tasks list --cluster seqio": "user_documents",
    "tasks render user_repeat --format fewshot_2": "does not use --format",
    "tasks render user_repeat --split tset --vocab_path VOCAB": "no split 'tset'; it has train, validation",
    "tasks render user_repeat --start 90 --vocab_path VOCAB": "has no example from row 90 on",
    "tasks show user_mixture": "user_mixture is a mixture of SeqIO's",
    "mix explain user_mixture": "user_mixture is SeqIO's, which has rate functions of its own: `flan-jax cache",
}

SCRIPT = """
import contextlib, io, json, sys
order = json.load(open(sys.argv[1]))
import itertools
import numpy as np
import seqio
import flan_jax.tasks
from flan_jax.cache import build as cache
from flan_jax.cache.seqio_bridge import register_all
from flan_jax.core.errors import FlanError
from flan_jax.declare import task_folders
from flan_jax.declare.registry import all_mixtures, all_tasks, mixture_members
from flan_jax.core.vocabulary import load_vocabulary

task_folders.activate(order["folders"])
added = register_all(order["vocab_path"], names=order["in_formats"])
names = {task.name for task in all_tasks() if task.splits()} | set(order["in_formats"])
names |= {task.name for mixture in all_mixtures() for task in mixture_members(mixture)}
ours = [len(names), len(all_mixtures())]
result = {"ours": ours, "added": added, "added_again": register_all(order["vocab_path"]), "tokens": {}, "errors": {}}

def text(value):
    return value.decode() if isinstance(value, bytes) else value

for name, split in order["tasks"]:
    for lengths in (None, order["lengths"]):
        task = seqio.get_mixture_or_task(name)
        dataset = task.get_dataset(sequence_length=lengths, split=split, shuffle=False)
        result["tokens"][f"{name}/{'limited' if lengths else 'whole'}"] = [
            {key: np.asarray(example[key]).tolist() for key in ("inputs", "targets", "index") if key in example}
            for example in itertools.islice(dataset.as_numpy_iterator(), order["num_examples"])
        ]
task = seqio.get_mixture_or_task(order["tasks"][0][0])
example = next(task.get_dataset(None, split=order["tasks"][0][1], shuffle=False).as_numpy_iterator())
references = task.postprocess_fn("ignored", example=example, is_target=True)
result["references"] = list(references)
result["metrics"] = [fn([references, references], [references[0], "wrong"]) for fn in task.metric_fns]

mixture = seqio.get_mixture_or_task(order["mixture"])
result["rates"] = {task.name: mixture.get_rate(task) for task in mixture.tasks}
import user_tasks
user_tasks.add_all(order["vocab_path"], None, order["tasks"][0][0])
mixed = seqio.get_mixture_or_task("user_mixture").get_dataset(
    sequence_length=order["lengths"], split="train", seed=None)
result["mixed"] = len(list(itertools.islice(mixed.as_numpy_iterator(), 10)))
vocabulary = load_vocabulary(order["vocab_path"])
for name in ("user_mixture", "user_odd_metric", "user_documents", "user_other_vocabulary", "user_mixtrue"):
    try:
        cache.build_cache(name, vocabulary=vocabulary, cache_dir=order["cache_dir"], modules=(), roles=("train",),
                          num_workers=1)
    except FlanError as error:
        result["errors"][name] = f"{type(error).__name__}: {error}"
from flan_jax.cache.seqio_pipeline import find_task, fingerprint
result["prints"] = {
    kind: [fingerprint(find_task(f"user_{kind}_{i}"), "train", None) for i in range(3)]
    for kind in ("references", "edited")
}
from flan_jax.cli.main import main
result["verb"] = {}
for verb in order["verbs"]:
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        main(verb.split())
    result["verb"][verb] = [out.getvalue(), errors.getvalue()]
json.dump(result, open(sys.argv[2], "w"))

# An iterator that is alive at the end, with threads that call Python for more.
import tensorflow as tf
def endless():
    try:
        while True:
            yield 1
    finally:
        open(order["ended"], "w").write("too late" if sys.is_finalizing() else "in time")
alive = iter(tf.data.Dataset.from_generator(endless, output_signature=tf.TensorSpec([], tf.int32)).prefetch(2))
next(alive)
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Small data sets in the layouts of the real ones; the real ones where they are there."""
    root = tmp_path_factory.mktemp("data")
    (root / "niv2/tasks").mkdir(parents=True)
    (root / "niv2/splits/default").mkdir(parents=True)
    for split, count in (("train", 30), ("test", 2)):
        names = [f"task{i}_{split}" for i in range(count)]
        (root / f"niv2/splits/default/{split}_tasks.txt").write_text("\n".join(names))
        for i, name in enumerate(names):
            head = {"Categories": [f"{split} {i % 10}"], "Source": [f"{split} source"]}
            (root / f"niv2/tasks/{name}.json").write_text(json.dumps({**NIV2_TASK, **head}, indent=1))
    (root / "cot").mkdir()
    (root / "cot/gsm8k_train.tsv").write_text(COT_LINES)
    (root / "demonstrations").mkdir()
    (root / "demonstrations/rules.json").write_text('{"validation_share": 0.0, "test_share": 0.0}')
    words = [f"{i} is said{' again' * (2000 if i == 3 else 5)}" for i in range(20)]
    rows = [{"user": f"u{i}", "instruction": text, "response": "Yes."} for i, text in enumerate(words)]
    (root / "demonstrations/own.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    real = {"niv2": SHARED / "data/natural_instructions_v2", "cot": SHARED / "data/flan_cot"}
    found = {name: str(real[name] if real[name].exists() else root / name) for name in real}
    return {**found, "demonstrations": str(root / "demonstrations")}


@pytest.fixture(scope="module")
def vocab_path():
    t5 = SHARED / "data/t5_tokenizer/spiece.model"
    return str(t5 if t5.exists() else assets.EMBEDDED_VOCAB)


@pytest.fixture(scope="module")
def registry(folders):
    """Our registry with the folders of tasks, undone afterwards."""
    with restored():
        task_folders.activate(folders)
        yield


@pytest.fixture(scope="module")
def tasks(registry):
    """(name, split) of one task of each kind."""
    train = {task.name: task for task in task_registry.all_tasks() if task.train_split}
    ends = ("_zero_shot", "_few_shot", "_cot", "_span_corruption")
    chosen = [next((name for name in train if name.endswith(end)), None) for end in ends]
    chosen += [task_registry.get_mixture(name).members[0].name for name in ("niv2_train", "cot_train")]
    chosen += [task_registry.get_mixture("cot_train").members[1].name]
    chosen += [task.name for task in train.values() if task.objective][:1]
    pairs = [(name, "train") for name in dict.fromkeys(chosen) if name]
    pairs += [("demonstrations_own", "train")]  # of which one is too long
    pairs += [(task_registry.get_mixture("niv2_train").members[0].name.partition("__")[0] + OFFICIAL, "train")]
    return [*pairs, (task_registry.get_mixture("niv2_report").members[0].name, "test"), (IN_FORMAT, "train")]


@pytest.fixture(scope="module")
def seqio_says(folders, tasks, vocab_path, tmp_path_factory):
    """What the subprocess found."""
    folder = tmp_path_factory.mktemp("seqio")
    (folder / "user_tasks.py").write_text(USER_MODULE)
    (folder / "script.py").write_text(SCRIPT)
    order = {
        "folders": folders,
        "vocab_path": vocab_path,
        "tasks": tasks,
        "lengths": LENGTHS,
        "num_examples": NUM_EXAMPLES,
        "mixture": "procedural",
        "in_formats": [name for name, _ in tasks if name == IN_FORMAT or name.endswith(OFFICIAL)],
        "cache_dir": str(folder / "cache"),
        "ended": str(folder / "ended"),
        "verbs": [verb.replace("VOCAB", vocab_path) for verb in VERBS],
    }
    (folder / "order.json").write_text(json.dumps(order))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), *(path for path in sys.path if path)]),
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "XLA_FLAGS": "",
    }
    command = [sys.executable, str(folder / "script.py"), str(folder / "order.json"), str(folder / "result.json")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    ended = (folder / "ended").read_text() if (folder / "ended").exists() else "never"
    found = json.loads((folder / "result.json").read_text())
    return {**found, "cache_dir": folder / "cache", "ended": ended, "said": done.stdout}


@pytest.fixture(scope="module")
def vocabulary(vocab_path):
    return SentencePieceVocabulary(vocab_path)


def native_examples(name, split, vocabulary, limit):
    task = task_registry.get_task(name)
    examples = native.tokenise(task, split, vocabulary, limit, native.Tally())
    step = native.num_renderings(task, split)  # SeqIO has the first of each row
    return list(itertools.islice(examples, 0, NUM_EXAMPLES * step, step))


def test_every_task_and_mixture_is_registered_once(seqio_says):
    assert seqio_says["added"] == seqio_says["ours"]
    assert min(seqio_says["added"]) > 5
    assert seqio_says["added_again"] == [0, 0]


def test_seqio_gives_the_tokens_of_the_cache(seqio_says, tasks, vocabulary):
    assert len(tasks) >= 7
    for name, split in tasks:
        expected = native_examples(name, split, vocabulary, None)
        found = seqio_says["tokens"][f"{name}/whole"]
        assert len(found) == len(expected) > 5
        for theirs, ours in zip(found, expected, strict=True):
            assert theirs.get("inputs", []) == ours.inputs_tokens.tolist(), name
            assert theirs["targets"] == ours.targets_tokens.tolist(), name
            assert theirs["index"] == ours.index


def test_seqio_drops_the_same_exemplars(seqio_says, tasks, vocabulary):
    dropped = 0
    for name, split in tasks:
        if task_registry.get_task(name).objective:
            continue
        expected = native_examples(name, split, vocabulary, LENGTHS["inputs"])
        whole = native_examples(name, split, vocabulary, None)
        for theirs, ours, untouched in zip(seqio_says["tokens"][f"{name}/limited"], expected, whole, strict=True):
            ids = ours.inputs_tokens.tolist()
            limit = LENGTHS["inputs"]
            assert theirs["inputs"] == (ids if len(ids) <= limit else [*ids[: limit - 1], 1]), name
            dropped += len(ids) < len(untouched.inputs_tokens)
    assert dropped > 10, "the limit must drop something, or the test says nothing"


def test_metrics_read_all_references(seqio_says, tasks):
    task = task_registry.get_task(tasks[0][0])
    (_, rendered), *_ = task.rendered(tasks[0][1], [0])
    assert seqio_says["references"] == list(rendered.references or (rendered.targets,))
    assert seqio_says["metrics"] == [{name: 0.5} for name in task.metrics]


def test_rates_are_ours(seqio_says):
    mixture = task_registry.get_mixture("procedural")
    counts = {task.name: len(task.source.rows("train")) for task in task_registry.mixture_members(mixture)}
    assert seqio_says["rates"] == {name: min(count, mixture.cap) for name, count in counts.items()}


def test_any_seqio_program_can_draw_from_a_mixture_with_ours(seqio_says):
    assert seqio_says["mixed"] == 10


def test_an_iterator_that_is_left_alive_is_ended_while_python_runs(seqio_says):
    """Its threads would otherwise call an interpreter that is shutting down: a program hung or aborted by chance."""
    assert seqio_says["ended"] == "in time"


def test_a_seqio_mixture_is_cached(seqio_says, tasks, vocabulary):
    root = cache_root(seqio_says["cache_dir"], vocabulary.fingerprint)
    mixture = read_mixture_manifest(root, "user_mixture")
    assert mixture.rates == {"user_repeat": 20.0, tasks[0][0]: 3.0}
    assert mixture.splits["user_repeat"] == {"train": "train"}
    folder = split_dir(root, "user_repeat", "train")
    manifest = read_split_manifest(folder, vocabulary.fingerprint)
    assert manifest.pipeline == "seqio"
    assert manifest.metrics == ("exact_match",)
    assert manifest.dropped == {"empty_targets": 1}
    (shard,) = manifest.shards
    examples = [decode_record(record) for record in ArrayRecordReader(str(folder / shard.file)).read_all()]
    assert len(examples) == manifest.num_examples == 19
    assert examples[5].inputs_tokens.tolist() == [*vocabulary.encode("Repeat: 6"), 1]
    assert examples[5].targets_tokens.tolist() == [*vocabulary.encode("6 again"), 1]
    assert examples[5].references == ("6 again",)
    own = read_split_manifest(split_dir(root, tasks[0][0], "train"), vocabulary.fingerprint)
    assert own.pipeline == "native"


def test_what_a_seqio_task_says_and_a_cache_has_no_place_for_is_said(seqio_says):
    said = seqio_says["said"]
    assert "cache user_mixture: the postprocess_fn of 1 SeqIO task, as user_repeat, is not run: answers are" in said
    assert (
        "cache user_mixture: 1 SeqIO task, as user_repeat, with add_eos=False: here inputs and targets end in EOS"
        in said
    )


@pytest.mark.parametrize("kind", ["references", "edited"])
def test_other_references_and_an_edited_preprocessor_are_cached_anew(seqio_says, kind):
    first, same, other = seqio_says["prints"][kind]
    assert first == same != other


@pytest.mark.parametrize(("verb", "said"), VERBS.items())
def test_verbs_know_seqios_tasks_and_mixtures(seqio_says, vocab_path, verb, said):
    assert said in "".join(seqio_says["verb"][verb.replace("VOCAB", vocab_path)])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("user_odd_metric", "'bleurt_like', which has no counterpart"),
        ("user_documents", "inputs and targets are needed"),
        ("user_other_vocabulary", "7 extra ids"),
        ("user_mixtrue", "no task or mixture is called 'user_mixtrue'"),
    ],
)
def test_seqio_tasks_that_cannot_be_cached_say_why(seqio_says, name, message):
    assert message in seqio_says["errors"][name]


def test_the_successful_mixture_raised_nothing(seqio_says):
    assert "user_mixture" not in seqio_says["errors"]


def test_only_build_imports_seqio():
    """The module that users name is the only one outside flan_jax/build that leads to SeqIO."""
    package = pathlib.Path(flan_jax.tasks.__file__).parent
    assert not [path for path in package.rglob("*.py") if "import seqio" in path.read_text()]
