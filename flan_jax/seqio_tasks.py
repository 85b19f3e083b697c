"""MIXTURE_OR_TASK_MODULE for SeqIO and T5X programs: importing this registers every task and mixture with SeqIO.

    import flan_jax.seqio_tasks
    seqio.get_mixture_or_task("procedural").get_dataset(sequence_length={"inputs": 512, "targets": 128}, split="train")

FLAN_JAX_VOCAB_PATH names the SentencePiece model (default: the embedded one), FLAN_JAX_TASK_FOLDERS the folders that
tasks are read from, as in "niv2=/data/natural_instructions_v2,cot=/data/flan_cot". Needs `pip install flan_jax[build]`.
"""

import os
import sys

import flan_jax.tasks  # noqa: F401
from flan_jax.cache.seqio_bridge import register_all
from flan_jax.core import assets
from flan_jax.declare import task_folders

_named = os.environ.get("FLAN_JAX_TASK_FOLDERS", "")
if not _named and (_named := os.environ.get("FLAN_JAX_TASK_SUITES", "")):
    print("FLAN_JAX_TASK_SUITES is called FLAN_JAX_TASK_FOLDERS now", file=sys.stderr)
_pairs = [pair.partition("=") for pair in _named.split(",") if pair]
task_folders.activate({name: folder for name, _, folder in _pairs})
register_all(os.environ.get("FLAN_JAX_VOCAB_PATH") or assets.EMBEDDED_VOCAB)
