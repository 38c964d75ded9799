# make demo     does the whole job against a local Bitbucket stand-in, visibly
# make test     runs every test that this machine can run, and names what it skipped and why
# make token    gets a real token: CONSUMER_KEY and CONSUMER_SECRET have to be set
# make bench    compares what one run costs with what other ways to get the token cost
# make mutants  breaks what changed since BASE (the commit before) line by line, and lists what no test in TESTS notices
#
# Everything sets itself up in .venv, from PYTHON (3.11 or newer).

PYTHON ?= python3
IMAGE ?= bitbucket-token
BASE ?= HEAD~1
TESTS ?= tests/unit

BIN := .venv/bin
READY := .venv/.ready
NODE_READY := tests/node/node_modules/.ready
MUTANTS := .mutants-venv/bin
MUTANTS_READY := .mutants-venv/.ready
LOCK := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.PHONY: help demo test lint format lock generate token image bench mutants setup clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: $(READY)
	@$(BIN)/python -m sandbox demo

test: lint $(NODE_READY)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --timeout 300 $(PYTEST_ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(READY)
	$(LOCK) --output-file=requirements.txt requirements.in
	$(LOCK) --output-file=requirements-dev.txt requirements-dev.in
	$(LOCK) --output-file=benchmarks/requirements.txt benchmarks/requirements.in
	$(LOCK) --output-file=tests/lowest.txt tests/lowest.in
	$(LOCK) --output-file=tools/mutants.txt tools/mutants.in

generate: $(READY)
	$(BIN)/python -m tools.generate

token: $(READY)
	@$(BIN)/python -m pipe

image:
	docker build --tag $(IMAGE) .

bench: $(READY)
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

# In a clone, since the code is changed in its place.
mutants: $(READY) $(MUTANTS_READY)
	@rm -rf .cache/mutants && git clone --quiet . .cache/mutants
	@sed 's|@BASE@|'"$$(git rev-parse $(BASE))"'|; s|@TESTS@|$(TESTS)|' tools/mutants.toml >.cache/mutants/mutants.toml
	@cd .cache/mutants && PATH="$(CURDIR)/$(MUTANTS):$$PATH" && cosmic-ray init mutants.toml session.sqlite \
	 && cr-filter-git --config mutants.toml session.sqlite && cosmic-ray exec mutants.toml session.sqlite \
	 && cr-report --surviving-only --show-diff session.sqlite

$(MUTANTS_READY): tools/mutants.txt
	$(PYTHON) -m venv --clear .mutants-venv
	$(MUTANTS)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/mutants.txt
	@touch $@

setup: $(READY) $(NODE_READY)

$(READY): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements-dev.txt
	@touch $@

# Parts from npm, to compare with; without them, the tests that need one skip and say so.
$(NODE_READY): tests/node/package-lock.json
	@mkdir -p $(@D)
	@if command -v npm >/dev/null && npm ci --prefix tests/node --silent --no-audit --no-fund; then touch $@; \
	else echo "No packages from npm: the tests that need one will be skipped."; fi

clean:
	rm -rf .venv .bench-venv .mutants-venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis tests/node/node_modules
