# The two commands of a new checkout are `make demo` and `make test`; each makes the virtual environment it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# An editable install is not compiled, and where PYTHONDONTWRITEBYTECODE is set it never would be: as pip does it.
COMPILE := $(BIN)/python -m compileall -q carbon_lint
# Many tests wait for a process or a server, so three workers suit two cores.
TEST_JOBS ?= 3
LOAD ?= 4
TIMES ?= 10
SUITE = pytest -n $(TEST_JOBS) --dist worksteal $(PYTEST_ARGS)

.PHONY: help demo demo-over-budget test test-under-load coverage lint format docs clean
help:
	@echo "make demo               train a small real model under CodeCarbon, gate it, write, lint and publish its card (locally)"
	@echo "make demo-over-budget   the same with a budget that is too small: the job is stopped"
	@echo "make test               the suite but what is slow or needs Docker, torch or pre-commit (.ci/run runs that too)"
	@echo "                        TESTS=thorough makes it try five times as many examples; PYTEST_ARGS go to pytest"
	@echo "make test-under-load    the same ten times while LOAD=4 processes keep the machine busy, a line for each run; TIMES=3: three"
	@echo "make coverage           make test, and which lines and branches of the package it runs"
	@echo "make lint               ruff, mypy, our own check on the demo's card, the English of the documentation"
	@echo "make docs               generate the reference pages from the code, and build the site"

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "carbon-lint needs Python 3.11 or later, $(PYTHON) is $$($(PYTHON) --version); name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml
	$(PIP) install -q -e '.[all,demo]'
	@$(COMPILE)
	@touch $@

$(VENV)/.test: $(VENV)/.python pyproject.toml
	$(PIP) install -q -e '.[test,demo]'
	@$(COMPILE)
	@touch $@

$(VENV)/.lint: $(VENV)/.test pyproject.toml
	$(PIP) install -q -e '.[test,lint]'
	@touch $@

demo: $(VENV)/.demo
	@$(BIN)/python examples/demo/demo.py

demo-over-budget: $(VENV)/.demo
	@$(BIN)/python examples/demo/demo.py --over-budget

test: $(VENV)/.test
	$(BIN)/python -m $(SUITE)

test-under-load: $(VENV)/.test
	@$(BIN)/python tools/under_load.py $(LOAD) --times $(TIMES) $(BIN)/python -m $(SUITE)

coverage: $(VENV)/.test
	rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run -m $(SUITE)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --skip-covered --skip-empty

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/carbon-lint check examples/demo/card.md
	$(BIN)/python tools/prose.py

format: $(VENV)/.lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.test
	$(BIN)/python tools/generate_docs.py
	$(BIN)/mkdocs build --strict --quiet
	@echo "the site is in site/: $(BIN)/mkdocs serve shows it"

clean:
	rm -rf $(VENV) demo-out build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .ci-cache
