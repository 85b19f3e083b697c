"""Where in a generation its answer stands: one rule for answers of every kind, in the languages that benchmarks have.

A generation is cut where it goes on to another question. Then come, best first, what follows the last "####" (GSM8K's
mark), what the last \\boxed{…} or <answer> holds, and what follows each phrase that announces an answer, from the last.
What surrounds an answer and is no part of it goes: Markdown's emphasis, LaTeX, calculators' notes, and reasons that
follow it ("12, since 3 x 4 = 12").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = [
    "after_correction",
    "before_next_question",
    "clean",
    "conclusions",
    "is_broken_off",
    "is_refusal",
    "sentences",
    "without_reasons",
]

# A label that begins a question: the text up to it is all that was asked for.
_QUESTION = re.compile(
    r"(?<=\S)(?:\n\s*|\s{1,3}(?=[A-Z\u4e00-\u9fff\u3040-\u30ff]))(?:"
    r"Q|Question|Problem|Input|Instruction|Passage|Context|User|Human|Frage|Aufgabe|Pregunta|Problema|Probl[e\u00e8]me|"
    r"\u0412\u043e\u043f\u0440\u043e\u0441|\u0417\u0430\u0434\u0430\u0447\u0430(?:-\S+)?|Swali|"
    r"\u95ee\u9898|\u554f\u984c|\u95ee|\u8d28\u554f|\u8cea\u554f|\u09aa\u09cd\u09b0\u09b6\u09cd\u09a8|"
    r"\u0c2a\u0c4d\u0c30\u0c36\u0c4d\u0c28|\u0e42\u0e08\u0e17\u0e22\u0e4c|\u0e04\u0e33\u0e16\u0e32\u0e21"
    r")(?: ?\d+)? ?[:\uff1a]"
)
# A new line in some other script of labels that only ever stand there.
_NEW_LINE_QUESTION = re.compile(
    r"(?<=\S)\s*\n\s*(?:\u0412\u043e\u043f\u0440\u043e\u0441|\u0417\u0430\u0434\u0430\u0447\u0430(?:-\S+)?|"
    r"\u09aa\u09cd\u09b0\u09b6\u09cd\u09a8|\u0c2a\u0c4d\u0c30\u0c36\u0c4d\u0c28|"
    r"\u0e42\u0e08\u0e17\u0e22\u0e4c|\u0e04\u0e33\u0e16\u0e32\u0e21) ?[:\uff1a]"
)

# What announces an answer. English first: "the correct answer to it is", "Answer:", "answer = ".
_ANNOUNCED = re.compile(
    r"(?:"
    r"\banswer\b(?! choice| option)(?:[^\n.:=?!]{0,60}?\b(?:is|was|are|be)\b(?! as follows)\s*(?:clearly|therefore|thus|then)?"
    r"|[^\n.:=?!]{0,30}?(?=[:=\uff1a]))"
    r"|\b(?:my|the|our) (?:choice|pick|guess) is\b"
    r"|\b(?:correct|right|best) (?:option|choice|one|letter) (?:is|would be|must be)"
    r"|\b(?:final|overall) (?:result|total|amount|solution|value|number) (?:is|=|(?=:))"
    r"|\blautet die Antwort\b"
    r"|\b(?:Antwort|L\u00f6sung|Ergebnis)(?: (?:ist|lautet|w\u00e4re|betr\u00e4gt)(?: also| daher| somit)?|(?= ?:))"
    r"|\b(?:respuesta|soluci\u00f3n|resposta)(?: correcta| final| correta)?(?: (?:es|ser\u00eda|\u00e9|ser\u00e1)(?: la| el| a| o)?\b|(?= ?:))"
    r"|\b(?:r\u00e9ponse|risposta)(?: correcte| finale| bonne| corretta)?(?: (?:est|\u00e8|serait)(?: donc| la)?\b|(?= ?:))"
    r"|\b\u043e\u0442\u0432\u0435\u0442(?:\u043e\u043c)?(?: (?:\u0440\u0430\u0432\u0435\u043d|\u0431\u0443\u0434\u0435\u0442|\u2014 \u044d\u0442\u043e)|(?= ?[:\u2014\u2013-]))"
    r"|\bjibu(?: (?:sahihi|la mwisho))*(?: ni\b|(?= ?:))"
    r"|(?:\u6b63\u786e|\u6700\u7ec8|\u6b63\u78ba)?\u7684?(?:\u7b54\u6848|\u7b54\u3048)(?:\u5e94\u8be5)?(?:\u5c31)?(?:\u662f|\u4e3a|\u70ba|\u306f|(?=[:\uff1a]))"
    r"|\u89e3\u7b54(?:\u306f|(?=[:\uff1a]))"
    r"|(?:\u09b8\u09a0\u09bf\u0995 )?\u0989\u09a4\u09cd\u09a4\u09b0(?:\u099f\u09bf)?(?: (?:\u09b9\u09b2\u09cb?|\u09b9\u09df|\u09b9\u09ac\u09c7)|(?= ?:))"
    r"|(?:\u0c38\u0c30\u0c48\u0c28 )?(?:\u0c38\u0c2e\u0c3e\u0c27\u0c3e\u0c28\u0c02|\u0c1c\u0c35\u0c3e\u0c2c\u0c41)(?= ?[:\d\s])"
    r"|\u0e04\u0e33\u0e15\u0e2d\u0e1a(?:\u0e17\u0e35\u0e48\u0e16\u0e39\u0e01\u0e15\u0e49\u0e2d\u0e07|\u0e2a\u0e38\u0e14\u0e17\u0e49\u0e32\u0e22)?(?: ?\u0e04\u0e37\u0e2d|(?= ?:))"
    r"|\u0909\u0924\u094d\u0924\u0930(?: (?:\u0939\u0948|\u0939\u094b\u0917\u093e)|(?= ?:))"
    r"|(?:\u0627\u0644\u0625\u062c\u0627\u0628\u0629|\u0627\u0644\u062c\u0648\u0627\u0628)(?: (?:\u0647\u064a|\u0647\u0648)|(?= ?:))"
    r"|\uc815?\ub2f5(?:\uc740|(?= ?:))"
    r")[ \t]*(?:[:=\uff1a]|[\u2014\u2013](?=\s))?[ \t]*",
    re.IGNORECASE,
)
_TAGGED = re.compile(r"<answer>(.*?)(?:</answer>|$)", re.IGNORECASE | re.DOTALL)

# A reason that follows an answer. Those that are other words too want the comma.
_REASON = re.compile(
    r"[\s,;(\u2014\u2013-]{0,4}(?:"
    r"\b(?:because|since|given that|due to|considering)\b|[,;(\u2014\u2013] ?(?:as|for|which is|i\.e\.|that is|where|if)\b(?= )"
    r"|\bweil\b|, (?:da|denn)\b|\bporque\b|\bya que\b|\bpuesto que\b|\bparce que\b|, car\b|\bpuisque\b"
    r"|\u043f\u043e\u0442\u043e\u043c\u0443 \u0447\u0442\u043e|\u0442\u0430\u043a \u043a\u0430\u043a|, \u043f\u043e\u0441\u043a\u043e\u043b\u044c\u043a\u0443"
    r"|\bkwa sababu\b|\bkwa kuwa\b|\u56e0\u4e3a|\u56e0\u70ba|\u306a\u305c\u306a\u3089|\u0995\u09be\u09b0\u09a3|"
    r"\u0c0e\u0c02\u0c26\u0c41\u0c15\u0c02\u0c1f\u0c47|\u0e40\u0e1e\u0e23\u0e32\u0e30"
    r")",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s*[(\uff08\[][^()\uff08\uff09\[\]]*(?:=|\u2248|\bsince\b|\bbecause\b|\bcheck)[^()\uff08\uff09\[\]]*[)\uff09\]]", re.IGNORECASE)
_CORRECTION = re.compile(
    r"\b(?:wait|actually|oops|sorry(?!,? but)|scratch that|correction|or rather|I mean(?:t)?|let me (?:redo|recompute|correct)|"
    r"Moment|stimmt nicht|(?:un momento|espera)|attendez|attends|\u043f\u043e\u0434\u043e\u0436\u0434\u0438(?:\u0442\u0435)?|ngoja)\b[,.:!\s\u2014-]*"
    r"|(?:\u7b49\u7b49|\u7b97\u9519\u4e86|\u4e0d\u5bf9(?=[,\uff0c])|\u5f85\u3063\u3066|\u9593\u9055\u3048)[^\d]{0,8}?[,\uff0c\u3002\u3001\s]*",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:not possible to (?:determine|say|tell|answer)|(?:cannot|can't|can not|could not) (?:be (?:sure|determined|answered)|determine|"
    r"answer|say|tell)|(?:do not|don't) know|not (?:sure|enough information)|unable to (?:determine|answer))\b|\bunknowable\b",
    re.IGNORECASE,
)
_BROKEN_OFF = re.compile(
    r"(?:[=+\u00d7*/,(:]|\b(?:is|are|was|be|with|gives?|equals?|leaves?|of|to|the|a|an|plus|minus|times|and|so|then|because|in|by))$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'\u201d)]?\s+|[\u3002\uff01\uff1f\u0964]\s*|\n+")

_FRACTION = re.compile(r"(\d)?\s*\\[dt]?frac\s*(?:\{([^{}]*)\}\s*\{([^{}]*)\}|(\d)\s*(\d))")
_LATEX_TEXT = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|operatorname|mbox)\s*\{([^{}]*)\}")


def clean(text: str) -> str:
    """The text without markup: Markdown, LaTeX, HTML tags, calculators' notes; full-width letters and brackets are
    ASCII's."""
    text = "".join(chr(ord(c) - 0xFEE0) if "\uff08" <= c <= "\uff09" or "\uff21" <= c <= "\uff5a" else c for c in text)
    text = re.sub(r"<<[^<>\n]*>>|</?[a-zA-Z][^<>\n]{0,40}>", "", text)
    if "\\" in text:
        text = _FRACTION.sub(_plain_fraction, text)
        text = _LATEX_TEXT.sub(r"\1", text)
        text = re.sub(r"\\(?:times|cdot|ast)(?![a-zA-Z])", "\u00d7", text)
        text = re.sub(r"\\(?:left|right|displaystyle|bf|rm)(?![a-zA-Z])|\\[!,;:]", "", text)
        text = re.sub(r"\\[\[\]() ]", " ", text)
        text = re.sub(r"\\([$%#&_])", r"\1", text)
        text = re.sub(r"\\circ(?![a-zA-Z])", "", text)
    text = text.replace("{,}", ",")
    # Emphasis. A star between spaces multiplies, and an underscore inside a word is part of a name.
    text = re.sub(r"\*\*|~~|`|(?<!\w)__|__(?!\w)", "", text)
    text = re.sub(r"(?<![\w*])\*(?=[^\s*])([^*\n]*?)(?<=[^\s*])\*(?![\w*])", r"\1", text)
    text = re.sub(r"(?<!\w)_(?=[^\s_])([^_\n]*?)(?<=[^\s_])_(?!\w)", r"\1", text)
    text = re.sub(r"(?<=[\w.])\s?\[\d{1,3}\]", "", text)  # a note's number
    return re.sub(r"(?m)^\s*(?:#{1,3}|>)\s+(?!#)", "", text)


