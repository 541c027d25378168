# `make run` and `make test` need Python 3.11 or newer with its venv module, and make. Everything else comes from the lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KRAKEN_VAR ?= $(CURDIR)/var
PORT ?= 8000
ARGS ?=
export PORT KRAKEN_VAR

.DEFAULT_GOAL := help
.PHONY: help run install test check bench chaos demo lock

help: ## Say what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile
	@echo "  PORT=$(PORT) and KRAKEN_VAR=$(KRAKEN_VAR) choose the port and the data directory."

run: $(VENV)/app.installed ## Start everything on this machine; Ctrl-C stops it
	@exec $(BIN)/python -m kraken_privacy.embedded.run --with-parent

install: $(VENV)/dev.installed ## Install what running and testing need into .venv

test: check ## Check, then run the whole suite on a throw-away PostgreSQL and Valkey
	$(BIN)/python -m pytest -n 2 $(ARGS)

check: $(VENV)/dev.installed ## Format, lint, types, templates, migrations, deployment settings, API description
	@$(BIN)/python -m tests.check

bench: $(VENV)/dev.installed ## Measure against the baselines
	@$(BIN)/python -m benchmarks $(ARGS)

chaos: $(VENV)/dev.installed ## Kill worker, web, Valkey and PostgreSQL fifty times each at work, and count (a quarter of an hour)
	@$(BIN)/python -m benchmarks chaos $(ARGS)

demo: $(VENV)/app.installed ## Load the demo into the running stack (ARGS="--subjects 1000" for more people)
	@exec $(BIN)/python manage.py demo $(ARGS)

lock: ## Write the lock files anew (needs uv)
	cd requirements && uv pip compile $(LOCK) app.in -o app.txt
	cd requirements && uv pip compile $(LOCK) --constraint app.txt dev.in -o dev.txt
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

# A stamp is as old as the last installation: pip runs again only after the lock has changed. What tests need includes
# what running needs. A virtual environment whose making was interrupted has no pip and is made again.
$(VENV)/%.installed: requirements/%.txt | $(VENV)/bin/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing into $(VENV) (the first time this takes a minute or two) …"
	@$(BIN)/python kraken_privacy/embedded/install.py $<
	@touch $@ $(VENV)/app.installed

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) was not found: install Python 3.11 or newer, or name it, e.g. make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed and $(PYTHON) is older: name another one, e.g. make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) lacks its venv module: install it (Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "Making $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
