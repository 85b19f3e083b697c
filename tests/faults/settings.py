"""Nonsense: settings of a recipe, flags of commands, and gin files, all of which must be refused by a line."""

from __future__ import annotations

import functools
import pathlib
import random
import re
from collections.abc import Iterator, Mapping, Sequence

from shared import ROOT

from faults.bench import Bench, Case, Verdict
from faults.commands import RECIPE
from faults.outcomes import of_failure
from faults.stages import COMMANDS, Stages, sample

_COUNT = ("0", "-1", "True", "2.5", "'8'", "'eight'", "[8]", "{}", "1e999", "None")
_COUNT_OR_NONE = tuple(value for value in _COUNT if value != "None")
_HUGE = "1000000000000000000000000000000"
_SHARE = ("-0.1", "1.5", "True", "'x'", "[0.1]", "1e999", "-1e999", "None")
_POSITIVE = ("-1.0", "True", "'fast'", "[1e-3]", "{}", "1e999", "None")
_PATH = ("3", "2.5", "True", "['a']", "{}", "'a\\0b'")
_WORD = ("3", "True", "'nonsense'", "['a']", "{}", "None")
_NAMES = ("3", "True", "'nonsense'", "('fault_between', 3)", "(3,)", "(None,)", "{'a': 1}")
_BINDINGS: Mapping[str, Sequence[str]] = {
    "TRAIN_STEPS": (*_COUNT, _HUGE),
    "TRAIN_EPOCHS": ("0", "-1.0", "True", "'x'", "1e999", "[1]"),
    "BATCH_SIZE": (*_COUNT, _HUGE),
    "MICROBATCHES": (*_COUNT, "3", _HUGE),
    "EVAL_BATCH_SIZE": (*_COUNT, _HUGE),
    "EVAL_LIMIT": _COUNT_OR_NONE,
    "EVAL_PERIOD": ("-1", "True", "2.5", "'4'", "[4]", "1e999"),
    "CHECKPOINT_PERIOD": _COUNT_OR_NONE,
    "LOG_PERIOD": _COUNT,
    "EVAL_INPUTS_LENGTH": (*_COUNT, _HUGE),
    "EVAL_TARGETS_LENGTH": (*_COUNT, _HUGE),
    "TASK_FEATURE_LENGTHS": (
        *("{}", "3", "None", "[]", "'48'", "{'inputs': 48}", "{'inputs': 0, 'targets': 8}"),
        *("{'inputs': True, 'targets': 8}", "{'inputs': 48, 'targets': '8'}", "{'inputs': 2.5, 'targets': 8}"),
        *("{'inputs': -1, 'targets': 8}", "{'inputs': 48, 'targets': 8, 'x': 1}", "{'inputs': 48, 'targets': None}"),
        "{'inputs': 1000000000000000000000000000000, 'targets': 8}",
    ),
    "LEARNING_RATE": _POSITIVE,
    "DROPOUT_RATE": _SHARE,
    "LABEL_SMOOTHING": _SHARE,
    "Z_LOSS": ("-1.0", "True", "'x'", "[1]", "1e999", "None"),
    "RANDOM_SEED": ("True", "1.5", "'x'", "[0]", "{}", "1e999", "None"),
    "MODEL_DIR": (*_PATH, "''", "None", "'/proc/nowhere/run'", "'prompts.txt'", "'prompts.txt/run'"),
    "CACHE_DIR": (*_PATH, "''", "None", "'/proc/nowhere/cache'", "'prompts.txt'"),
    "VOCAB_PATH": (*_PATH, "'nowhere.model'", "'prompts.txt'", "'data'", "'tests'"),
    "DATA_DIR": (*_PATH, "'prompts.txt'"),
    "INITIAL_CHECKPOINT_PATH": (*_PATH, "'nowhere'", "'prompts.txt'", "'cache'", "'embedded:nothing'"),
    "MIXTURE_OR_TASK_NAME": (*_WORD, "''", "'../fault_mixture'", "'fault_mixtur'"),
    "MIXTURE_OR_TASK_MODULE": ("3", "True", "''", "'no.such.module'", "('faults.tiny_tasks', 3)", "'json'", "[]"),
    "TASK_FOLDERS": ("3", "'x'", "['a']", "{'nonsense': 'data'}", "{'niv2': 3}", "{3: 'data'}", "{'niv2': 'nowhere'}"),
    "AVAILABLE_ONLY": ("3", "'yes'", "None", "[]"),
    "RESTORE_OPTIMIZER_STATE": ("3", "'yes'", "None", "[]"),
    "EVAL_SELECTION": (*_NAMES, "('fault_again',)"),
    "EVAL_REPORT": (*_NAMES, "('fault_between',)"),
    "EVAL_STOP": ("3", "'x'", "[1]", "('',)", "('', 'a')", "('\\u0bf5',)"),
    "EVAL_SUITE": (*_NAMES, "('fault_questions:nonsense',)"),
    "EVAL_SUITE_LIMIT": _COUNT_OR_NONE,
    "TUNING": _WORD,
    "DTYPE": (*_WORD, "'int32'", "'float33'"),
    "REMAT": _WORD,
    "ATTENTION": _WORD,
    "VOCAB_SIZE": (*_COUNT, "10", _HUGE),
    "DATA_AXIS": ("0", "-2", "3", "True", "2.5", "'x'", "None", _HUGE),
    "FSDP_AXIS": ("0", "-2", "3", "True", "2.5", "'x'", "None", _HUGE),
    "MODEL_AXIS": ("0", "-2", "3", "True", "2.5", "'x'", "None", _HUGE),
    "ACTIVATION_PARTITIONING_DIMS": ("0", "3", "True", "1.5", "'x'", "None"),
    "DecoderConfig.emb_dim": (*_COUNT, _HUGE),
    "DecoderConfig.num_heads": (*_COUNT, _HUGE),
    "DecoderConfig.head_dim": (*_COUNT, "3", _HUGE),
    "DecoderConfig.num_layers": (*_COUNT, _HUGE),
    "DecoderConfig.mlp_dim": (*_COUNT, _HUGE),
    "DecoderConfig.norm": _WORD,
    "DecoderConfig.mlp": _WORD,
    "DecoderConfig.norm_epsilon": ("-1.0", "True", "'x'", "None", "1e999"),
    "AdafactorConfig.decay_rate": ("-1.0", "True", "'x'", "None", "1e999"),
    "AdafactorConfig.clipping_threshold": ("-1.0", "0.0", "True", "'x'", "1e999"),
    "AdafactorConfig.min_dim_size_to_factor": ("-1", "0", "True", "2.5", "'x'"),
    "AdafactorConfig.momentum": ("-1.0", "1.5", "True", "'x'"),
    "CheckpointConfig.keep_latest": _COUNT,
    "CheckpointConfig.keep_best": _COUNT,
    "CheckpointConfig.export_dtype": (*_WORD, "'float16'"),
    "TrainConfig.prefetch_batches": (*_COUNT, _HUGE),
    "TrainConfig.peak_flops": ("-1.0", "0", "True", "'x'"),
    "TrainConfig.profile_steps": ("3", "(5, 1)", "(1,)", "('a', 'b')", "(0, 1)", "(True, 2)", "(1.5, 2)"),
    "TrainConfig.rules": ("3", "(('a',),)", "'batch'", "(('batch', 3),)", "(('batch', 'nonsense'),)", "{}"),
    "EvalConfig.confidence": ("0", "1", "2", "True", "'x'", "None"),
    "EvalConfig.num_resamples": (*_COUNT, _HUGE),
    "EvalConfig.num_samples": ("-1", "True", "2.5", "'x'", "None"),
    "EvalConfig.seed": ("True", "1.5", "'x'", "None"),
    "EvalConfig.split": ("3", "True", "'nonsense'", "[]"),
    "TuningConfig.lora_rank": _COUNT,
    "TRAN_STEPS": ("8",),
    "TrainConfig.batchsize": ("4",),
    "TrainConfg.batch_size": ("4",),
    "nowhere.TrainConfig.batch_size": ("4",),
    "": ("4",),
}
# Command -> flags of nonsense; the flag's name or its value is what the line must say.
_FLAGS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "infer": (
        *(
            ("--checkpoint", path)
            for path in ("nowhere", "prompts.txt", "", "data", "embedded:nothing", "run/tensorboard")
        ),
        *(("--vocab_path", path) for path in ("nowhere", "prompts.txt", "data")),
        *(("--prompts_file", path) for path in ("nowhere", "data", "cache", "run/selected/weights.safetensors")),
        *(
            (flag, value)
            for flag in ("--max_decode_len", "--batch_size", "--inputs_length")
            for value in ("0", "-1", "x", "2.5")
        ),
        *(("--temperature", value) for value in ("-1", "nan", "inf", "x")),
        *(("--top_k", value) for value in ("-1", "0", "x", "2.5")),
        *(("--top_p", value) for value in ("0", "-1", "2", "nan", "x")),
        *(("--num_samples", value) for value in ("0", "-1", "x")),
        *(("--num_beams", value) for value in ("0", "-1", "x", "1000000000000")),
        *(("--num_beams", "2", "--alpha", value) for value in ("nan", "inf", "x")),
        ("--num_beams", "2", "--temperature", "1"),
        ("--beam_rule", "nonsense"),
        *(("--seed", value) for value in ("x", "1.5", "-1")),
        ("--stop", ""),
        ("--dtype", "float16"),
        ("--prompt", "both"),
        ("--chat",),
        ("--nonsense",),
    ),
    "eval": (
        *(("--mixture", name) for name in ("nonsense", "", "../fault_again")),
        *(
            (flag, value)
            for flag in ("--limit", "--batch_size", "--inputs_length", "--targets_length")
            for value in ("0", "-1", "x", "2.5")
        ),
        *(("--num_samples", value) for value in ("-1", "x")),
        ("--split", "nonsense"),
        *(("--out", path) for path in ("prompts.txt", "prompts.txt/out", "/proc/nowhere")),
        *(("--cache_dir", path) for path in ("prompts.txt", "/proc/nowhere")),
        ("--checkpoint", "nowhere"),
        ("--module", "no.such.module"),
        ("--task_folder", "nonsense"),
        ("--suite", "fault_questions"),
    ),
    "eval --suite": (
        *(("--suite", name) for name in ("nonsense", ":", "fault_questions:nonsense", "fault_questions,,", "")),
        *(("--limit", value) for value in ("0", "-1", "x")),
        *(("--batch_size", value) for value in ("0", "-1", "x")),
        *(("--inputs_length", value) for value in ("-1", "x")),
        *(("--out", path) for path in ("prompts.txt", "/proc/nowhere")),
    ),
    "cache": (
        *((flag, value) for flag in ("--num_workers",) for value in ("0", "-1", "x", "2.5")),
        *(("--cache_dir", path) for path in ("prompts.txt", "/proc/nowhere")),
        *(("--vocab_path", path) for path in ("nowhere", "prompts.txt", "data")),
        ("--mixture", "fault_mixture"),
        ("--role", "nonsense"),
        ("--gin_file", "nowhere.gin"),
        ("--gin.CACHE_DIR",),
        ("--module", "no.such.module"),
        ("--runner", "nonsense"),
        ("--beam_option=--x=1",),
    ),
    "replay": (
        *(("--step", value) for value in ("0", "-1", "99", "x", "2.5")),
        *(("--row", value) for value in ("-1", "99", "x")),
        *(("--run", path) for path in ("nowhere", "prompts.txt", "data")),
        *(("--cache_dir", path) for path in ("nowhere", "prompts.txt")),
    ),
    "export": (
        *(("--checkpoint", path) for path in ("nowhere", "prompts.txt", "data", "run/checkpoints/99")),
        *(("--out", path) for path in ("prompts.txt", "prompts.txt/out", "/proc/nowhere")),
        *(("--max_shard_bytes", value) for value in ("0", "-1", "x")),
        *(("--vocab_path", path) for path in ("nowhere", "prompts.txt", "data")),
        ("--to", "nonsense"),
        ("--dtype", "float16"),
    ),
    "mix explain": (
        *(("--gin_file", path) for path in ("nowhere.gin", "data", "prompts.txt")),
        ("--cache_dir", "prompts.txt"),
    ),
}
_GIN_FILES: Mapping[str, bytes] = {
    "empty": b"",
    "binary": bytes(range(256)) * 8,
    "utf16": "TRAIN_STEPS = 8\n".encode("utf-16"),
    "unbalanced": b"TASK_FEATURE_LENGTHS = {'inputs': 48\n",
    "includes itself": b"include 'own.gin'\n",
    "includes nothing": b"include 'nowhere.gin'\n",
    "no binding": b"TRAIN_STEPS\n",
    "nested": b"TRAIN_STEPS = " + b"[" * 100_000 + b"\n",
    "imports nothing": b"import no_such_module\n",
    "unknown reference": b"TrainConfig.mesh = @NoMesh()\n",
    "own macro unused": b"MY_OWN = 3\n",
    "unset macro": b"TRAIN_STEPS = %NOWHERE\n",
    "circle": b"TRAIN_STEPS = %OTHER\nOTHER = %TRAIN_STEPS\n",
    "wrong object": b"RunConfig.model = @MeshConfig()\n",
    "wrong optimizer": b"RunConfig.optimizer = @DecoderConfig()\n",
    "a number for an object": b"TrainConfig.mesh = 3\n",
    "a word for an object": b"TrainConfig.checkpoint = 'often'\n",
}

