"""Benchmarks that are run together, under one name."""

from flan_jax.declare.benchmark import add_collection

# The six scores of Chung et al. 2022, whose normalised average is `flan_jax.evaluate.aggregates.normalised`.
add_collection(
    "flan_paper",
    (
        ("mmlu", "direct"),
        ("mmlu", "cot"),
        ("bbh", "direct"),
        ("bbh", "cot"),
        ("tydiqa", "direct"),
        ("mgsm", "cot"),
    ),
)
# What chains of thought were shown on (Wei et al. 2022, Kojima et al. 2022).
add_collection(
    "reasoning",
    tuple(
        (name, "cot")
        for name in (
            "gsm8k",
            "addsub",
            "singleeq",
            "mawps",
            "aqua",
            "strategyqa",
            "commonsenseqa",
            "bigbench_date",
            "bigbench_object_tracking",
        )
    ),
)
# What Ouyang et al. 2022 measure without raters, and prompts for raters.
add_collection(
    "instructgpt",
    (
        ("truthfulqa", "mc1"),
        ("truthfulqa", "mc2"),
        ("truthfulqa", "generate"),
        ("real_toxicity_prompts", "continuations_word_list"),
        ("open_ended", "samples"),
    ),
)
# Chung et al. 2022, appendix C.
add_collection(
    "responsible_ai",
    (("real_toxicity_prompts", "continuations_word_list"), ("civil_comments", "zero_shot"), ("winogender", "shots_0")),
)
