# Every target prepares .venv by itself. Nothing is needed but Python 3.11 or later with pip, and make.
#   make demo     a few minutes: simulate, train, compare, export, answer an order
#   make test     the tests, but for the slow ones: make test-slow

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PYTEST_ARGS ?=
LOAD_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow fuzz soak kill lint format types contracts bench load clean

# One thread a process: more of them slow each other down on shared machines. Figures need no screen.
demo test test-slow fuzz soak kill bench load: export OMP_NUM_THREADS ?= 1
demo test test-slow fuzz soak kill bench load: export MPLBACKEND ?= Agg

help:
	@echo "make demo       simulate, train, compare, export and answer an order (about 5 minutes)"
	@echo "make test       the tests on two cores (about 10 minutes, of which 1 for compiling once)"
	@echo "make test-slow  the tests that train agents or run large scenarios"
	@echo "make fuzz       10,000 requests and more that nobody should send to the endpoint (minutes)"
	@echo "make soak       100,000 random orders, and a database that is away for a minute (most of an hour)"
	@echo "make kill       the endpoint killed 100 times under load, and 50 races for few units, on both databases (an hour)"
	@echo "make lint       ruff: rules and formatting        make format     ruff mends what it can"
	@echo "make types      mypy                              make contracts  which room may import which"
	@echo "make bench      speed of simulation and decisions"
	@echo "make load       the endpoint under load for five minutes, and beyond its limit (about 12 minutes)"
	@echo "make clean      remove caches and build outputs; .venv and runs/ stay"

.venv/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No python3 found. Install Python 3.11 or later with pip (Debian: apt install python3 python3-pip)." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than 3.11. Name a newer one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  echo "Creating .venv with $(PYTHON)"; rm -rf .venv; \
	  if "$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null; then "$(PYTHON)" -m venv .venv; \
	  elif "$(PYTHON)" -c 'import venv, pip' 2>/dev/null; then \
	    "$(PYTHON)" -m venv --without-pip .venv && "$(PYTHON)" -m pip --python $(BIN)/python install --quiet pip; \
	  else \
	    echo "Python cannot make virtual environments. Debian, Ubuntu: apt install python3-venv" >&2; exit 1; \
	  fi; \
	fi
	@echo "Installing the pinned packages into .venv: about 2 GB, 1 to 5 minutes, once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: .venv/.installed
	$(BIN)/routelab demo

test: .venv/.installed
	@echo "Rules are compiled once, for about a minute: the first dots are slow"
	$(BIN)/python -m pytest -m "not slow" -n 2 $(PYTEST_ARGS)

test-slow: .venv/.installed
	@echo "These tests train agents and run large scenarios: several minutes"
	$(BIN)/python -m pytest -m slow -n 2 $(PYTEST_ARGS)

fuzz: .venv/.installed
	ROUTELAB_FUZZ=10000 $(BIN)/python -m pytest tests/serve/test_fuzz.py $(PYTEST_ARGS)

soak: .venv/.installed
	ROUTELAB_SOAK=80000 ROUTELAB_AWAY=60 $(BIN)/python -m pytest tests/serve/test_random_orders.py tests/serve/test_away.py $(PYTEST_ARGS)

kill: .venv/.installed
	ROUTELAB_KILLS=100 ROUTELAB_RACES=50 $(BIN)/python -m pytest tests/serve/test_killed_command.py tests/serve/test_races.py $(PYTEST_ARGS)

lint: .venv/.installed
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .

format: .venv/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: .venv/.installed
	$(BIN)/mypy

contracts: .venv/.installed
	$(BIN)/lint-imports

bench: .venv/.installed
	$(BIN)/python -m benchmarks

load: .venv/.installed
	$(BIN)/python -m benchmarks.load $(LOAD_ARGS)

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find . -path ./.venv -prune -o -type d -name __pycache__ -print0 | xargs -0 rm -rf
