"""Demonstrations: four published formats and our own become one record; K pairs become K examples; what is dropped is
counted; nobody's prompts are in two splits."""

import json
import random

import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401
from flan_jax.cache.build import build_cache
from flan_jax.cache.native import Tally, tokenise
from flan_jax.core import assets
from flan_jax.core.errors import TaskError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare import task_folders
from flan_jax.declare.registry import get_mixture, get_task, mixture_members, restored
from flan_jax.declare.task import missing_source
from flan_jax.sources.data_dir import VARIABLE, Download
from flan_jax.tasks.demonstrations.__main__ import main
from flan_jax.tasks.demonstrations.curate import (
    SPLITS,
    Demonstration,
    DemonstrationRenderer,
    DemonstrationRules,
    Pair,
    contact_details,
    curate,
    examples,
)
from flan_jax.tasks.demonstrations.readers import read_demonstrations
from flan_jax.tasks.demonstrations.source import DemonstrationSource

REAL = "data/human_demonstrations"


@pytest.fixture
def registry():
    """The registry and the active folders, as they were before, afterwards."""
    with restored():
        yield


def plain(number, user="u", text=None):
    return Demonstration(f"d{number}", user, "plain", text or f"Prompt {number}.", (Pair("", f"Response {number}."),))


def kept(curated):
    return [demonstration.id for split in SPLITS for demonstration in curated.splits[split]]


def texts(demonstration):
    return [DemonstrationRenderer()(row, random.Random(0), ()) for row in examples(demonstration)]


def write_jsonl(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_k_pairs_become_k_examples_each_shown_the_others():
    pairs = tuple(Pair(f"q{i}", f"r{i}") for i in range(4))
    rendered = texts(Demonstration("d", "u", "few_shot", "Do so.", pairs))
    assert [example.targets for example in rendered] == ["r0", "r1", "r2", "r3"]
    for number, example in enumerate(rendered):
        assert len(example.exemplars) == 3
        shown = "".join(example.exemplars)
        for other in range(4):
            assert (f"Query: q{other}\nResponse: r{other}\n" in shown) == (other != number)
    assert rendered[1].inputs(1) == "Do so.\n\nQuery: q0\nResponse: r0\n\nQuery: q1\nResponse:"


def test_a_chats_turns_are_shown_what_went_before():
    first, second = texts(Demonstration("d", "u", "chat", "", (Pair("Hello", "Hi."), Pair("And?", "Well."))))
    assert (first.inputs(), first.targets) == ("Hello", "Hi.")
    assert (second.inputs(), second.targets) == ("User: Hello\n\nAssistant: Hi.\n\nUser: And?\n\nAssistant:", "Well.")


def test_a_plain_prompt_is_as_it_was_written():
    (example,) = texts(Demonstration("d", "u", "user", "Rewrite this. ", (Pair("Too long\na text.", " Short. "),)))
    assert (example.inputs(), example.targets, example.exemplars) == (
        "Rewrite this.\n\nToo long\na text.",
        "Short.",
        (),
    )


def test_pairs_without_queries_show_nothing_of_each_other():
    rendered = texts(Demonstration("d", "u", "few_shot", "Name one.", (Pair("", "a"), Pair("", "b"), Pair("", " "))))
    assert [(example.inputs(), example.targets) for example in rendered] == [("Name one.", "a"), ("Name one.", "b")]


def test_users_are_split_not_prompts():
    demonstrations = [plain(number, user=f"user {number % 400}") for number in range(2_000)]
    curated = curate(demonstrations, DemonstrationRules())
    users = {split: {demonstration.user for demonstration in curated.splits[split]} for split in SPLITS}
    assert sum(map(len, users.values())) == 400
    assert 270 < len(users["train"]) < 370 and 20 < len(users["validation"]) < 65 and 20 < len(users["test"]) < 65
    again = curate(reversed(demonstrations), DemonstrationRules())
    assert {split: {d.id for d in again.splits[split]} for split in SPLITS} == {
        split: {d.id for d in curated.splits[split]} for split in SPLITS
    }


def test_nobody_has_more_than_the_limit():
    demonstrations = [plain(number, user="a" if number % 2 else "b") for number in range(500)]
    curated = curate(demonstrations, DemonstrationRules())
    assert len(curated.dropped["over_user_limit"]) == 100
    assert set(kept(curated)) == {f"d{number}" for number in range(400)}  # the first 200 of each


def test_marks_of_an_end_are_taken_off_and_counted():
    pairs = (Pair("Which?</s>", "Red.###eos_token###"), Pair("And?", "###eos_token###"))
    both = Demonstration("a", "u", "chat", "Choose.<|endoftext|>", pairs)
    only = Demonstration("b", "u", "plain", "Say it.", (Pair("", " ###eos_token###"),))
    curated = curate([both, only], DemonstrationRules(validation_share=0.0, test_share=0.0))
    (left,) = curated.splits["train"]
    assert (left.instruction, left.pairs) == ("Choose.", (Pair("Which?", "Red."), Pair("And?", "")))
    assert curated.dropped["empty"] == ("b",)  # nothing was written
    assert curated.stripped("train") == {"###eos_token###": 2, "</s>": 1, "<|endoftext|>": 1}
    assert "without a response, not trained on: 1 pair of 2" in "\n".join(curated.lines())
    assert "stripped of their end: 2 texts that ended in ###eos_token###" in "\n".join(curated.lines())


def test_a_long_common_start_is_a_duplicate():
    start = "Write a story about " + "a very old ship " * 5
    demonstrations = [
        plain(0, text=start + "in winter."),
        plain(1, text=start.upper().replace(" ", "\n") + "in summer."),  # case and white space don't count
        plain(2, text=start[:90] + "x" * 30),
        plain(3, text="Hello"),
        plain(4, text=" hello "),
        plain(5, text="Hello you"),  # a short prompt is no duplicate of a longer one
    ]
    rules = DemonstrationRules(prefix_characters=100)
    assert len(" ".join(start.split())) >= 99
    curated = curate(demonstrations, rules)
    assert curated.dropped["duplicate"] == ("d1", "d4")
    assert sorted(kept(curated)) == ["d0", "d2", "d3", "d5"]
    assert len(kept(curate(demonstrations, DemonstrationRules(prefix_characters=5)))) == 2


def test_of_duplicates_the_one_with_the_most_turns_stays():
    chat = Demonstration("chat", "u", "chat", "", (Pair("Prompt 0.", "a"), Pair("b", "c")))
    assert kept(curate([plain(0), chat], DemonstrationRules())) == ["chat"]
    assert kept(curate([chat, plain(0)], DemonstrationRules())) == ["chat"]


def test_the_pii_filter_and_empty_prompts_are_counted():
    demonstrations = [plain(0, text="Mail me at a.b@example.org"), plain(1), plain(2, text=" "), plain(3)]
    demonstrations.append(Demonstration("silent", "u", "plain", "Say", (Pair("", " "),)))
    rules = DemonstrationRules(pii_filter="contact_details")
    curated = curate(demonstrations, rules)
    assert curated.dropped["pii"] == ("d0",)
    assert curated.dropped["empty"] == ("d2", "silent")
    assert len(curate(demonstrations, DemonstrationRules()).dropped["pii"]) == 0
    report = "\n".join(curated.lines())
    assert "5 prompts read, 2 kept" in report and "dropped, pii: 1 (d0)" in report


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("me@example.org", True),
        ("Call +49 (30) 1234-5678", True),
        ("host 192.168.0.1 is", True),
        ("In 2021, 300,000 people in 12 towns", False),
        ("version 1.2.3 of 2022-10-11", False),
    ],
)
def test_contact_details(text, found):
    assert contact_details(text) is found


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"pii_filter": "os:system"}, "'os:system' is none of contact_details.* data and name no code"),
        ({"pii_filter": "contact_detail"}, "did you mean contact_details"),
        ({"max_prompts_per_user": 0}, "the least is 1"),
        ({"validation_share": 0.6, "test_share": 0.4}, "together below 1"),
    ],
)
def test_rules_that_cannot_be_say_why(rules, message):
    with pytest.raises(TaskError, match=message):
        curate([plain(0)], DemonstrationRules(**rules))


def test_a_data_folder_runs_nothing(tmp_path):
    """Who writes rules.json may choose a filter, not a function: `os:system` was called with each prompt."""
    ran = tmp_path / "ran"
    row = {"user": "u", "instruction": f"touch {ran}", "response": "Done."}
    write_jsonl(tmp_path / "mine/a.jsonl", [row])
    (tmp_path / "mine/rules.json").write_text('{"pii_filter": "os:system"}')
    source = DemonstrationSource(Download("mine", "", "", str(tmp_path / "mine")))
    with pytest.raises(TaskError, match="'os:system' is none of contact_details"):
        source.curated()
    assert not ran.exists()


