"""The one HTML page that reports are made of: style sheet, tables and pictures in a single file without links.

What stands in a report comes from data sets and models, which anybody may have written. So HTML is made by `html`
alone, which escapes what it is given: a plain text is text wherever it ends up, only `html`'s own results are HTML.
Beside that the page tells the browser to run and load nothing (a content-security policy).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence

from markupsafe import Markup

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

# What a report needs and nothing more: this style sheet, and pictures inside the page.
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'"

_INTERVAL = re.compile(r" (\[[^]]*\])")

__all__ = ["POLICY", "Markup", "html", "joined", "page", "picture", "table", "with_interval_below"]


def html(template: str, *parts: object, **named: object) -> Markup:
    """HTML, of a format string and what goes into it.

    Args:
      template: HTML with the fields of `str.format`. A literal of ours, never made of data.
      *parts: values of `{}`, escaped unless they are HTML already.
      **named: values of `{name}`, likewise.
    """
    return Markup(template).format(*parts, **named)


def joined(parts: Iterable[str], between: str = "") -> Markup:
    """Parts in a row, texts among them escaped.

    Args:
      parts: HTML, or text.
      between: text or HTML between two of them.
    """
    return Markup(between).join(parts) if isinstance(between, Markup) else Markup.escape(between).join(parts)


def page(title: str, body: Sequence[str]) -> str:
    """A whole page.

    Args:
      title: text of the window's title.
      body: its parts, as HTML or text; empty ones are left out.
    """
    head = html(
        '<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{}"><title>{}</title>'
        "<style>{}</style></head>",
        Markup(POLICY),
        title,
        Markup(_STYLE),
    )
    parts = joined((part for part in body if part), "\n")
    return str(html('<!doctype html>\n<html lang="en">{}<body>\n{}\n</body></html>\n', head, parts))


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    num_words: int,
    *,
    caption: str = "",
    classes: Sequence[str] = (),
) -> Markup:
    """A table that scrolls sideways where it is too wide.

    Args:
      header: names of the columns, as text; none for a table without a head.
      rows: cells, as HTML or text.
      num_words: columns of words; those after them hold numbers and stand to the right.
      caption: text below the table.
      classes: class of each row (`summary`, `ours`, or ``), where any row has one.
    """

    def cells(tag: str, row: Sequence[str]) -> Markup:
        start = ("<{tag}>", "<{tag} class=n>")
        return joined(
            html(f"{start[i >= num_words]}{{cell}}</{{tag}}>", tag=tag, cell=cell) for i, cell in enumerate(row)
        )

    head = html("<thead><tr>{}</tr></thead>", cells("th", header)) if header else ""
    body = joined(
        html("<tr class={}>{}</tr>" if name else "<tr{}>{}</tr>", name, cells("td", row))
        for row, name in zip(rows, classes or [""] * len(rows), strict=True)
    )
    told = html("<p class=dim>{}</p>", caption) if caption else ""
    return html("<div class=scroll><table>{}<tbody>{}</tbody></table></div>{}", head, body, told)


def with_interval_below(cell: str) -> Markup:
    """A score whose interval, in brackets after it, stands below: side by side they are wider than a window."""
    score, *interval = _INTERVAL.split(cell)
    return joined([score, *(html("<br><small>{}</small>", part) for part in interval if part)])


def picture(png: bytes, alt: str) -> Markup:
    """A picture inside the page; `alt` says in words what it shows."""
    return html('<p><img alt="{}" src="data:image/png;base64,{}"></p>', alt, base64.b64encode(png).decode())