__all__ = ["cases"]


def cases(stages: Stages, rng: random.Random, share: float) -> Iterator[Case]:
    """The nonsense of a campaign. All of it is drawn anew for a smaller one, the whole is each of them."""
    aliases = _aliases()
    ways = [
        Case(
            f"setting/{name}={value}",
            "nonsense: a setting",
            name,
            "train",
            functools.partial(_setting, flag=f"--gin.{name}={value}", names=(*aliases.get(name, ()), _short(name))),
        )
        for name, values in _BINDINGS.items()
        for value in values
    ]
    yield from sample(ways, len(ways), share, rng)
    flags = [
        Case(
            f"flag/{command} {' '.join(words)}",
            "nonsense: a flag",
            words[0],
            command,
            functools.partial(_flags, command=command, words=words),
        )
        for command, all_words in _FLAGS.items()
        for words in all_words
    ]
    yield from sample(flags, len(flags), share, rng)
    files = [
        Case(f"gin/{name}", "nonsense: a gin file", "own.gin", "train", functools.partial(_gin_file, content=content))
        for name, content in _GIN_FILES.items()
    ]
    yield from sample(files, len(files), share, rng)


def _aliases() -> Mapping[str, Sequence[str]]:
    """Macro -> the fields that it sets, as the files under gin/ say."""
    found: dict[str, list[str]] = {}
    for path in (ROOT / "gin").rglob("*.gin"):
        for field, macro in re.findall(r"^[\w/]*\.(\w+) = %(\w+)$", path.read_text(), re.MULTILINE):
            found.setdefault(macro, []).append(field)
    return found


def _short(name: str) -> str:
    return name.rpartition(".")[2] or "--gin."


def _setting(bench: Bench, flag: str, names: Sequence[str]) -> Verdict:
    bench.begin("cached")
    return _refused(bench, (*COMMANDS["train"], flag), (*names, flag.partition("=")[2].strip("'")))


def _flags(bench: Bench, command: str, words: Sequence[str]) -> Verdict:
    bench.begin("empty" if command == "cache" else "t5" if command == "export" else "finished")
    return _refused(bench, (*COMMANDS[command], *words), (words[0], words[0].removeprefix("--"), *words[1:]))


def _gin_file(bench: Bench, content: bytes) -> Verdict:
    folder = bench.begin("cached")
    (folder / "own.gin").write_bytes(content)
    argv = ("flan-jax", "train", *(() if content == b"" else RECIPE), "--gin_file", "own.gin")
    # Of a file that can be read, what it says is named.
    return _refused(bench, argv, ("own.gin", *re.findall(r"\w{5,}", content[:200].decode(errors="replace"))))


def _refused(bench: Bench, argv: Sequence[str], names: Sequence[str]) -> Verdict:
    """A command that must end with a line that says one of `names`, and leave what lies there as it is."""
    before = _files(bench.folder)
    ended = bench.server.run(bench.folder, argv)
    if ended.is_hung:
        return Verdict("hang", "")
    if ended.status == 0:
        return Verdict("silent", f"accepted; {ended.err.strip().splitlines()[-1:] or ''}")
    outcome = of_failure(ended, [name for name in names if len(name) > 1])
    if outcome == "one line" and (changed := _changed(before, _files(bench.folder))):
        return Verdict("lost", f"{ended.last_line} | and changed {', '.join(changed)[:200]}")
    lines = [line for line in ended.err.splitlines() if line.strip()]
    return Verdict(outcome, ended.last_line if outcome == "one line" else " | ".join(lines[-3:])[-500:])


def _files(folder: pathlib.Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _changed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    return [name for name in before if after.get(name) != before[name] and not name.endswith(".lock")]