def _plain_fraction(match: re.Match[str]) -> str:
    whole, above, below = match[1], match[2] or match[4], match[3] or match[5]
    return f"{whole} {above}/{below}" if whole else f"{above}/{below}"


def before_next_question(text: str) -> str:
    """The text up to where it goes on to another question."""
    text = text.lstrip()
    ends = [match.start() for pattern in (_QUESTION, _NEW_LINE_QUESTION) if (match := pattern.search(text))]
    return text[: min(ends)] if ends else text


def conclusions(text: str) -> Iterator[tuple[str, bool]]:
    """The places where an answer may stand, best first, as (text from there on, whether a whole sentence announces it:
    "the answer is", and no mere label such as "Answer:").

    Args:
      text: a generation, cut before the next question.
    """
    if "####" in text:
        yield clean(text.rpartition("####")[2]), True
    for held in reversed(_boxed(text)):
        yield clean(held), True
    for match in reversed(list(_TAGGED.finditer(text))):
        yield clean(match[1]), True
    text = clean(text)
    end = len(text)
    for match in reversed(list(_ANNOUNCED.finditer(text))):
        yield text[match.end() : end], match[0].rstrip()[-1:] not in (":", "\uff1a", "=")
        end = match.start()


def _boxed(text: str) -> list[str]:
    """What each \\boxed{…} holds, in the order of their ends; one that is never closed holds nothing."""
    found: list[str] = []
    opened: list[int | None] = []  # where what a brace opens begins, None for braces of no box
    for match in re.finditer(r"\\(?:boxed|fbox)\s*\{|[{}]", text):
        if match[0] == "}":
            start = opened.pop() if opened else None
            found += [] if start is None else [text[start : match.start()]]
        else:
            opened.append(match.end() if len(match[0]) > 1 else None)
    return found


def sentences(text: str) -> list[str]:
    """The sentences that hold anything; a line's end is a sentence's."""
    return [sentence for part in _SENTENCE_END.split(text) if (sentence := part.strip())]


def without_reasons(sentence: str) -> str:
    """The sentence up to a reason that follows what it says, and without asides that reckon; all of it where it begins
    with the reason."""
    sentence = _ASIDE.sub("", sentence)
    match = next((m for m in _REASON.finditer(sentence) if sentence[: m.start()].strip()), None)
    return sentence[: match.start()] if match else sentence


def is_refusal(text: str) -> bool:
    """Whether the text says that it has no answer."""
    return bool(_REFUSAL.search(text))


def is_broken_off(text: str) -> bool:
    """Whether the text ends where something had to follow."""
    return bool(_BROKEN_OFF.search(text.rstrip()))


def after_correction(text: str) -> str | None:
    """What follows the last word that takes something back, such as "wait" or "actually"; None without one."""
    matches = list(_CORRECTION.finditer(text))
    return text[matches[-1].end() :] if matches else None
