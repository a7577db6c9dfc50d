# make help says what there is. Only make, a POSIX shell and Python 3.11 or newer are needed; the rest is fetched into .venv.

PORT ?= 8080
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test bench lint lock clean clean-all
.DEFAULT_GOAL := help

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
	  || grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST)

demo: ## the gateway in front of three small legacy apps, on http://127.0.0.1:8080/ (PORT=8081 for another port)
	@PYTHON='$(PYTHON)' sh deploy/make-venv.sh $(VENV) requirements.lock
	@exec $(BIN)/sekisho demo --port '$(PORT)'

# What is compiled is kept: the tests start the gateway many times.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --no-header --tb=short

# Real servers, clocks and browsers on a machine that does other things, too: it takes two failures to fail.
AGAIN = echo 'What failed runs once more, alone; what fails then has failed.'; $(PYTEST) --last-failed --last-failed-no-failures none --ignore=tests/core

test: ## everything: style, types, import directions, then all tests with real servers and a real browser
	@sh deploy/install-test-programs.sh
	@PYTHON='$(PYTHON)' sh deploy/make-venv.sh $(VENV) requirements-test.lock
	@$(MAKE) --no-print-directory -j 2 --output-sync checks test-core
	@$(PYTEST) --durations=10 -n 3 --dist loadfile --no-loadscope-reorder -m 'not alone' --ignore=tests/core \
	  || { $(AGAIN) -m 'not alone'; }
	@$(PYTEST) -m alone --ignore=tests/core || { $(AGAIN) -m alone; }

.PHONY: test-core
test-core: # core's own tests reach every branch of it; tracing slows the rest
	@$(PYTEST) --cov --cov-report=term tests/core

bench: ## what a request costs, beside nginx, HAProxy and Go's reverse proxy (SHORT=1: in under two minutes)
	@sh deploy/install-bench-programs.sh
	@PYTHON='$(PYTHON)' sh deploy/make-venv.sh $(VENV) requirements.lock
	@$(BIN)/python -m bench $(if $(SHORT),--short)

lint: ## style, types, import directions
	@PYTHON='$(PYTHON)' sh deploy/make-venv.sh $(VENV) requirements-test.lock
	@$(MAKE) --no-print-directory checks

.PHONY: checks
checks:
	@$(BIN)/ruff check --quiet . && echo 'ruff: no fault'
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

COMPILE = $(BIN)/uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
	--no-header --quiet

lock: ## write both lock files anew from pyproject.toml (UPGRADE=--upgrade takes the newest versions that fit)
	@$(BIN)/python -m pip --disable-pip-version-check -q install uv
	@$(COMPILE) $(UPGRADE) --extra build --output-file requirements.lock
	@$(COMPILE) $(UPGRADE) --extra build --extra test --output-file requirements-test.lock

clean: ## remove the demo's data (var/) and what tests and tools left
	@rm -rf var build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.*
	@find gateway tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

clean-all: clean ## the same, and the Python environment (.venv)
	@rm -rf $(VENV)
