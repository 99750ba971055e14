# `make demo` and `make test` set up what they need in .venv, once; see README.md.
PYTHON ?= python3
BIN = .venv/bin
READY = .venv/.ready

.PHONY: demo test test-gpu test-all census lint docs bench clean

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

census: $(READY)
	$(BIN)/python -m tests.census $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "The pages are in docs/_build/html/index.html"

bench: $(READY)
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv report docs/_build docs/auto_examples

# The lock pins every package; a change to it or to pyproject.toml installs again.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gahb_sk needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)
