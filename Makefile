# The commands of this project; `make help` lists them.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
PIP_INSTALL := $(VENV)/bin/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
PYTEST := $(VENV)/bin/python -m pytest

# How many processes test side by side. Tests wait more than they compute.
PROCESSES ?= $(shell expr 2 '*' $$(nproc))

# How long `make soak` tries inputs that nobody has seen.
FUZZ_MINUTES ?= 120

.PHONY: help venv demo down check test soak bench lint ruff mypy imports yamllint ansible-lint unit format docs policies clean

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

venv: $(VENV)/.deploy ## Make the virtual environment: Ansible, the client, the embedded AWS

demo: $(VENV)/.deploy ## Deploy to the embedded AWS and run one job of each kind; needs no account
	scripts/demo

down: ## Stop what `make demo` started; the base image stays in the cache
	scripts/local-worker stop
	[ ! -x $(VENV)/bin/python ] || $(VENV)/bin/python -m localcloud down

check: $(VENV)/.dev ## Run all linters and the unit tests, side by side: what one runs while working
	+@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint unit

test: $(VENV)/.dev ## Run all tests; those of the playbooks boot hosts and need root
	$(PYTEST) --numprocesses=$(PROCESSES) $(TESTS)

unit: $(VENV)/.dev
	$(PYTEST) -q --numprocesses=2 tests/unit examples

soak: $(VENV)/.dev ## Look for faults for three hours: new cases for the fuzzer, ten times the jobs and faults, hosts of Debian 13, fleets that are harmed
	$(VENV)/bin/python -m tests.fuzz --minutes $(FUZZ_MINUTES)
	JOBFLEET_SOAK=10 $(PYTEST) -s --timeout=7200 tests/playbooks/test_debian_13.py \
		tests/playbooks/test_scaling_mishaps.py tests/faults

bench: $(VENV)/.dev ## Measure worker, web tier, load generator and scaling policy beside others, for half an hour
	$(PYTHON) -m venv $(VENV)/bench
	$(VENV)/bench/bin/pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements.txt
	$(VENV)/bench/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(VENV)/bench/bin/python -m benchmarks.worker --page docs/benchmarks.md
	$(VENV)/bench/bin/python -m benchmarks.web --page docs/benchmarks.md
	$(VENV)/bench/bin/python -m benchmarks.load --page docs/benchmarks.md
	$(VENV)/bench/bin/python -m benchmarks.scaling --page docs/benchmarks.md

lint: ruff mypy imports yamllint ansible-lint ## Run ruff, mypy, import-linter, yamllint and ansible-lint

ruff: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

mypy: $(VENV)/.dev
	$(VENV)/bin/mypy

imports: $(VENV)/.dev
	$(VENV)/bin/lint-imports --no-cache

yamllint: $(VENV)/.dev
	$(VENV)/bin/yamllint --strict .

ansible-lint: $(VENV)/.dev
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/ansible-lint --offline --strict

format: $(VENV)/.dev ## Lay out the Python code as `make lint` wants it
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

docs: $(VENV)/.dev ## Make the parts of docs/ anew that come from the client's help and the catalogue
	$(VENV)/bin/python -m jobfleet.cli.docs_pages docs

policies: $(VENV)/.dev ## Write docs/policies anew from what a whole run on the embedded AWS calls; boots a host
	JOBFLEET_RECORD_POLICIES=1 $(PYTEST) tests/playbooks/test_policies.py -k "lives or allows"

clean: ## Remove the virtual environment and caches, but no keys and no deployment
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .ansible dist

$(VENV)/bin/pip:
	scripts/system-packages
	$(PYTHON) -m venv $(VENV)

$(VENV)/.deploy: pyproject.toml constraints.txt scripts/system-packages | $(VENV)/bin/pip
	scripts/system-packages
	$(PIP_INSTALL) --editable '.[worker,web,deploy,localcloud]'
	scripts/compile-bytecode $(VENV)
	@touch $@

$(VENV)/.dev: $(VENV)/.deploy
	scripts/system-packages tests
	$(PIP_INSTALL) --editable '.[worker,web,text,classify,deploy,localcloud,dev]'
	scripts/compile-bytecode $(VENV)
	@touch $@
