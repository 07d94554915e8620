# Two commands do all the set-up: `make eval` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help eval test test-web lint types layers check lock bench clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

eval: $(READY)  ## evaluate this repository's own prompts, offline
	$(BIN)/llmops eval

test: $(READY)  ## the test suite
	$(BIN)/python -m pytest -n auto

test-web: $(READY)  ## tests that need Node and npm
	npm ci --prefix tests/node --ignore-scripts --no-audit --no-fund --silent
	$(BIN)/python -m pytest -m web tests/node

lint: $(READY)  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)  ## mypy, strict
	$(BIN)/mypy

layers: $(READY)  ## import-linter: arrows point down
	$(BIN)/lint-imports

check: lint types layers test  ## everything a pull request must pass

bench: $(READY)  ## speed and memory, printed as tables
	$(BIN)/python -m benchmarks

lock:  ## resolve requirements.lock anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --group pyproject.toml:dev pyproject.toml --no-header -o requirements.lock
	echo hatchling | uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --constraint requirements.lock - pyproject.toml --no-header --no-annotate \
	  -o llmops_cli/workflows/templates/ci/requirements.lock

clean:  ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache build dist
