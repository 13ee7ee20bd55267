# make demo and make test need only Python 3.11+, pip and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: setup demo test coverage lint bench docs clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable ".[plot,test]"
	touch $(STAMP)

demo: setup
	$(BIN)/python examples/potential.py

# Threads of OpenBLAS would wait, spinning, on the core that a worker of the tests keeps to.
test: setup
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=15

# Fails below 95 % of the lines. What tests start as programs of their own is not counted.
coverage: setup
	$(BIN)/python -m pip install --quiet --editable ".[plot,test,lint]"
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov=equibacksolve --cov-report=term:skip-covered --cov-fail-under=95

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pip install --quiet --editable ".[plot,test,lint]"
	$(BIN)/python tests/typing/pages.py
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(BIN)/mypy

# The short form of every benchmark, below ten minutes in all; what needs more than .[test] says that it is skipped.
bench: setup
	@set -e; for script in $(sort $(wildcard benchmarks/[a-z]*.py)); do \
		echo; echo "== $$script --short"; sed -n '1s/^"""//p' $$script; $(BIN)/python $$script --short; done

# Strict: a broken link, or a page that is not in the navigation, is an error. Nothing is fetched.
docs: setup
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

clean:
	rm -rf .venv build dist site *.egg-info .pytest_cache .ruff_cache .hypothesis
