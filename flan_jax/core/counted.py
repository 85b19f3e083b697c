"""Numbers of things, as a sentence has them: "1 step", "1,200 steps"."""

__all__ = ["counted"]


def counted(number: int, noun: str, plural: str = "") -> str:
    """The number with commas and its noun.

    Args:
      number: how many.
      noun: of one of them.
      plural: of several; `noun` with an s by default.
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
