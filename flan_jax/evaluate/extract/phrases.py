"""What people and models write around an answer, as patterns, in the languages that benchmarks have: English, German,
Spanish, French, Russian, Swahili, Chinese, Japanese, Bengali, Telugu and Thai, and some of Hindi, Arabic, Korean,
Portuguese and Italian."""

from __future__ import annotations

import re

__all__ = [
    "ANNOUNCED",
    "ASIDE",
    "BROKEN_OFF",
    "CORRECTION",
    "QUESTION",
    "REASON",
    "REFUSAL",
    "SENTENCE_END",
    "TAGGED",
]

# A label that begins another question.
QUESTION = re.compile(
    r"(?<=\S)(?:\n\s*|\s{1,3}(?=[A-Z\u4e00-\u9fff\u3040-\u30ff]))(?:"
    r"Q|Question|Problem|Input|Instruction|Passage|Context|User|Human"
    r"|Frage|Aufgabe|Pregunta|Problema|Problème|Вопрос|Задача(?:-\S+)?|Swali"
    r"|问题|問題|问|质問|質問|প্রশ্ন|ప్రశ్న|โจทย์|คำถาม"
    r")(?: ?\d+)? ?[:\uff1a]"
)

# What announces an answer: "the correct answer to it is", "Answer:", "answer = ".
ANNOUNCED = re.compile(
    r"(?:"
    r"\banswer\b(?! choice| option)(?:"
    r"[^\n.:=?!]{0,60}?\b(?:is|was|are|be)\b(?! as follows)\s*(?:clearly|therefore|thus|then)?"
    r"|[^\n.:=?!]{0,30}?(?=[:=\uff1a]))"
    r"|\b(?:my|the|our) (?:choice|pick|guess) is\b"
    r"|\b(?:correct|right|best) (?:option|choice|one|letter) (?:is|would be|must be)"
    r"|\b(?:final|overall) (?:result|total|amount|solution|value|number) (?:is|=|(?=:))"
    r"|\blautet die Antwort\b"
    r"|\b(?:Antwort|Lösung|Ergebnis)(?: (?:ist|lautet|wäre|beträgt)(?: also| daher| somit)?|(?= ?:))"
    r"|\b(?:respuesta|solución|resposta)(?: correcta| final| correta)?"
    r"(?: (?:es|sería|é|será)(?: la| el| a| o)?\b|(?= ?:))"
    r"|\b(?:réponse|risposta)(?: correcte| finale| bonne| corretta)?(?: (?:est|è|serait)(?: donc| la)?\b|(?= ?:))"
    r"|\bответ(?:ом)?(?: (?:равен|будет|\u2014 это)|(?= ?[:\u2014\u2013-]))"
    r"|\bjibu(?: (?:sahihi|la mwisho))*(?: ni\b|(?= ?:))"
    r"|(?:正确|最终|正確)?的?(?:答案|答え)(?:应该)?(?:就)?(?:是|为|為|は|(?=[:\uff1a]))"
    r"|解答(?:は|(?=[:\uff1a]))"
    r"|(?:সঠিক )?উত্তর(?:টি)?(?: (?:হলো?|হয়|হবে)|(?= ?:))"
    r"|(?:సరైన )?(?:సమాధానం|జవాబు)(?= ?[:\d\s])"
    r"|คำตอบ(?:ที่ถูกต้อง|สุดท้าย)?(?: ?คือ|(?= ?:))"
    r"|उत्तर(?: (?:है|होगा)|(?= ?:))"
    r"|(?:الإجابة|الجواب)(?: (?:هي|هو)|(?= ?:))"
    r"|정?답(?:은|(?= ?:))"
    r")[ \t]*(?:[:=\uff1a]|[\u2014\u2013](?=\s))?[ \t]*",
    re.IGNORECASE,
)
TAGGED = re.compile(r"<answer>(.*?)(?:</answer>|$)", re.IGNORECASE | re.DOTALL)

# A reason that follows an answer. Words that are other words too want the comma.
REASON = re.compile(
    r"[\s,;(\u2014\u2013-]{0,4}(?:"
    r"\b(?:because|since|given that|due to|considering)\b"
    r"|[,;(\u2014\u2013] ?(?:as|for|which is|i\.e\.|that is|where|if)\b(?= )"
    r"|\bweil\b|, (?:da|denn)\b|\bporque\b|\bya que\b|\bpuesto que\b|\bparce que\b|, car\b|\bpuisque\b"
    r"|потому что|так как|, поскольку|\bkwa sababu\b|\bkwa kuwa\b"
    r"|因为|因為|なぜなら|কারণ|ఎందుకంటే|เพราะ"
    r")",
    re.IGNORECASE,
)
# In brackets: how it was reckoned.
_NO_BRACKETS = r"[^()\uff08\uff09\[\]]*"
ASIDE = re.compile(
    rf"\s*[(\uff08\[]{_NO_BRACKETS}(?:=|\u2248|\bsince\b|\bbecause\b|\bcheck){_NO_BRACKETS}[)\uff09\]]", re.IGNORECASE
)
# What takes back what was said before.
CORRECTION = re.compile(
    r"\b(?:wait|actually|oops|sorry(?!,? but)|scratch that|correction|or rather|I mean(?:t)?"
    r"|let me (?:redo|recompute|correct)|Moment|stimmt nicht|un momento|espera|attendez|attends|подожди(?:те)?|ngoja)\b"
    r"[,.:!\s\u2014-]*"
    r"|(?:等等|算错了|不对(?=[,\uff0c])|待って|間違え)[^\d]{0,8}?[,\uff0c\u3002\u3001\s]*",
    re.IGNORECASE,
)
# That there is no answer.
REFUSAL = re.compile(
    r"\b(?:not possible to (?:determine|say|tell|answer)"
    r"|(?:cannot|can't|can not|could not) (?:be (?:sure|determined|answered)|determine|answer|say|tell)"
    r"|(?:do not|don't) know|not (?:sure|enough information)|unable to (?:determine|answer)|unknowable)\b",
    re.IGNORECASE,
)
# A text's end after which something had to follow.
BROKEN_OFF = re.compile(
    r"(?:[=+\u00d7*/,(:]|\b(?:is|are|was|be|with|gives?|equals?|leaves?|of|to|the|a|an|plus|minus|times|and|so|then|"
    r"because|in|by))$",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"(?<=[.!?])[\"'\u201d)]?\s+|[\u3002\uff01\uff1f\u0964]\s*|\n+")
