# Every target sets itself up. VENV=path chooses another environment, PYTHON=python3.12 another interpreter.
VENV ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
DEMO_DIR ?= runs/demo

.PHONY: demo test test-beam check lint types docs golden bench faults plan pods studies-mini pretrained vocab clean

demo: $(VENV)/.core
	$(VENV)/bin/flan-jax demo --model_dir $(DEMO_DIR)

test: $(VENV)/.test
	-$(MAKE) --no-print-directory plan
	$(VENV)/bin/python -m pytest -n 2 --dist worksteal

# Apache Beam wants older protobuf and pyarrow than TensorFlow's, so it has an environment of its own.
test-beam: $(VENV)-beam/.beam
	$(VENV)-beam/bin/python -m pytest tests/test_cache_beam.py

$(VENV)-beam/.beam: setup.py constraints-beam.txt
	test -x $(VENV)-beam/bin/python || $(PYTHON) -m venv $(VENV)-beam
	$(VENV)-beam/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-beam.txt -e '.[beam]' pytest pytest-timeout
	touch $@

# Before a commit: what CI asks, without the tests that take over ten seconds.
check: lint types
	$(VENV)/bin/python -m pytest -n 2 --dist worksteal -m "not slow"

lint: $(VENV)/.test
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .

types: $(VENV)/.test
	$(VENV)/bin/mypy

# The TPU compiler, for `flan-jax plan`. It lies beside the environment's packages: inside, JAX would look for a TPU at
# every start. `make test` goes on without it where there is none, and says what it skips.
plan: $(VENV)/.plan

$(VENV)/.plan: constraints.txt $(VENV)/.core
	$(PIP) --no-deps --target $(VENV)/libtpu --upgrade libtpu
	touch $@

# The table of docs/pods.md: every recipe's step, compiled for its slice. About an hour on two cores.
pods: $(VENV)/.plan
	$(VENV)/bin/python -m flan_jax.cli.plan_all

# The papers' ladders in small, on the embedded tasks; what they show goes to docs/findings.md. Hours on two cores; what was
# broken off goes on.
studies-mini: $(VENV)/.core
	test -d runs/demo/selected || $(VENV)/bin/flan-jax demo
	$(VENV)/bin/flan-jax study $(sort $(wildcard gin/studies/*_mini.gin)) --processes 2 \
	  --findings docs/findings.md

# The documentation site, build/site/index.html. It is made from source text, so it needs nothing but MkDocs.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet
	@echo build/site/index.html

$(VENV)/.docs: setup.py constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) 'mkdocs-material>=9.7' 'mkdocstrings[python]>=1' ruff
	touch $@

# Every file of tests/golden anew. What lm-eval and transformers say is asked in an environment of its own.
golden: $(VENV)/.test
	-$(MAKE) --no-print-directory $(VENV)-golden/.golden
	$(VENV)/bin/python tests/golden/make.py --peer_python $(VENV)-golden/bin/python

$(VENV)-golden/.golden: setup.py constraints.txt
	test -x $(VENV)-golden/bin/python || $(PYTHON) -m venv $(VENV)-golden
	$(VENV)-golden/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[golden]'
	touch $@

bench: $(VENV)/.test
	$(VENV)/bin/python benchmarks/run_all.py

# Kills, full disks, damaged files and nonsense, over a thousand trials: docs/reliability.md. About an hour on two cores.
faults: $(VENV)/.test
	PYTHONPATH=tests $(VENV)/bin/python -m faults $(ARGS)

# The demo's starting point, and a smaller one for the studies of model size: prefix-LM on lists, then pairs, then all
# procedural text; into flan_jax/assets. An hour and a half.
pretrained: $(VENV)/.core
	$(VENV)/bin/python -m flan_jax.cli.pretrained --model_dir runs/pretrained
	$(VENV)/bin/python -m flan_jax.cli.pretrained --model_dir runs/pretrained_small \
	  --model gin/models/t5_1_1_demo_small.gin --out flan_jax/assets/lm_adapted_small

vocab: $(VENV)/.core
	$(VENV)/bin/python -m flan_jax.cache.train_vocab

$(VENV)/.core: setup.py constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, %s is %s" % (sys.executable, sys.version.split()[0]) if sys.version_info < (3, 11) else 0)'
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	touch $@

$(VENV)/.test: $(VENV)/.core
	$(PIP) -e '.[build,docs,hf,test]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache
