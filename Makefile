# `make` alone lists the targets. Everything needed is installed into .venv by the first of them.

# As for `topshelf`: the variable of the environment, else the sample.
MAPPING ?= $(or $(TOPSHELF_MAPPING),sample)
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

# No program used here reports to its makers.
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export FEAST_USAGE := False
export SQLMESH__DISABLE_ANONYMIZED_ANALYTICS := true
export MLFLOW_DISABLE_TELEMETRY := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Where Python may not keep what it has compiled, every process compiles all that it imports anew,
# which takes longer than all else that a small run does.
unexport PYTHONDONTWRITEBYTECODE

# The names of the stamps hold check sums: an environment built from other files, or in another
# folder, or only half, is built anew. So is one whose Python has gone.
ALIVE := $(shell $(BIN)/python -c "" 2> /dev/null && echo yes)
REQUIREMENTS := $(VENV)/requirements-$(shell (pwd; cat requirements.lock) | cksum | tr ' ' '-')
PROJECT := $(VENV)/project-$(shell (pwd; cat requirements.lock pyproject.toml) | cksum | tr ' ' '-')

.DEFAULT_GOAL := help
.PHONY: help run test check format dev plan sample clean FORCE

help: ## List the targets
	@echo "usage: make TARGET [MAPPING=NAME]"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "MAPPING is the name of a shipped mapping, which is a file in mappings/, or a path; left"
	@echo "out, it is what TOPSHELF_MAPPING says, else sample."

run: $(PROJECT) ## From the log to recommendations, on the shipped sample or MAPPING
	@$(BIN)/topshelf run --mapping "$(MAPPING)" $(ARGS)

test: $(PROJECT) ## Run every test, two files at a time; ARGS go to pytest (make test ARGS="-k mapping")
	$(BIN)/python -m pytest -n 2 --no-loadscope-reorder $(ARGS)

check: $(PROJECT) ## Everything a machine can check without running the product
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/dbt --quiet parse
	$(BIN)/sqlfluff lint models tests/warehouse

format: $(PROJECT) ## Rewrite the code in the style of the project
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/sqlfluff fix models tests/warehouse

dev: $(PROJECT) ## Dagster in the browser, on this machine only
	@mkdir -p "$${TOPSHELF_HOME:-data}/dagster"
	@cp orchestration/dagster.yaml "$${TOPSHELF_HOME:-data}/dagster/"
	DAGSTER_HOME="$$(cd "$${TOPSHELF_HOME:-data}/dagster" && pwd)" TOPSHELF_MAPPING="$(MAPPING)" \
	    PATH="$(CURDIR)/$(BIN):$$PATH" dagster dev --host 127.0.0.1 $(ARGS)

plan: $(PROJECT) ## What a change of the models would alter, in a database of its own
	@TOPSHELF_MAPPING="$(MAPPING)" $(BIN)/python -m orchestration.plan $(ARGS)

sample: $(PROJECT) ## Generate the shipped sample log again
	@$(BIN)/python -m simulation sample $(ARGS)

clean: ## Remove what can be built again; warehouses of your own mappings stay
	rm -rf $(VENV) target logs dbt_packages build dist *.egg-info .cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
	find data/sample data/dagster -mindepth 1 -not -name .gitkeep -delete 2> /dev/null || true

$(REQUIREMENTS): $(if $(ALIVE),,FORCE)
	@found=; for python in python3.11 python3 python3.12 python3.13; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
	        found=$$python; break; \
	    fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "topshelf needs Python 3.11 or newer; there is none on the PATH (python3.11, python3)." >&2; \
	    exit 1; \
	fi; \
	echo "Installing what is needed into $(VENV), two to four minutes, only this once ..."; \
	rm -rf $(VENV) && $$found -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --no-input --no-compile --no-deps --require-hashes \
	    -r requirements.lock
	@touch $@

$(PROJECT): $(REQUIREMENTS)
	@$(BIN)/python -m pip install -qq --no-input --no-deps --no-build-isolation -e .
	@touch $@

FORCE:
