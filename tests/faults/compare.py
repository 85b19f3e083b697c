"""What a trial left behind, as values that are equal exactly where the results are: times and paths are left out."""

from __future__ import annotations

import hashlib
import json
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from flan_jax.core.errors import FlanError

_SEAL = "sha256_of_the_rest"
_METRICS = ("accuracy", "grad_norm", "loss", "param_norm", "update_norm", "z_loss")
# What it took, which an evaluation that goes on has less of; its name, which is a path; and the seal over these.
_TIMES = ("secs", "num_tokens", "num_asked", "model", _SEAL)
_SEAL_LINE = re.compile(r',?\n *"sha256_of_the_rest": "\w+"')

__all__ = ["Results", "differences", "of_cache", "of_folder", "of_run", "of_text", "unplaced"]

Results = Mapping[str, Any]


def of_run(folder: pathlib.Path) -> Results:
    """A finished run's: losses, evaluations, choice, weights handed over, and the arrays of every checkpoint."""
    run = folder / "run"
    found: dict[str, Any] = {
        "losses": _lines(run / "metrics.jsonl", lambda line: [line.get("step"), *(line.get(n) for n in _METRICS)]),
        "evaluations": _lines(run / "evals.jsonl", _untimed),
        "report": (run / "report.html").is_file() and "</html>" in (run / "report.html").read_text(errors="replace"),
    }
    for name in ("selected.json", "data.json", "config.gin"):
        found[name] = _text(run / name, folder)
    for path in sorted((run / "selected").rglob("*")):
        if _is_content(path):
            found[f"selected/{path.name}"] = _sha256(path)
    checkpoints = run / "checkpoints"
    for path in sorted(checkpoints.iterdir()) if checkpoints.is_dir() else []:
        if path.name.isdigit():
            found[f"checkpoint {path.name}"] = _arrays(path)
    return found


def of_cache(folder: pathlib.Path, name: str = "cache") -> Results:
    """A token cache's files, its plans and locks left out."""
    root = folder / name
    return {
        str(path.relative_to(root)): _sha256(path)
        for path in sorted(root.rglob("*"))
        if _is_content(path) and path.name != ".lock" and "plans" not in path.parts
    }


def of_folder(folder: pathlib.Path, name: str) -> Results:
    """An evaluation's or an export's files; JSON without times, pages without paths."""
    root, found = folder / name, {}
    for path in sorted(root.rglob("*")):
        if not _is_content(path):
            continue
        relative = str(path.relative_to(root))
        if path.name in ("eval.json", "summary.json"):
            found[relative] = _untimed(json.loads(_text(path, folder)))
        elif path.suffix == ".jsonl":
            found[relative] = sorted(map(_rounded, _text(path, folder).splitlines()))
        elif path.suffix in (".html", ".md"):
            found[relative] = bool(path.read_bytes().strip())  # they say how long it took
        else:
            found[relative] = _sha256(path)
    return found


def of_text(text: str, folder: pathlib.Path) -> Results:
    """What a command prints, without the trial's own path."""
    return {"output": unplaced(text, folder).splitlines()}


def unplaced(text: str, folder: pathlib.Path) -> str:
    """`text` without the trial's own path, and that of the stage that its files were copied from.

    Args:
      text: of a file or a command.
      folder: the trial's.
    """
    return re.sub(rf"{re.escape(str(folder.parent))}/(stages/)?[\w ]+", "FOLDER", text)


def differences(expected: Results, found: Results) -> list[str]:
    """Names of what differs."""
    return [name for name in sorted(expected.keys() | found.keys()) if expected.get(name) != found.get(name)]


def _is_content(path: pathlib.Path) -> bool:
    """Whether it is a file that something is read from; what a kill left half written is looked for by `bench`."""
    return path.is_file() and ".partial" not in path.name


def _lines(path: pathlib.Path, take: Callable[[Any], Any]) -> list[Any]:
    try:
        return [take(json.loads(line)) for line in path.read_text().splitlines()]
    except (OSError, ValueError, AttributeError) as error:
        return [f"{type(error).__name__}"]


def _untimed(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in value.items() if name not in _TIMES}


def _rounded(line: str) -> str:
    """A line of JSON with four digits of its log-probabilities: what is left of an evaluation is asked in batches of
    other sizes, which add in another order."""

    def of(value: Any) -> Any:
        if isinstance(value, float):
            return float(f"{value:.4g}")
        if isinstance(value, list):
            return [of(item) for item in value]
        if isinstance(value, dict):
            return {name: of(item) for name, item in value.items() if name != _SEAL}
        return value

    try:
        return json.dumps(of(json.loads(line)), sort_keys=True)
    except ValueError:
        return line


def _text(path: pathlib.Path, folder: pathlib.Path) -> str:
    try:
        return _SEAL_LINE.sub("", unplaced(path.read_text(), folder))
    except (OSError, ValueError) as error:
        return type(error).__name__


def _sha256(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _arrays(checkpoint: pathlib.Path) -> Mapping[str, str]:
    """Names -> content of what Orbax's key-value files hold, whichever file holds it."""
    import tensorstore as ts

    found: dict[str, str] = {}
    for item in ("params", "opt_state"):
        try:
            store = ts.KvStore.open({"driver": "ocdbt", "base": f"file://{checkpoint / item}/"}).result()
            for key in store.list().result():
                value = store.read(key).result().value
                found[f"{item}/{key.decode()}"] = hashlib.sha256(value).hexdigest()
        except (OSError, ValueError, FlanError) as error:
            found[item] = type(error).__name__
    return found
