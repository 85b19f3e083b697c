"""Wordings of the chain-of-thought sets: the question, then reasoning that ends in "the answer is ..."; the answer
alone; and the three ways of turning a set around."""

from flan_jax.declare.templates import Template

CLOSINGS = (
    "{rationale}\nSo the answer is {answer}.",
    "{rationale} The answer is {answer}.",
    "{rationale}\nTherefore, the answer is {answer}.",
    "Let's see. {rationale} Hence the answer is {answer}.",
    "{rationale}\nThe answer is {answer}.",
    "Reasoning: {rationale}\nThe answer is {answer}.",
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
        "A quantity is asked for below, with five candidates. Compute it, then match it to a candidate.\n{question}",
        "{question}\nSet up the equation, solve it, and state which choice it gives.",
        "Maths test, one right choice a question. Write your working before the letter.\n\n{question}",
        "{question}\nWhich letter is it, and by what steps?",
    ),
    "creak": _with_closings(
        "{question}\nGive the fact that settles it before you say yes or no.",
        "Judge the following from what everybody knows, and say why.\n{question}",
        "{question}\nThink about it first.",
        "Is this true? Justify, then decide.\n\n{question}",
        "{question}\nWrite one sentence of background and then your verdict.",
        "Use common sense to check what is said here. Reason, then reply.\n{question}",
        "{question}\nWhat do you know about the things named here? Use it to decide.",
        "A claim needs checking. Recall what is known, then rule on it.\n{question}",
        "Fact or fiction? Explain before you rule.\n\n{question}",
        "{question}\nBack up your reply with a piece of knowledge, then give it.",
    ),
    "ecqa": _with_closings(
        "{question}\nSay why one option fits best, then name it.",
        "Choose the most sensible option and defend it first.\n{question}",
        "{question}\nReason from everyday experience before choosing.",
        "This question is about ordinary life. Explain, then choose from the list.\n\n{question}",
        "{question}\nWhat makes one of these better than the rest? Conclude with that option.",
        "Think aloud about the choices, then settle on one.\n{question}",
        "{question}\nGo from what the words mean to the option that fits.",
        "Below is a question and a few choices. Make the case for the best one, then name it.\n{question}",
        "Everyday knowledge decides this. Write it down, then decide.\n\n{question}",
        "{question}\nArgue for your pick before you state it.",
    ),
    "gsm8k": _with_closings(
        "{question}\nShow each step of the calculation.",
        "Solve this word problem step by step.\n{question}",
        "{question}\nWhat is the number asked for? Work towards it.",
        "Here is a small story with numbers in it. Calculate what it asks, line by line.\n\n{question}",
        "{question}\n\nBreak the problem into parts, solve them in order, and end with the result.",
        "A pupil wants to see how this is done, not only the result:\n{question}",
        "{question}\nCarry out the sums one by one and say what they come to.",
        "Find the amount. List the steps in the order in which you take them.\n{question}",
        "Arithmetic in words:\n\n{question}\n\nWrite your working and the final number.",
        "{question}\nFirst the intermediate results, last the number that was asked for.",
    ),
    "qasc": _with_closings(
        "{question}\nPut the facts together, then give the letter.",
        "Answer this science question. State the facts that you combine first.\n{question}",
        "{question}\nWhich of these follows from what is known? Explain and pick.",
        "A question from a school science test is below. Reason from two facts to the right choice.\n\n{question}",
        "{question}\nLink one fact to another until an option is reached.",
        "Before choosing a letter, write down what you know about the subject.\n{question}",
        "{question}\nName two facts that lead to one of the choices, and that choice.",
        "Eight choices, one supported by science. Show the support first.\n{question}",
        "Combine what you know about nature to choose a letter.\n\n{question}",
        "{question}\nGive the chain of facts, then the choice at its end.",
    ),
    "sensemaking": _with_closings(
        "{question}\nExplain what cannot be, then name the sentence.",
        "One of two sentences is odd. Say why, then which.\n{question}",
        "{question}\nThink about how the world works before you reply.",
        "Compare the sentences below with everyday experience and reason to a verdict.\n\n{question}",
        "{question}\nState the reason first and the sentence last.",
        "Find the sentence that could not be meant seriously, starting with your reason.\n{question}",
        "{question}\nWhat in the world would have to be different for it to hold? Then name it.",
        "Two sentences, one of them absurd. Give the grounds, then point to it.\n{question}",
        "Check each sentence against what can happen in real life, and report.\n\n{question}",
        "{question}\nExplain briefly, then say A or B in full.",
    ),
    "strategyqa": _with_closings(
        "{question}\nCollect the facts that matter, then reply yes or no.",
        "Yes or no? Argue step by step.\n{question}",
        "{question}\nSplit this into smaller questions, answer those, and conclude.",
        "The reply to this takes more than one fact. List them and draw the conclusion, yes or no.\n\n{question}",
        "{question}\nReason first; finish with yes or no.",
        "Work out whether this holds, from things you know.\n{question}",
        "{question}\nWhat would you have to look up? State it as you know it, then answer yes or no.",
        "Put together what you know to settle this with yes or no.\n{question}",
        "An unusual question follows. Find the facts behind it before you say yes or no.\n\n{question}",
        "{question}\nGive the grounds for your yes or no, then give it.",
    ),
    "esnli": _with_closings(
        "{question}\nCompare the two sentences, then name the relation.",
        "How does the hypothesis stand to the premise? Explain, then label it.\n{question}",
        "{question}\nCould the hypothesis be false where the premise is true? Think, then choose.",
        "Two descriptions of a scene are given. Say what the first tells about the second, and conclude.\n\n{question}",
        "{question}\nGive your reason in a sentence and the label after it.",
        "Decide if the premise implies the hypothesis, rules it out, or leaves it open. Reason first.\n{question}",
        "Read the premise as a fact. What follows for the hypothesis, and why?\n{question}",
        "{question}\nJustify one of the labels and then give it.",
        "Inference task. Explanation, then label.\n\n{question}",
        "{question}\nWhat is said, what is only supposed? Settle on a label at the end.",
    ),
    "qed": _with_closings(
        "{question}\nFind the sentence that answers this, then take the answer from it.",
        "Read the passage and reply to the question. Quote your evidence first.\n{question}",
        "{question}\nWhich sentence holds the answer, and whom or what does it speak of? Then answer.",
        "The answer stands in the text below. Show where before you give it.\n\n{question}",
        "{question}\nSupport your answer with the text, then give it.",
        "Use only the passage. Evidence first, answer last.\n{question}",
        "A reader wants to know not just the answer but where it comes from.\n{question}",
        "{question}\nMatch the words of the question with those of the passage and conclude.",
        "Locate, explain, answer.\n\n{question}",
        "{question}\nGive the line that settles it and then the short answer.",
    ),
}

