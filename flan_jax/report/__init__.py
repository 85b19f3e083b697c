"""Results shown to people: a run's report, a suite's page, runs side by side, and the tables and figures that they are
made of.

It reads what evaluation found; nothing that evaluates or trains imports it.
"""

from flan_jax.report.board_page import write_board
from flan_jax.report.board_terminal import print_board
from flan_jax.report.compare_page import write_comparison
from flan_jax.report.compare_terminal import print_comparison
from flan_jax.report.run_page import write_report
from flan_jax.report.run_terminal import print_report
from flan_jax.report.suite_markdown import best_markdown, to_markdown, write_results
from flan_jax.report.suite_page import write_html
from flan_jax.report.task_table import task_table
from flan_jax.report.terminal_table import report_console

__all__ = [
    "best_markdown",
    "print_board",
    "print_comparison",
    "print_report",
    "report_console",
    "task_table",
    "to_markdown",
    "write_board",
    "write_comparison",
    "write_html",
    "write_report",
    "write_results",
]
