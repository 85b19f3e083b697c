"""What goes to a terminal: text of data shows what is in it, and does nothing.

An ESC in a row, an answer, a name or a path would otherwise move the cursor, rename the window or hide a line, and rich
would read `[red]` in a path as its markup. So everything is printed through `console` or, by `print`, through a
`VisibleStream`, which the command line puts in standard output's place.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

from flan_jax.core.disk import naming

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

# C0 without newline and tab, DEL, C1, and the marks that turn the direction of what follows.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

__all__ = ["VisibleStream", "WholeStream", "console", "plain_stream", "styled", "visible", "visible_json"]


def visible(text: str) -> str:
    r"""`text` with control characters written out: an ESC as `\x1b`. Newlines and tabs stay."""
    return _CONTROLS.sub(_written_out, text)


def visible_json(line: str) -> str:
    r"""A line of JSON that is the same JSON with control characters in its texts written out: `\u009b`."""
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", line)


def _written_out(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"


class WholeStream:
    r"""A stream that takes every text, whatever its encoding: what it has no character for is written as an escape,
    `\xe9` or `\u4e2d` for ASCII. What else a stream has is the wrapped one's.

    Args:
      stream: where the text goes.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes `text`, which may not be cut."""
        try:
            self._stream.write(text)
        except UnicodeEncodeError as error:
            self._stream.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class VisibleStream(WholeStream):
    """A `WholeStream` to which texts are written visibly."""

    def write(self, text: str) -> int:
        """Writes `text` with control characters written out."""
        with naming("standard output"):
            super().write(visible(text))
        return len(text)


def plain_stream(stream: TextIO) -> TextIO:
    """A stream that takes every text as it is, control characters too, where a `VisibleStream` writes. For what is data
    rather than something to read.

    Args:
      stream: such as `sys.stdout`.
    """
    inner = stream._stream if isinstance(stream, WholeStream) else stream
    return WholeStream(inner)  # type: ignore[return-value]


def styled(*parts: str | tuple[str, str], style: str = "") -> Text:
    """Text for a console, in pieces of several styles, control characters written out: rich's own drops a few of them.

    Args:
      *parts: texts, or pairs of a text and rich's style of it.
      style: of the whole.
    """
    from rich.text import Text

    shown = [visible(part) if isinstance(part, str) else (visible(part[0]), part[1]) for part in parts]
    return Text.assemble(*shown, style=style)


def console(stream: TextIO | None = None, **options: Any) -> Console:
    """A rich console that reads no markup in what it prints and writes control characters out.

    Args:
      stream: where it prints; standard output by default.
      **options: rich's own, such as `width` or `soft_wrap`.
    """
    from rich.console import Console
    from rich.segment import Segment

    class VisibleConsole(Console):
        def render_str(self, text: str, **options: Any) -> Any:
            # Before it is measured: a table's cells would be cut.
            return super().render_str(visible(text), **options)

        def render(self, *args: Any, **kwargs: Any) -> Any:
            for segment in super().render(*args, **kwargs):
                # Rich's own controls are segments apart.
                yield segment if segment.control else Segment(visible(segment.text), segment.style)

    return VisibleConsole(
        file=plain_stream(sys.stdout if stream is None else stream), markup=False, emoji=False, **options
    )