OASST = {
    "message_tree_id": "tree",
    "prompt": {
        "text": "Ask",
        "role": "prompter",
        "replies": [
            {"text": "second best", "role": "assistant", "rank": 1, "replies": []},
            {
                "text": "best",
                "role": "assistant",
                "rank": 0,
                "replies": [
                    {"text": "more?", "replies": [{"text": "more", "rank": 0}, {"text": "x", "deleted": True}]}
                ],
            },
            {"text": "made up", "rank": -1, "synthetic": True},
        ],
    },
}


@pytest.mark.parametrize(
    ("row", "kind", "instruction", "pairs"),
    [
        ({"user": 7, "instruction": "Do", "response": "done"}, "plain", "Do", [("", "done")]),
        ({"user": "a", "kind": "user", "query": "Do", "response": "done"}, "user", "", [("Do", "done")]),
        (
            {
                "user": "a",
                "instruction": "Do",
                "pairs": [{"query": "p", "response": "q"}, {"query": "r", "response": "s"}],
            },
            "few_shot",
            "Do",
            [("p", "q"), ("r", "s")],
        ),
        ({"instruction": "Do", "instances": [{"input": "", "output": "done"}]}, "plain", "Do", [("", "done")]),
        (
            {"instruction": "Do", "motivation_app": "An app", "instances": [{"input": "it", "output": "done"}]},
            "user",
            "Do",
            [("it", "done")],
        ),
        (OASST, "chat", "", [("Ask", "best"), ("more?", "more")]),
        ({"instruction": "Do", "output": "done"}, "plain", "Do", [("", "done")]),
        (
            {
                "prompt": "Said first.\n\n### Instruction:\nDo\n\n### Input:\nthis\nand that\n\n### Response:",
                "answer": "done",
            },
            "plain",
            "Do",
            [("this\nand that", "done")],
        ),
        ({"prompt": "Do", "answer": "done"}, "plain", "Do", [("", "done")]),
    ],
)
def test_each_format_is_recognised(tmp_path, row, kind, instruction, pairs):
    (read,) = read_demonstrations(write_jsonl(tmp_path / "a.jsonl", [row]))
    assert (read.kind, read.instruction) == (kind, instruction)
    assert [(pair.query, pair.response) for pair in read.pairs] == pairs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"user": "a", "response": "r"}\n\n{"user": "a", "response": [3]}\n',
            r"a\.jsonl:3: field 'response' is \[3\]",
        ),
        ('{"user": "a", "response": "r"}\n{"response": "r"}\n', r"a\.jsonl:2: 'user' is None"),
        ('{"user": "a", "response": "r"}\n{"user": "a"', r"a\.jsonl:2: not valid JSON"),
        ('{"user": "a", "pairs": []}\n', r"a\.jsonl:1: 'pairs' is \[\]; a list of objects"),
        ('{"user": "a", "kind": "song", "response": "r"}\n', r"a\.jsonl:1: a prompt's kind is 'song'; there are plain"),
        ('{"colour": "red"}\n', r"a\.jsonl:1: fields colour are of none of the formats"),
    ],
)
def test_malformed_lines_are_named(tmp_path, text, message):
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(TaskError, match=message):
        list(read_demonstrations(tmp_path / "a.jsonl"))


def test_a_folder_with_rules_of_its_own(registry, tmp_path):
    rows = [{"user": f"u{i % 3}", "instruction": f"Do thing {i}.", "response": f"Done {i}."} for i in range(30)]
    write_jsonl(tmp_path / "mine/a.jsonl", rows[:20])
    write_jsonl(tmp_path / "mine/b.jsonl", rows[15:])
    (tmp_path / "mine/rules.json").write_text('{"max_prompts_per_user": 4, "test_share": 0.0}')
    lines = task_folders.activate({"demonstrations": tmp_path / "mine"})
    assert lines[0] == "demonstrations: 35 prompts read, 12 kept"
    assert any("dropped, duplicate: 5" in line for line in lines)
    assert any("dropped, over_user_limit: 18" in line for line in lines)
    task = get_task("demonstrations_own")
    assert sum(len(task.source.rows(split)) for split in SPLITS) == 12
    assert not task.source.rows("test")
    with pytest.raises(TaskError, match="no split 'dev'; there are train, validation, test"):
        task.source.rows("dev")
    for content, message in (
        ('{"prefix": 3}', "no rule is called 'prefix'"),
        ('{"test_share": "a"}', "a float is needed"),
    ):
        (tmp_path / "mine/rules.json").write_text(content)
        with pytest.raises(TaskError, match=message):
            task.source.rows("train")


@pytest.mark.parametrize("max_inputs_length", [None, 512])
def test_prompts_over_a_thousand_tokens_are_left_out_and_counted(registry, tmp_path, max_inputs_length):
    rows = [
        {"user": f"u{i}", "instruction": f"Word {i}" + " word" * (2000 * (i == 2)), "response": "Yes."}
        for i in range(5)
    ]
    pairs = [{"query": f"{i}" + " word" * 400, "response": "Yes."} for i in range(4)]
    rows.append({"user": "v", "kind": "few_shot", "instruction": "Say yes.", "pairs": pairs})
    write_jsonl(tmp_path / "mine/a.jsonl", rows)
    (tmp_path / "mine/rules.json").write_text('{"validation_share": 0.0, "test_share": 0.0}')
    task_folders.activate({"demonstrations": tmp_path / "mine"})
    vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
    tally = Tally()
    kept = list(tokenise(get_task("demonstrations_own"), "train", vocabulary, max_inputs_length, tally))
    # Pairs that are shown go first, where the run's length says so; then the four few-shot examples fit.
    few_shot = 0 if max_inputs_length is None else 4
    assert len(kept) == 4 + few_shot and all(len(example.inputs_tokens) <= 1000 for example in kept)
    assert (
        tally.dropped == {"inputs_over_1000_tokens": 5 - few_shot}
        and tally.dropped_rows["inputs_over_1000_tokens"][0] == 2
    )


def test_what_is_not_here_is_named_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert "human_demonstrations (licence: Apache-2.0" in missing_source(get_task("demonstrations"))
    assert [task.name for task in mixture_members(get_mixture("instructgpt_sft"))] == ["demonstrations"]


def test_the_real_files(monkeypatch, capsys):
    folder = shared_path(REAL)
    monkeypatch.setenv(VARIABLE, str(folder.parent))
    assert main([]) == 0
    said = capsys.readouterr().out
    assert said.startswith("demonstrations: 768 prompts read, 673 kept")
    assert "stripped of their end: 151 texts that ended in ###eos_token###" in said
    curated = get_task("demonstrations").source.curated()
    counts = {reason: len(ids) for reason, ids in curated.dropped.items()}
    # The first turns of the 95 trees are a file of their own; the 42 trees that go on after them stay.
    assert counts == {"empty": 0, "pii": 0, "duplicate": 95, "over_user_limit": 0}
    chats = [
        demonstration for split in SPLITS for demonstration in curated.splits[split] if demonstration.kind == "chat"
    ]
    assert len(chats) == 42
    assert min(len(chat.pairs) for chat in chats) == 2
    users = [demonstration.user for split in SPLITS for demonstration in curated.splits[split]]
    assert len(users) == len(set(users)) == 673
    for split in SPLITS:
        for _, example in get_task("demonstrations").rendered(split):
            assert example.query and example.targets and "### " not in example.query[:200]


def test_the_real_files_are_cached(monkeypatch, tmp_path, capsys):
    folder = shared_path(REAL)
    monkeypatch.setenv(VARIABLE, str(folder.parent))
    vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
    manifest = build_cache("instructgpt_sft", vocabulary=vocabulary, cache_dir=tmp_path, num_workers=1)
    assert manifest.num_examples["demonstrations"] > 500
    (written,) = tmp_path.glob("*/*/demonstrations/train/manifest.json")
    assert json.loads(written.read_text())["cleaned"] == {"###eos_token### at the end of a text": 120}
    assert "demonstrations/train: taken off 120 times, ###eos_token### at" in capsys.readouterr().out
    assert manifest.splits["demonstrations"] == {"train": "train", "eval": "validation"}


def test_an_empty_folder_is_no_suite(registry, tmp_path):
    with pytest.raises(TaskError, match=r"has no \*\.jsonl"):
        task_folders.activate({"demonstrations": tmp_path})
    with pytest.raises(TaskError, match=r"has no \*\.jsonl"):
        DemonstrationSource(Download("d", "u", "l", str(tmp_path))).curated()
