# All tasks of this project. Needs git, make and Python 3.10 or later; everything else is installed
# into git-ignored folders here: .venv (tests, benchmarks), .demo and .meltano (demo, pipeline
# tests), .airflow (the test of several workers), .bench and .compare (what the tap is compared with).

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

OLD_ENOUGH = import sys; sys.exit(sys.version_info < (3, 10))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c '$(OLD_ENOUGH)' 2>/dev/null && { echo $$p; exit; }; done; echo python3)

VENV := .venv
BIN := $(VENV)/bin
DEMO := .demo
MELTANO := $(DEMO)/venv/bin/meltano
PLUGINS := .meltano/.installed
AIRFLOW := .airflow
# Loaders of the pipeline tests, in addition to the demo's.
LOADERS := target-postgres target-csv target-jsonl
# What `make compare` runs next to this tap.
PEERS := dlt airbyte msdk template
# Pins that those tools themselves hold back, so that an audit of them is no task of this project.
HELD_BACK := constraints-airbyte.txt constraints-msdk.txt
PIN = $(DEMO)/venv/bin/uv pip compile --quiet --universal --python-version 3.10 \
	--no-header --no-annotate --no-emit-index-url $(ARGS)
# The caller's active environment and pip settings must not redirect an installation.
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH PIP_TARGET PIP_USER PIP_PREFIX PIP_REQUIRE_VIRTUALENV
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# new-venv FOLDER,CONSTRAINTS: create an empty environment with the pinned pip, or fail with one line.
define new-venv
	@$(PYTHON) -c '$(OLD_ENOUGH)' 2>/dev/null || \
		{ echo "error: $(PYTHON) is not Python 3.10 or later; try: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "error: $(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(1)
	@$(call quietly,$(1)/install.log,$(1)/bin/python -m pip install --constraint $(2) pip)
endef

# quietly LOG,COMMAND: run it with its output in LOG; show the end of LOG if it fails.
quietly = $(2) >>$(1) 2>&1 </dev/null || { tail -n 30 $(1); echo "error: see $(1)" >&2; exit 1; }

.PHONY: help demo recording screenshots docs bench compare soak fuzz kill mutate \
	test test-unit test-slow test-airflow test-pipelines test-packages test-matrix \
	lint format types imports audit constraints build clean

help: ## List these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(PLUGINS) ## Run a Meltano pipeline against the embedded API twice and check the result
	@$(DEMO)/venv/bin/python scripts/demo.py

recording: $(PLUGINS) ## Record the demo of README.md as docs/tour.svg
	@$(DEMO)/venv/bin/python scripts/record_tour.py

screenshots: $(VENV)/.installed ## Take the pictures of the studio's tutorial; needs Chromium
	STUDIO_PICTURES=1 $(BIN)/pytest -q tests/studio/test_tutorial.py -k tutorial

bench: $(VENV)/.bench-installed $(PLUGINS) .meltano/.installed-target-postgres .bench/.installed ## Measure speed and update the docs (one part: ARGS="--only throughput --quick")
	@$(BIN)/python -m benchmarks $(ARGS)

compare: $(VENV)/.installed $(PEERS:%=.compare/%/.installed) ## Count the rows that other tools lose and update the docs; not part of make test (one tool: ARGS="--only dlt")
	@$(BIN)/python -m comparison $(ARGS)
	@$(BIN)/python scripts/generate.py

soak: $(VENV)/.installed ## Sync for over an hour in one process and update the docs (ARGS="--minutes 5" only prints)
	@$(BIN)/python -m benchmarks.soak $(ARGS)

fuzz: $(VENV)/.fuzz-installed ## Fuzz for hours and update the docs (ARGS="--target states --seconds 300" only prints)
	@$(BIN)/python -m tests.fuzz $(ARGS)

kill: $(VENV)/.installed ## Kill 300 runs, of all kinds, at random moments and update the docs (ARGS="--kind jobs --kills 30" only prints)
	@$(BIN)/python -m tests.kills $(ARGS)

mutate: $(VENV)/.installed ## Count the mutants that the tests kill and update the docs (ARGS="pagination --sample 200")
	@$(BIN)/python -m tests.mutation $(ARGS)

docs: $(VENV)/.docs-installed ## Build the documentation offline into docs/_build; warnings are errors
	@$(BIN)/python -m sphinx -E -n -W --keep-going -q -b html docs docs/_build

test: lint types imports ## Run all checks, then the tests
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

test-unit: $(VENV)/.installed ## Run the tests that start no server or process (20 seconds)
	$(BIN)/pytest -m unit $(ARGS)

test-slow: $(VENV)/.installed $(PLUGINS) $(LOADERS:%=.meltano/.installed-%) .bench/.installed ## Run the tests, including slow ones and pipelines
	$(BIN)/pytest -n auto -m "not packages" $(ARGS)

test-pipelines: $(VENV)/.installed $(PLUGINS) $(LOADERS:%=.meltano/.installed-%) ## Run Meltano pipelines into DuckDB, PostgreSQL, CSV and JSON Lines
	$(BIN)/pytest -n auto --dist worksteal -m "pipelines and not slow" tests/pipelines tests/docs tests/studio/test_tutorial.py $(ARGS)

test-airflow: $(VENV)/.installed $(AIRFLOW)/.installed ## Run recipes/airflow with a real Airflow and PostgreSQL
	$(BIN)/pytest -m slow tests/airflow $(ARGS)

test-packages: $(VENV)/.packages-installed $(MELTANO) ## Build, install and try wheel, source archive and image
	$(BIN)/pytest -m packages tests/packages $(ARGS)

# tox finds the interpreters by name on the path, such as python3.13.
test-matrix: $(VENV)/.matrix-installed ## Run the tests under every installed Python (one: ARGS="run -e 3.13")
	$(BIN)/tox $(or $(ARGS),run --skip-missing-interpreters true)

lint: $(VENV)/.installed ## Check style and security of code and workflows
	$(BIN)/ruff check
	$(BIN)/ruff check --quiet --preview --select PLW1514 tap_oauth2_generic # Windows has no UTF-8 by default
	$(BIN)/ruff format --check
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive tap_oauth2_generic scripts benchmarks comparison recipes
	$(BIN)/python scripts/check_voice.py
	$(BIN)/zizmor --offline --quiet .github

format: $(VENV)/.installed ## Auto-fix lint and formatting
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/.installed ## Check types, of the package also as on Windows
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 --package tap_oauth2_generic

imports: $(VENV)/.installed ## Check the import layers
	$(BIN)/lint-imports --no-logo

audit: $(VENV)/.installed ## Look up all pins in a vulnerability database
	$(BIN)/python scripts/audit.py $(filter-out $(HELD_BACK),$(wildcard constraints*.txt)) $(ARGS)

build: $(VENV)/.build-installed ## Build wheel and source archive into dist
	$(BIN)/python -m hatchling build -d dist

constraints: $(MELTANO) ## Pin the dependencies of pyproject.toml (newest versions: ARGS=--upgrade)
	$(PIN) pyproject.toml --group dev --group build --group bench --group docs --group fuzz --group matrix --group packages --output-file constraints.txt
	$(PIN) --group demo --group build --output-file constraints-demo.txt
	$(PIN) --group airflow --group target-postgres --group build --output-file constraints-airflow.txt
	for loader in $(LOADERS); do \
		$(PIN) --group $$loader --group build --output-file constraints-$$loader.txt || exit; done
	for peer in $(PEERS); do \
		$(PIN) --group $$peer --group build --output-file constraints-$$peer.txt || exit; done

clean: ## Remove everything that make created
	rm -rf $(VENV) $(DEMO) $(AIRFLOW) .bench .compare .meltano .mutation .tox dist docs/_build .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "Installing the test dependencies into $(VENV) ..."
	$(call new-venv,$(VENV),constraints.txt)
	@$(call quietly,$(VENV)/install.log,$(BIN)/python -m pip install --constraint constraints.txt --build-constraint constraints.txt --group dev --editable .)
	@touch $@

$(VENV)/.matrix-installed: $(VENV)/.installed
	@$(call quietly,$(VENV)/install.log,$(BIN)/python -m pip install --constraint constraints.txt --group matrix)
	@touch $@

$(VENV)/.fuzz-installed: $(VENV)/.installed
	@$(call quietly,$(VENV)/install.log,$(BIN)/python -m pip install --constraint constraints.txt --group fuzz)
	@touch $@

$(VENV)/.build-installed: $(VENV)/.installed
	@$(call quietly,$(VENV)/install.log,$(BIN)/python -m pip install --constraint constraints.txt --group build)
	@touch $@

$(VENV)/.packages-installed: $(VENV)/.build-installed
	@$(call quietly,$(VENV)/install.log,$(BIN)/python -m pip install --constraint constraints.txt --group packages)
	@touch $@

$(VENV)/.docs-installed: $(VENV)/.installed
	@$(call quietly,$(VENV)/install.log,$(BIN)/python -m pip install --constraint constraints.txt --group docs)
	@touch $@

$(VENV)/.bench-installed: $(VENV)/.installed
	@$(call quietly,$(VENV)/install.log,$(BIN)/python -m pip install --constraint constraints.txt --group bench)
	@touch $@

.bench/.installed: constraints-dlt.txt
	@echo "Installing dlt into .bench (once) ..."
	$(call new-venv,.bench/dlt,constraints-dlt.txt)
	@$(call quietly,.bench/dlt/install.log,.bench/dlt/bin/python -m pip install --constraint constraints-dlt.txt --group dlt)
	@touch $@

.compare/%/.installed: constraints-%.txt
	@echo "Installing $* into .compare/$* (once) ..."
	@mkdir -p .compare
	$(call new-venv,.compare/$*,constraints-$*.txt)
	@$(call quietly,.compare/$*/install.log,.compare/$*/bin/python -m pip install --constraint constraints-$*.txt --group $*)
	@touch $@

$(MELTANO): constraints-demo.txt
	@echo "Installing Meltano into $(DEMO) (once; takes a minute or so) ..."
	$(call new-venv,$(DEMO)/venv,constraints-demo.txt)
	@$(call quietly,$(DEMO)/venv/install.log,$(DEMO)/venv/bin/python -m pip install --constraint constraints-demo.txt --group demo)
	@touch $@

# Meltano installs each plugin into its own environment; the tap's is editable, so code changes need no
# new installation.
$(PLUGINS): $(MELTANO) meltano.yml pyproject.toml constraints.txt constraints-demo.txt
	@echo "Installing the tap and target-duckdb with Meltano (once; takes a minute or so) ..."
	@$(call quietly,$(DEMO)/venv/install.log,PIP_CONSTRAINT=constraints.txt $(MELTANO) install extractor tap-oauth2-generic)
	@$(call quietly,$(DEMO)/venv/install.log,PIP_CONSTRAINT=constraints-demo.txt $(MELTANO) install loader target-duckdb)
	@touch $@

# Like the demo, with the Meltano project of the recipe.
$(AIRFLOW)/.installed: export MELTANO_PROJECT_ROOT = $(CURDIR)/recipes/airflow
$(AIRFLOW)/.installed: export MELTANO_SYS_DIR_ROOT = $(CURDIR)/$(AIRFLOW)/meltano
$(AIRFLOW)/.installed: recipes/airflow/meltano.yml pyproject.toml constraints.txt constraints-airflow.txt
	@echo "Installing Airflow and Meltano into $(AIRFLOW) (once; takes two minutes or so) ..."
	$(call new-venv,$(AIRFLOW)/venv,constraints-airflow.txt)
	@$(call quietly,$(AIRFLOW)/venv/install.log,$(AIRFLOW)/venv/bin/python -m pip install --constraint constraints-airflow.txt --group airflow)
	@$(call quietly,$(AIRFLOW)/venv/install.log,PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(AIRFLOW)/venv/bin/meltano install extractor tap-oauth2-generic)
	@$(call quietly,$(AIRFLOW)/venv/install.log,PIP_CONSTRAINT=$(CURDIR)/constraints-airflow.txt $(AIRFLOW)/venv/bin/meltano install loader target-postgres)
	@touch $@

.meltano/.installed-%: constraints-%.txt $(MELTANO) meltano.yml
	@echo "Installing $* with Meltano (once) ..."
	@$(call quietly,$(DEMO)/venv/install.log,PIP_CONSTRAINT=$< $(MELTANO) install loader $*)
	@touch $@
