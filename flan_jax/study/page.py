"""`study.html`: what a study asked, its verdicts, its curve and its runs, in one file without links; and the page that
collects what several studies found, of which each writes its own chapter."""

from __future__ import annotations

import math
import pathlib
import re
from collections.abc import Mapping, Sequence

from flan_jax.core.disk import write_atomically, write_text_atomically
from flan_jax.core.errors import ConfigError, counted
from flan_jax.report.page import html, joined, page, picture, table
from flan_jax.report.tables import markdown_table
from flan_jax.study.figures import ladder_png, over
from flan_jax.study.study import Study
from flan_jax.study.verdicts import Verdict

_CLASSES = {"reproduced": "gain", "contradicted": "loss"}
_TITLE = "# Findings"
_CHAPTER = re.compile(r"^(?=## )", re.MULTILINE)
_ABOUT = re.compile(r"^Study `([^`]+)`, after ", re.MULTILINE)

__all__ = ["check_findings_page", "findings_page", "study_lines", "study_markdown", "write_study"]


def write_study(
    study: Study,
    name: str,
    verdicts: Sequence[Verdict],
    averages: Mapping[tuple[str, ...], Sequence[float]],
    sizes: Mapping[tuple[str, ...], float],
    notes: Sequence[str],
    folder: pathlib.Path,
) -> pathlib.Path:
    """Writes `study.html` and `study.png` into the study's folder and returns the former's path.

    Args:
      study: the study.
      name: of it.
      verdicts: on its findings.
      averages: levels -> normalised average in points, one a seed.
      sizes: levels -> parameters or operations (`flan_jax.study.verdicts.sizes`).
      notes: what is to be said of the runs, such as that some are not done.
      folder: of the study.
    """
    curve = ladder_png(study, averages, sizes)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "study.png", curve)
    body = [
        html("<h1>{}</h1>", study.title),
        html("<p>Study <code>{}</code>; after {}.</p>", name, study.source),
        html("<p>{}</p>", study.note) if study.note else "",
        *(html("<p class=note>{}</p>", note) for note in notes),
        html("<h2>Findings</h2>"),
        _verdicts(verdicts),
        html("<h2>Curve</h2>"),
        picture(curve, f"normalised average along {over(study)}"),
        html("<h2>Averages</h2>"),
        _averages(study, averages),
    ]
    path = folder / "study.html"
    write_text_atomically(path, page(f"flan_jax study: {name}", body))
    return path


def study_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """The verdicts for a terminal: two lines each."""
    lines = []
    for verdict in verdicts:
        lines.append(f"{verdict.outcome.upper()}: {verdict.text}")
        if not math.isnan(verdict.estimate):
            lines.append(f"    {_interval(verdict)} {verdict.unit}")
    return lines


def findings_page(chapters: Mapping[str, Sequence[str]], has_guide: bool, before: str = "") -> str:
    """A Markdown page of several studies.

    Args:
      chapters: study -> lines of `study_markdown`.
      has_guide: whether docs/studies.md lies beside it, to be linked.
      before: the page as it is. A chapter of these studies is replaced; those of others, and what people wrote, stay.

    Raises `ConfigError` where `before` is another page, as `check_findings_page`.
    """
    check_findings_page(before)
    texts = {name: "\n".join(lines).rstrip() for name, lines in chapters.items()}
    kept = [chapter.rstrip() for chapter in _CHAPTER.split(before)[1:]]
    names = [match[1] if (match := _ABOUT.search(chapter)) else "" for chapter in kept]
    body = [texts.get(name, chapter) for name, chapter in zip(names, kept, strict=True)]
    body += [text for name, text in texts.items() if name not in names]
    studies, there = "[studies](studies.md)", "[there](studies.md#verdicts)"
    if not has_guide:
        studies, there = "studies", "in flan_jax's docs/studies.md"
    about = f"What the {studies} show, the contradicted too; a verdict is explained {there}."
    return "\n\n".join([_TITLE, about, *body]) + "\n"


def check_findings_page(text: str) -> None:
    """Raises `ConfigError` for a text that is no page of findings, so that none is written over."""
    if text.strip() and not text.startswith(f"{_TITLE}\n"):
        raise ConfigError(
            f"--findings is a file that begins with {text.splitlines()[0][:60]!r}, and a page of findings with "
            f"{_TITLE!r}: name another file"
        )


def study_markdown(
    study: Study,
    name: str,
    verdicts: Sequence[Verdict],
    averages: Mapping[tuple[str, ...], Sequence[float]],
    notes: Sequence[str],
    picture_path: str,
    command: str,
) -> list[str]:
    """A chapter of `findings_page`.

    Args:
      study: the study.
      name: of it.
      verdicts: on its findings.
      averages: as in `write_study`.
      notes: as there.
      picture_path: of its curve, from the page.
      command: that writes the chapter.
    """
    found = [(v.text, f"**{v.outcome}**", _interval(v), v.unit) for v in verdicts]
    means = [(*levels, *_of_seeds(averages[levels])) for levels in _ranked(study, averages)]
    about = [f"Study `{name}`, after {study.source}: `{command}`.", study.note, *(f"**{note}.**" for note in notes)]
    return [
        f"## {study.title}",
        "",
        " ".join(part for part in about if part),
        "",
        *markdown_table(("finding", "verdict", "estimate", "of"), found),
        "",
        f"![normalised average along {over(study)}]({picture_path})",
        "",
        *markdown_table((*study.axes, "mean", "each seed"), means),
        "",
    ]


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    rows = []
    for verdict in verdicts:
        outcome = html("<b class={}>{}</b>", _CLASSES.get(verdict.outcome, "dim"), verdict.outcome)
        counts = f"{counted(verdict.seeds, 'seed')}, {counted(verdict.tasks, 'task')}"
        rows.append((verdict.text, outcome, _interval(verdict), verdict.unit, counts))
    level = f"{verdicts[0].confidence:.1%}" if verdicts else ""
    caption = (
        f"{level} intervals, by drawing seeds and held-out tasks anew; all of them hold together at 95%. Reproduced: "
        f"the interval lies above zero; contradicted: below; underpowered: it holds zero, or seeds or tasks are few."
    )
    return table(("finding", "verdict", "estimate", "of", "from"), rows, num_words=5, caption=caption if rows else "")


def _averages(study: Study, averages: Mapping[tuple[str, ...], Sequence[float]]) -> str:
    rows = [(*key, *_of_seeds(averages[key])) for key in _ranked(study, averages)]
    caption = f"Normalised average over the {study.group} tasks, in points: 0 is chance, 100 perfect."
    return table((*study.axes, "mean", "each seed"), rows, num_words=len(study.axes), caption=caption)


def _ranked(study: Study, averages: Mapping[tuple[str, ...], Sequence[float]]) -> list[tuple[str, ...]]:
    """Levels of the axes in the study's order."""
    order = {axis: {level: i for i, level in enumerate(study.levels(axis))} for axis in study.axes}
    return sorted(averages, key=lambda key: [order[axis][level] for axis, level in zip(study.axes, key, strict=True)])


def _of_seeds(values: Sequence[float]) -> tuple[str, str]:
    return f"{math.fsum(values) / len(values):.1f}", str(joined((f"{value:.1f}" for value in values), ", "))


def _interval(verdict: Verdict) -> str:
    if math.isnan(verdict.estimate):
        return "-"
    return f"{verdict.estimate:+.2f} [{verdict.low:+.2f}, {verdict.high:+.2f}]"
