# make demo and make test set everything up in .venv; they need Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN := .venv/bin

# A few tests at a time, each on one core.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal

.PHONY: demo test test-all lint wheel clean

demo: .venv/runtime
	$(BIN)/deepem demo

test: .venv/development
	$(PYTEST)

test-all: .venv/development
	$(PYTEST) -m "slow or not slow"

lint: .venv/development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

wheel: .venv/development
	$(BIN)/python -m build --wheel

clean:
	rm -rf .venv dist deepem-demo

.venv/pip: constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	touch $@

.venv/runtime: .venv/pip pyproject.toml
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/development: .venv/runtime
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev
	touch $@
