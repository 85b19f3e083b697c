"""A metric of a user's module is known where tasks are scored, which is not where they are cached."""

import sys

import pytest
from tiny_model import VOCABULARY

from flan_jax.cache.build import build_cache
from flan_jax.core.errors import TaskError
from flan_jax.core.manifest import cache_root
from flan_jax.declare.registry import restored
from flan_jax.evaluate import EvalConfig
from flan_jax.evaluate.metrics import METRICS, get_metric
from flan_jax.workflows.metrics import import_metrics

MODULE = """
from flan_jax.declare import Template, add_templated_task
from flan_jax.evaluate.metrics import register_metric
from flan_jax.sources import MemorySource


def starts_alike(text, references):
    return float(any(text[:1] == reference[:1] for reference in references))


register_metric("is_there", "answer", lambda answer, references: float(answer is not None))
rows = [{"question": "Say it.", "said": "it", "references": ["that"]}]
for name, metrics in (("with_own", (starts_alike, "is_there")), ("with_ours", ("exact_match",))):
    source = MemorySource({"train": rows, "validation": rows})
    add_templated_task(name, source, [Template("{question}", "{said}")], metrics=metrics)
"""


def test_metrics_of_a_module_are_known_where_its_tasks_are_scored(tmp_path, monkeypatch):
    name = "module_with_a_metric"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    with restored():
        for task in ("with_own", "with_ours"):
            build_cache(task, vocabulary=VOCABULARY, cache_dir=tmp_path, modules=(name,), num_workers=1)
    root, fingerprint = cache_root(tmp_path, VOCABULARY.fingerprint), VOCABULARY.fingerprint
    with restored():
        monkeypatch.delitem(sys.modules, name)  # as in another process
        assert not {"starts_alike", "is_there"} & METRICS.keys()
        # Tasks of our metrics need no module here: it may import TensorFlow.
        import_metrics((name,), EvalConfig(report=("with_ours",)), root, fingerprint)
        assert name not in sys.modules
        import_metrics((name,), EvalConfig(report=("with_own",)), root, fingerprint)
        assert get_metric("starts_alike")("is", ["it"]) == get_metric("is_there")(None, []) + 1 == 1.0
        with pytest.raises(TaskError, match=r"module not_there .* cannot be imported"):
            METRICS.pop("is_there")
            import_metrics(("not_there",), EvalConfig(report=("with_own",)), root, fingerprint)
