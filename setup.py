"""Packaging. `tasks/` and `gin/` sit at the top of the repository and are installed as `flan_jax.tasks` and
`flan_jax.gin`, so that they claim no top-level name in anybody's environment. In a checkout the link `flan_jax/tasks`
says the same to Python: a checkout on PYTHONPATH uses its own tasks, whatever is installed beside it."""

import pathlib
import re

from setuptools import find_packages, setup

HERE = pathlib.Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "flan_jax" / "__init__.py").read_text()).group(1)

TASK_PACKAGES = ["flan_jax.tasks"] + [f"flan_jax.tasks.{name}" for name in find_packages(str(HERE / "tasks"))]
GIN_FOLDERS = ("models", "mixtures", "recipes", "runs", "studies")
GIN_PACKAGES = ["flan_jax.gin"] + [f"flan_jax.gin.{name}" for name in GIN_FOLDERS]

setup(
    name="flan_jax",
    version=VERSION,
    description="Instruction finetuning at scale, in JAX",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=sorted({*find_packages(include=["flan_jax", "flan_jax.*"]), *TASK_PACKAGES, *GIN_PACKAGES}),
    package_dir={"flan_jax": "flan_jax", "flan_jax.tasks": "tasks", "flan_jax.gin": "gin"},
    package_data={"": ["*.gin", "*.tsv", "py.typed", "assets/*", "assets/**/*"]},
    install_requires=[
        "absl-py",
        "array_record>=0.8",
        "flax>=0.12",
        "gin-config>=0.5",
        "jax>=0.10",
        "jinja2>=3.1.6",
        "markupsafe>=2.1",
        "matplotlib>=3.9",
        "msgpack>=1.1",
        "numpy>=2",
        "optax>=0.2.5",
        "orbax-checkpoint>=0.11",
        "protobuf",
        "pyyaml>=6",
        "rich>=14",
        "rouge-score>=0.1.2",
        "safetensors>=0.6",
        "sentencepiece>=0.2.1",
        "tensorboardX>=2.6",
    ],
    extras_require={
        "arrow": ["pyarrow>=20"],
        "build": ["seqio>=0.0.20", "tensorflow>=2.20", "tensorflow-text>=2.20", "tensorflow-datasets>=4.9.9"],
        "beam": ["apache_beam>=2.77"],  # in an environment of its own: constraints-beam.txt
        "lm_eval": ["lm_eval>=0.4.13"],  # for `flan-jax lm-eval`; not in constraints.txt: docs/benchmarks.md
        "hf": ["gguf>=0.17", "jinja2>=3.1", "tokenizers>=0.22"],
        "tpu": ["jax[tpu]>=0.10"],
        "gpu": ["jax[cuda13]>=0.10"],
        "bench": ["torch>=2.8", "transformers>=5"],
        "golden": ["lm_eval==0.4.13", "torch>=2.8", "transformers==5.23.*"],  # `make golden`
        "docs": ["mkdocs-material>=9.7", "mkdocstrings[python]>=1"],  # `make docs`
        "test": [
            "hypothesis>=6.150",
            "pytest>=9",
            "pytest-timeout>=2.4",
            "pytest-xdist>=3.8",
            "ruff>=0.14",
            "mypy>=1.18",
        ],
    },
    entry_points={"console_scripts": ["flan-jax = flan_jax.cli.main:console"]},
)
