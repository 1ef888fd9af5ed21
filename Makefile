# What it takes to try, test and measure the service. Needs Python 3.11 or newer and make, nothing else.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
# What pytest gets, e.g. make test ARGS="tests/sync -x"; without it everything runs, in JOBS processes.
ARGS ?=
JOBS ?= 2
EXAMPLES ?= 2000
PYTEST = $(BIN)/python -m pytest $(or $(ARGS),-n $(JOBS) --dist loadfile)

export PORT ?= 8000
export STORE_PORT ?= 8101
export COMPANY_PORT ?= 8201
export RESET ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-services properties exactness lint audit bench lock messages clean

help:
	@echo 'make demo           try it: the service with a stand-in store and company (PORT, STORE_PORT, COMPANY_PORT, RESET=1)'
	@echo 'make setup          .venv with everything, and fresh secrets in var/local.env'
	@echo 'make test           the tests (ARGS="tests/sync -x" for some of them)'
	@echo 'make test-services  the same on PostgreSQL and Redis, started for the occasion where none answer'
	@echo 'make properties     the money rules over a night of invented orders (EXAMPLES=2000 of each property)'
	@echo 'make exactness      docs/exactness.md: how exact every captured order is in every kind of company'
	@echo 'make lint           style, types, import rules, security, migrations, translations'
	@echo 'make bench          calls and seconds per 100 orders against the stand-ins'

setup: $(VENV)/.development var/local.env
	@echo 'Ready: $(BIN)/python manage.py …'

demo: $(VENV)/.runtime var/local.env
	@exec $(BIN)/python -m connector.management.demo

test: $(VENV)/.development
	@$(PYTEST) && .ci/left-out

test-services: $(VENV)/.development
	@.ci/with-services $(PYTEST)

properties: $(VENV)/.development
	@HYPOTHESIS_PROFILE=nightly HYPOTHESIS_EXAMPLES=$(EXAMPLES) $(PYTEST) --hypothesis-show-statistics -m properties

exactness: $(VENV)/.development
	@$(BIN)/python -m pytest --update-golden tests/connector/accounting/test_exactness.py

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/bandit --quiet --recursive --severity-level medium connector sync tenants
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemigrations --check --dry-run
	.ci/check-messages

# Asks the network about known weaknesses; offline it skips packages, so read what it says.
audit: $(VENV)/.development
	$(BIN)/uvx pip-audit --requirement requirements.lock --disable-pip

bench: $(VENV)/.runtime var/local.env
	@$(BIN)/python -m connector.management.bench $(ARGS)

lock: $(VENV)/.development
	$(BIN)/uv lock
	$(BIN)/uv export --quiet --frozen --no-emit-project --no-header -o requirements.lock
	$(BIN)/uv export --quiet --frozen --extra dev --no-emit-project --no-header -o requirements-dev.lock

clean:
	rm -rf $(VENV) staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed; name it with make PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo 'On Debian: apt-get install python3-venv'; exit 1; }

# The development file holds everything of the runtime file, in the same versions.
$(VENV)/.development: requirements-dev.lock | $(BIN)/python
	@.ci/install $(BIN) requirements-dev.lock
	@touch $@ $(VENV)/.runtime

$(VENV)/.runtime: requirements.lock | $(BIN)/python
	@.ci/install $(BIN) requirements.lock
	@touch $@

var/local.env: | $(BIN)/python
	@$(BIN)/python -m connector.management.local_env $@
