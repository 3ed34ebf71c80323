# make demo and make test set everything up in .venv; they need Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-all lint wheel clean

demo: .venv/runtime
	$(BIN)/deepem demo

test: .venv/development
	$(BIN)/pytest

test-all: .venv/development
	$(BIN)/pytest -m "slow or not slow"

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
