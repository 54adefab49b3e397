# The newcomer's two commands are `make demo` and `make test`; each sets up all it needs in .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Tests run in so many processes as there are cores, at most four: each of them may load a model.
SIDE_BY_SIDE := --numprocesses logical --maxprocesses 4 --dist worksteal

.PHONY: help demo test lint lock generate clean

help:            ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "Tocsin needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q topics workers  # as pip does with all else; some machines forbid it at run time
	@touch $@

demo: $(READY)   ## play the sample archive through the whole pipeline and show what rang
	@$(BIN)/tocsin demo

test: $(READY)   ## the fast tests: no Kafka, no Redis, no Docker of your own needed
	$(BIN)/python -m pytest tests/unit tests/journeys -m "not heavy" $(SIDE_BY_SIDE)

lint: $(READY)   ## ruff, mypy --strict, import contracts, file sizes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.lint_sizes

lock: $(READY)   ## renew the hashed locks
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra local --group dev --universal --python-version 3.11 --generate-hashes --no-header --quiet -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --quiet -o deploy/docker/requirements.lock
	echo hatchling | $(BIN)/uv pip compile - -c requirements.lock --universal --python-version 3.11 --generate-hashes --no-header --quiet -o deploy/docker/build.lock

generate: $(READY)  ## AsyncAPI and JSON Schema from the records
	$(BIN)/python -m topics.generate
	$(BIN)/python -m workers.watch.pattern_schema
	$(BIN)/python -m workers.annotate.ontology_spec

clean:           ## remove the virtual environment and caches
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache
