# make demo and make test set everything up in .venv; they need Python 3.11 or newer and nothing else.
# make frontend, and make wheel with it, need Node 20 or newer too: they build the studio's page.
PYTHON ?= python3
BIN := .venv/bin

# What is installed is compiled when it is first used (most of it never is), and that is kept:
# where Python is told not to, every process would compile torch again.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt

# A few tests at a time, each on one core.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal

# The studio's page, which is in every package and not in the repository.
PAGE := src/deepem/studio/static/index.html
PACKAGES := frontend/node_modules/.package-lock.json

.PHONY: demo test test-all lint frontend frontend-check wheel clean

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

frontend: $(PAGE)

frontend-check: $(PACKAGES)
	cd frontend && npm run check
	cd frontend && npm test

wheel: .venv/development $(PAGE)
	$(BIN)/python -m build --no-isolation

clean:
	rm -rf .venv dist deepem-demo frontend/node_modules $(dir $(PAGE))

$(PAGE): $(PACKAGES) $(shell find frontend/src frontend/scripts -type f)
	cd frontend && npm run build
	touch $@

$(PACKAGES): frontend/package.json frontend/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' \
	  || { echo "The page needs Node 20 or newer to be built (apt-get install nodejs npm)"; exit 1; }
	cd frontend && npm ci
	touch $@

.venv/pip: constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	touch $@

.venv/runtime: .venv/pip pyproject.toml
	$(PIP) --editable .
	touch $@

.venv/development: .venv/runtime
	$(PIP) --group dev
	touch $@
