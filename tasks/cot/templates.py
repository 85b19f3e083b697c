"""Wordings of the chain-of-thought sets: the question, then reasoning that ends in "the answer is ..."."""

from flan_jax.core.templates import ExemplarStyle, Template

CLOSINGS = (
    "{rationale}\nSo the answer is {answer}.",
    "{rationale} The answer is {answer}.",
    "{rationale}\nTherefore, the answer is {answer}.",
    "Let's see. {rationale} Hence the answer is {answer}.",
    "{rationale}\nThe answer is {answer}.",
    "Reasoning: {rationale}\nThe answer is {answer}.",
)

EXEMPLAR_STYLES = (
    ExemplarStyle("{inputs}\n{targets}\n\n", "{inputs}\n"),
    ExemplarStyle("Question: {inputs}\nReasoned answer: {targets}\n\n", "Question: {inputs}\nReasoned answer:"),
    ExemplarStyle("[problem] {inputs}\n[solution] {targets}\n", "[problem] {inputs}\n[solution]"),
    ExemplarStyle("A worked case: {inputs}\n{targets}\n\n", "Now this one: {inputs}\n"),
)


def _with_closings(*wordings: str) -> tuple[Template, ...]:
    return tuple(Template(text, CLOSINGS[i % len(CLOSINGS)]) for i, text in enumerate(wordings))


TEMPLATES = {
    "aqua": _with_closings(
        "{question}\nWork it out, then pick one of the options.",
        "Solve this multiple-choice problem and show how you get there.\n{question}",
        "{question}\nWhich option is right? Do the arithmetic first.",
        "Here is an algebra question with five choices. Derive the result before you choose.\n\n{question}",
        "{question}\n\nExplain the calculation and finish with the letter of your choice.",
        "Think through the quantities in this problem, then name the option.\n{question}",
    ),
    "creak": _with_closings(
        "{question}\nGive the fact that settles it before you say yes or no.",
        "Judge the following from what everybody knows, and say why.\n{question}",
        "{question}\nThink about it first.",
        "Is this true? Justify, then decide.\n\n{question}",
        "{question}\nWrite one sentence of background and then your verdict.",
        "Use common sense to check what is said here. Reason, then reply.\n{question}",
    ),
    "ecqa": _with_closings(
        "{question}\nSay why one option fits best, then name it.",
        "Choose the most sensible option and defend it first.\n{question}",
        "{question}\nReason from everyday experience before choosing.",
        "This question is about ordinary life. Explain, then choose from the list.\n\n{question}",
        "{question}\nWhat makes one of these better than the rest? Conclude with that option.",
        "Think aloud about the choices, then settle on one.\n{question}",
    ),
    "gsm8k": _with_closings(
        "{question}\nShow each step of the calculation.",
        "Solve this word problem step by step.\n{question}",
        "{question}\nWhat is the number asked for? Work towards it.",
        "Here is a small story with numbers in it. Calculate what it asks, line by line.\n\n{question}",
        "{question}\n\nBreak the problem into parts, solve them in order, and end with the result.",
        "A pupil wants to see how this is done, not only the result:\n{question}",
    ),
    "qasc": _with_closings(
        "{question}\nPut the facts together, then give the letter.",
        "Answer this science question. State the facts that you combine first.\n{question}",
        "{question}\nWhich of these follows from what is known? Explain and pick.",
        "A question from a school science test is below. Reason from two facts to the right choice.\n\n{question}",
        "{question}\nLink one fact to another until an option is reached.",
        "Before choosing a letter, write down what you know about the subject.\n{question}",
    ),
    "sensemaking": _with_closings(
        "{question}\nExplain what cannot be, then name the sentence.",
        "One of two sentences is odd. Say why, then which.\n{question}",
        "{question}\nThink about how the world works before you reply.",
        "Compare the sentences below with everyday experience and reason to a verdict.\n\n{question}",
        "{question}\nState the reason first and the sentence last.",
        "Find the sentence that could not be meant seriously, starting with your reason.\n{question}",
    ),
    "strategyqa": _with_closings(
        "{question}\nCollect the facts that matter, then reply yes or no.",
        "Yes or no? Argue step by step.\n{question}",
        "{question}\nSplit this into smaller questions, answer those, and conclude.",
        "The reply to this takes more than one fact. List them and draw the conclusion, yes or no.\n\n{question}",
        "{question}\nReason first; finish with yes or no.",
        "Work out whether this holds, from things you know.\n{question}",
    ),
}
