"""The benchmarks that Flan 2022 is judged on and never trains on (Chung et al. 2022, section 2.1 and appendix D)."""

from flan_jax.declare.task import HeldOut

# Names by which data sets of task collections give away that they are a benchmark's questions.
BENCHMARK_DATASETS = {
    "mmlu": ("mmlu", "mmmlu", "measuring_massive_multitask_language_understanding", "hendrycks_test"),
    "bbh": ("bbh", "big_bench_hard"),
    "tydiqa": ("tydiqa", "tydi_qa", "xor_tydi"),
    "mgsm": ("mgsm",),
}

__all__ = ["BENCHMARKS_HELD_OUT", "BENCHMARK_DATASETS"]

BENCHMARKS_HELD_OUT = HeldOut(
    benchmarks=frozenset(BENCHMARK_DATASETS),
    datasets=frozenset(name for names in BENCHMARK_DATASETS.values() for name in names),
)
