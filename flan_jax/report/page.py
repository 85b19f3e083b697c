"""The one HTML page that reports are made of: style sheet, tables and pictures in a single file without links."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 74rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; font-size: 14px; } th, td { padding: .3rem .7rem; text-align: left; }
th { border-bottom: 2px solid #c9d1d9; } td { border-bottom: 1px solid #e5e8ec; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.summary td { font-weight: 600; } tr.ours td { background: #eef4fb; font-weight: 600; }
.gain, .right { color: #1a7f37; } .loss, .wrong { color: #b42318; } .dim { color: #68707a; }
.note { background: #fff4e0; border-left: 4px solid #d9822b; padding: .5rem .9rem; margin: .6rem 0; }
img { max-width: 100%; } pre { background: #f4f6f8; padding: .7rem; overflow-x: auto; white-space: pre-wrap; }
details { margin: .5rem 0; } summary { cursor: pointer; } details pre { margin: .4rem 0 .8rem; }
.side { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; align-items: flex-start; } .side h3 { margin-top: 0; }
.scroll { overflow-x: auto; } nav a { margin-right: 1rem; white-space: nowrap; }
"""

__all__ = ["escape", "page", "picture", "table"]


def page(title: str, body: Sequence[str]) -> str:
    """A whole page.

    Args:
      title: text of the window's title.
      body: its parts as HTML; empty ones are left out.
    """
    head = f'<head><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style></head>'
    parts = "\n".join(part for part in body if part)
    return f'<!doctype html>\n<html lang="en">{head}<body>\n{parts}\n</body></html>\n'


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    num_words: int,
    *,
    caption: str = "",
    classes: Sequence[str] = (),
) -> str:
    """A table that scrolls sideways where it is too wide.

    Args:
      header: names of the columns, as text; none for a table without a head.
      rows: cells, as HTML.
      num_words: columns of words; those after them hold numbers and stand to the right.
      caption: text below the table.
      classes: class of each row (`summary`, `ours`, or ``), where any row has one.
    """

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(f"<{tag}{' class=n' if i >= num_words else ''}>{cell}</{tag}>" for i, cell in enumerate(row))

    head = f"<thead><tr>{cells('th', [escape(name) for name in header])}</tr></thead>" if header else ""
    body = "".join(
        f"<tr{f' class={name}' if name else ''}>{cells('td', row)}</tr>"
        for row, name in zip(rows, classes or [""] * len(rows), strict=True)
    )
    told = f"<p class=dim>{escape(caption)}</p>" if caption else ""
    return f"<div class=scroll><table>{head}<tbody>{body}</tbody></table></div>{told}"


def picture(png: bytes, alt: str) -> str:
    """A picture inside the page; `alt` says in words what it shows."""
    return f'<p><img alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode()}"></p>'


def escape(text: str) -> str:
    """Text as HTML."""
    return html.escape(text)
