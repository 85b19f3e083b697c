"""Studies: ladders of runs, what they show, and whether a paper's finding is seen again.

`study` says what a study is, `cells` makes its runs, `runner` runs them, `scores` reads what they found,
`findings` is what they are to show, `verdicts` whether they do, `table` and `page` tell of it. docs/studies.md.
"""

from flan_jax.study.cells import Cell, cells_of
from flan_jax.study.findings import GapRises, Higher, Rises, Steadier
from flan_jax.study.runner import run_cells
from flan_jax.study.scores import Scores, read_scores
from flan_jax.study.study import Study
from flan_jax.study.table import write_table
from flan_jax.study.verdicts import Verdict, judge

__all__ = [
    "Cell",
    "GapRises",
    "Higher",
    "Rises",
    "Scores",
    "Steadier",
    "Study",
    "Verdict",
    "cells_of",
    "judge",
    "read_scores",
    "run_cells",
    "write_table",
]