# The answer alone, without a rationale.
DIRECT_TEMPLATES = (
    Template("{question}"),
    Template("{question}\nAnswer only."),
    Template("Answer without explaining.\n{question}"),
    Template("{question}\nWhat is the answer? A word or two will do."),
    Template("Just the answer, please:\n{question}"),
    Template("{question}\nNo working needed, only the result."),
    Template("Reply as briefly as you can.\n\n{question}"),
    Template("{question}\nThe final answer alone is wanted."),
)

# By the categories of the Flan Collection's table: what is asked for -> wordings.
INVERTED_TEMPLATES = {
    "Explanation Generation": tuple(
        Template(text, "{rationale}")
        for text in (
            "{question}\nThe answer is {answer}. Why?",
            "Question: {question}\nAnswer: {answer}\nWrite the reasoning that leads there.",
            "Somebody answered {answer} to this:\n{question}\nExplain how they may have come to it.",
            "{question}\nWe know that the answer is {answer}. Give the steps.",
            "Defend the answer {answer}.\n\n{question}",
            "Here are a question and its answer. What is the explanation?\n{question}\n\nThe reply: {answer}",
        )
    ),
    "Question Generation": tuple(
        Template(text, "{question}")
        for text in (
            "Reasoning: {rationale}\nAnswer: {answer}\nWhat was the question?",
            "{rationale} So the answer is {answer}.\nWrite a question that this answers.",
            "A teacher has the solution but lost the problem. Restore it.\nSolution: {rationale}\nResult: {answer}",
            "Which question leads to {answer} by this reasoning?\n{rationale}",
            "Invent the question to which the following is a full reply.\n\n{rationale}\nThe answer is {answer}.",
            "Answer: {answer}\nExplanation: {rationale}\nQuestion:",
        )
    ),
    "Generate Question and Answer from Explanation": tuple(
        Template(text, "{question}\nAnswer: {answer}")
        for text in (
            "{rationale}\nWrite a question that this explains, and its answer.",
            "Explanation: {rationale}\nMake up the question and the answer that belong to it.",
            "Here is how somebody reasoned. What were they asked, and what did they reply?\n\n{rationale}",
            "Turn this into an exercise with its solution.\n{rationale}",
            "From the reasoning below, recover both question and answer.\n{rationale}",
            "{rationale}\nIf this is the reasoning, give the question first and the answer second.",
        )
    ),
}
