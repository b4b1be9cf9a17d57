# The doors of this repository. Needs only Python 3.11+, make and a package index.

PYTHON ?= python3
BIN := .venv/bin
SETUP := $(PYTHON) tools/setup.py
# By file: what a file starts once (a server, a browser) is started once.
PYTEST := -m pytest -n 2 --dist loadfile
# protocol and every rules.py are held to 100 % of their branches; the config says so. Counting
# makes every Python line slower, so that only the tests that decide it are counted.
COVER := --cov --cov-config=tests/pure.coveragerc --cov-report=term
COVER_TESTS := tests/protocol tests/server/mounting tests/server/oauth tests/server/stack \
  $(sort $(wildcard tests/server/test_*.py))
# The newest Python runs the part that differs between versions and takes seconds: the pure core,
# the client (locks, files, threads), the SDK's two forms and what an install holds.
NEWEST_TESTS := tests/protocol tests/client tests/house/test_base_install.py \
  tests/sdk/test_binding.py tests/sdk/test_token_stores.py tests/sdk/test_misbehaving_servers.py
# What the server promises does not depend on the database: its heart once more on PostgreSQL, where
# that is installed. The test of what lies in the file reads SQLite's.
POSTGRESQL_TESTS := tests/server/oauth/test_codes.py tests/server/oauth/test_device.py \
  tests/server/oauth/test_device_guesses.py tests/server/oauth/test_refresh.py \
  tests/server/oauth/test_waiting.py tests/server/stack tests/server/test_session_alerts.py \
  --deselect tests/server/stack/test_cli_login_sealing.py
export PYRIGHT_PYTHON_IGNORE_WARNINGS = 1
# The suite starts hundreds of Pythons: they share what one has compiled, also where the machine
# would rather have it compiled each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix docs serve bench faults proofs

help: ## list what make can do
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile | expand -t 16

setup: ## prepare .venv; quick when nothing changed
	@$(SETUP)

demo: setup ## sign a sample program in through the browser (AUTO=1: by itself)
	@$(BIN)/keyturn demo

test: setup ## the whole suite, then its fast part on the newest Python found
	@$(SETUP) --newest
	@$(BIN)/python -c 'import sys; print("Python", sys.version.split()[0] + ": the whole suite, in two parts", flush=True)'
	@$(BIN)/python $(PYTEST) $(COVER) $(COVER_TESTS)
	@$(BIN)/python $(PYTEST) $(addprefix --ignore=,$(COVER_TESTS))
	@if $(BIN)/python -m tests.requirements_ postgres; then \
	  echo "PostgreSQL: the heart of the server"; \
	  KEYTURN_TEST_DATABASE=postgresql $(BIN)/python $(PYTEST) $(POSTGRESQL_TESTS); \
	else echo "No PostgreSQL here; the server was tested on SQLite alone."; fi
	@if [ -x .venv-newest/bin/python ]; then \
	  .venv-newest/bin/python -c 'import sys; print("Python", sys.version.split()[0] + ": $(NEWEST_TESTS)", flush=True)' && \
	  .venv-newest/bin/python $(PYTEST) $(NEWEST_TESTS); \
	else echo "No other Python found; the suite ran on one."; fi

check: setup ## format, lint, types, layers, fresh reference
	@$(SETUP) --node
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" pyright --verifytypes keyturn --ignoreexternal
	$(BIN)/lint-imports
	$(BIN)/python tools/promises.py --check
	$(BIN)/python tools/reference.py --check
	$(BIN)/python tools/known_errors.py --check

fix: setup ## format, mend what ruff can mend, write the reference anew
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(BIN)/python tools/known_errors.py
	$(BIN)/python tools/reference.py
	$(BIN)/python tools/promises.py

docs: setup ## write docs/reference anew from the code
	$(BIN)/python tools/known_errors.py
	$(BIN)/python tools/reference.py
	$(BIN)/python tools/promises.py

serve: setup ## run the server here (ARGS="--port 9000")
	@$(BIN)/keyturn serve $(ARGS)

bench: setup ## measure speed against the bounds (PART=client for one part)
	@$(BIN)/python -m benchmarks $(PART)

faults: setup ## every fault sweep in full: kills, full disks, races
	KEYTURN_FAULTS=full $(BIN)/python $(PYTEST) tests/faults $(ARGS)

proofs: setup ## promises with and without a proof; every mutant must turn its test red
	@$(BIN)/python tools/proofs.py $(ARGS)
