# `make demo` and `make test` set up what they need in .venv, once; see README.md.
PYTHON ?= python3
BIN = .venv/bin
READY = .venv/.ready

.PHONY: demo test test-gpu test-all test-lowest test-matrix census lint docs bench bench-quick clean

demo: $(READY)
	$(BIN)/gahb-sk demo --output report

# One process per core with one thread each: twice as fast as one process with all threads.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

test: $(READY)
	$(PYTEST) -m "not slow" $(ARGS)

test-gpu: $(READY)
	$(BIN)/python -m pytest -m gpu $(ARGS)

test-all: $(READY)
	$(PYTEST) $(ARGS)

# Other versions, each in an environment of its own, which uv sets up: the lowest that
# pyproject.toml admits, and the newest on every Python that is found on the PATH.
PYTHONS = 3.11 3.12 3.13 3.14
define test_with
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv venv --quiet --clear --python $(1) .venv-$(2)
	VIRTUAL_ENV=.venv-$(2) $(BIN)/uv pip install --quiet $(3) -e ".[test,peers]" -e ./gahb_sk_weights
	OMP_NUM_THREADS=1 .venv-$(2)/bin/python -m pytest -n auto --dist worksteal -m "not slow" $(ARGS)
endef

test-lowest: $(READY)
	$(call test_with,3.11,lowest,--resolution lowest-direct)

test-matrix: $(PYTHONS:%=test-on-%)

test-on-%: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@if $(BIN)/uv python find --quiet --no-python-downloads $*; \
	then $(MAKE) --no-print-directory test-with-$*; \
	else echo "Python $* is not on the PATH: skipped"; fi

test-with-%: $(READY)
	$(call test_with,$*,$*,)

census: $(READY)
	$(BIN)/python -m tests.census $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "The pages are in docs/_build/html/index.html"

# Fill docs/results/peers_*.csv (remove them to measure again); quick: to the screen, in minutes.
bench: $(READY)
	$(BIN)/python -m benchmarks

bench-quick: $(READY)
	$(BIN)/python -m benchmarks.bench_peers --quick

clean:
	rm -rf .venv .venv-* report docs/_build docs/auto_examples

# The lock pins every package; a change to it or to pyproject.toml installs again.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gahb_sk needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e ./gahb_sk_weights
	@touch $(READY)
