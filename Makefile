# What can be done here: make help

.DEFAULT_GOAL := install
SHELL := /bin/sh
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
BIN := .venv/bin
RUN := $(BIN)/python manage.py
EXAMPLE := examples/domain_training
SDK := clients/typescript
COMPONENT := clients/component
GENERATED := clients/generated
# Each is locked within the bounds of the one before, where it says so.
LOCKED := requirements-server requirements requirements-dev $(EXAMPLE)/requirements $(GENERATED)/requirements
PAGE := training_status/static/dashboard
export HOST PORT

.PHONY: help install run demo lock test test-service test-tracker test-tracker-no-locks test-example test-packages test-generated-clients lint format screens bench example-env axe clients generated-clients clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-9s %s\n", $$1, $$2}'

install: .venv/installed ## The Python environment in .venv, with the aegis-tracker command

run: .venv/installed ## Serve at http://127.0.0.1:8000; PORT=8001 and HOST=… choose another address
	@exec $(RUN) serve

demo: .venv/installed ## Serve, and run the real training of the sample domain, reporting live
	@exec $(BIN)/python examples/demo.py

# The service's tests take as long as all others one after the other.
test: .venv/installed-dev axe clients ## Every test; needs no running service
	@$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync=target test-service test-tracker test-tracker-no-locks test-example test-packages test-generated-clients

# The plus sign: make shows the output of this one as it comes, not at the end. It needs what `make axe clients` makes.
test-service: .venv/installed-dev
	+$(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder tests aegis_training training_status

test-tracker: .venv/installed-dev
	$(BIN)/python -m pytest --numprocesses 3 --dist worksteal clients/python/tests

# The same as on a file system whose files cannot be locked; needs a C compiler.
test-tracker-no-locks: .venv/installed-dev
	@if command -v cc >/dev/null || test -n "$$CI"; then \
		$(BIN)/python clients/python/tests/support/no_locks.py ENOLCK --numprocesses 3 --dist worksteal; \
	else echo "There is no C compiler (cc): the tracker is not tested without locks."; fi

test-example: example-env
	cd $(EXAMPLE) && .venv/bin/python -m pytest

test-packages:
	@if command -v npm >/dev/null; then npm test --silent --workspaces --if-present; fi

test-generated-clients: .venv/installed-dev generated-clients
	$(BIN)/python -m pytest $(GENERATED)/tests

lint: .venv/installed-dev node_modules/.installed ## ruff, mypy, tsc, the import rules, and whether openapi.yaml and the SDK's types are what the code says
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	npm run --silent check
	$(RUN) makemigrations --check --dry-run
	$(RUN) spectacular --validate --fail-on-warn --file .venv/openapi.yaml
	diff openapi.yaml .venv/openapi.yaml
	diff $(SDK)/src/schema.d.ts build/schema.d.ts

format: .venv/installed-dev node_modules/.installed ## Bring code, openapi.yaml and the SDK's types into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(RUN) spectacular --validate --fail-on-warn --file openapi.yaml
	npm run --silent schema --workspace $(SDK)

lock: .venv/installed-dev ## Write what *.in ask for into *.txt, with hashes; LOCK_OPTIONS=--upgrade takes newer versions of the rest
	@for place in $(LOCKED); do \
		echo "Locking $$place.in …"; \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --custom-compile-command 'make lock' \
			$(LOCK_OPTIONS) $$place.in --output-file $$place.txt || exit 1; \
	done

screens: .venv/installed-dev ## A picture of every page and state, light and dark, in docs/screens (the README shows one of them); needs a Chromium
	$(BIN)/python -m tests.browser.screens

bench: .venv/installed-dev example-env ## The benchmarks: a table a subject, on stdout and in benchmarks/results/
	$(BIN)/python benchmarks/reading_and_writing.py
	$(BIN)/python benchmarks/rest_servers.py
	$(BIN)/python benchmarks/streams.py
	$(BIN)/python benchmarks/page.py
	$(BIN)/python benchmarks/optimisation.py
	$(BIN)/python benchmarks/forecasts.py
	$(BIN)/python benchmarks/forecast_parts.py
	$(BIN)/python benchmarks/forecast_bound.py
	$(BIN)/python benchmarks/forecast_trainings.py
	$(BIN)/python benchmarks/admin.py
	$(BIN)/python clients/python/benchmarks/tracker_calls.py | tee benchmarks/results/tracker_calls.txt
	$(BIN)/python clients/python/benchmarks/console.py | tee benchmarks/results/console.txt
	$(BIN)/python benchmarks/dspy_training.py
	$(EXAMPLE)/.venv/bin/python benchmarks/dspy_calls.py

example-env: $(EXAMPLE)/.venv/installed

# What browser tests check accessibility with; without npm those tests are skipped.
axe:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.installed; fi

clients: ## The npm packages, built; without npm they are left out, and their tests are skipped
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(SDK)/build/.built $(COMPONENT)/build/.built; fi

# Only for their tests, which are skipped where Java or npm is missing.
generated-clients:
	@if command -v java >/dev/null && command -v npm >/dev/null; then $(MAKE) --no-print-directory $(GENERATED)/build/.built; fi

$(SDK)/build/.built: node_modules/.installed $(SDK)/package.json $(SDK)/tsconfig.json $(wildcard $(SDK)/src/*.ts $(SDK)/src/connection/*.js)
	@echo "Building the TypeScript SDK …"
	@npm run --silent build --workspace $(SDK)
	@mkdir -p $(@D) && touch $@

$(COMPONENT)/build/.built: node_modules/.installed $(wildcard $(COMPONENT)/*.js* $(COMPONENT)/src/* $(PAGE)/*.css $(PAGE)/js/*.js $(PAGE)/js/*/*.js) training_status/templates/dashboard/log.html
	@echo "Building the element for other pages …"
	@npm run --silent build --workspace $(COMPONENT)
	@mkdir -p $(@D) && touch $@

$(GENERATED)/build/.built: openapi.yaml .venv/installed-dev $(GENERATED)/.venv/installed $(GENERATED)/node_modules/.installed $(wildcard $(GENERATED)/generate $(GENERATED)/*.js $(GENERATED)/*.json $(GENERATED)/mypy.ini $(GENERATED)/openapi_generator/* $(GENERATED)/programs/*.*s $(GENERATED)/programs/*.py)
	@echo "Generating clients from openapi.yaml, and compiling them …"
	@$(GENERATED)/generate
	@touch $@

$(GENERATED)/node_modules/.installed: $(GENERATED)/package.json $(GENERATED)/package-lock.json
	@echo "Installing generators of TypeScript clients …"
	@cd $(GENERATED) && npm ci --silent --no-audit --no-fund
	@touch $@

node_modules/.installed: package.json package-lock.json $(SDK)/package.json $(COMPONENT)/package.json
	@command -v npm >/dev/null || { echo "Checking the pages' scripts needs Node 20 and npm (Debian: apt-get install nodejs npm)." >&2; exit 1; }
	@echo "Installing what checks the pages' scripts …"
	@npm ci --silent --no-audit --no-fund
	@touch $@

clean: ## Remove the environments; data stays
	rm -rf .venv $(EXAMPLE)/.venv node_modules $(SDK)/dist $(SDK)/build $(COMPONENT)/dist $(COMPONENT)/build \
		$(GENERATED)/.venv $(GENERATED)/node_modules $(GENERATED)/build

# The environments. A stamp file says what they were made from. All modules are compiled where the service is; elsewhere,
# few of many thousands are ever imported, and Python compiles those when they are.

define make_venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: PYTHON=/path/to/python3.11 make" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing: install it (Debian: apt-get install python3-venv) and try again." >&2; exit 1; }
	@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
endef

# Installs the locked requirements $(2) into the environment $(1), with the further options $(3) of pip.
define install_locked
	@$(1)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes $(3) -r $(2)
endef

# Installs the tracker of this folder into the environment $(1). A folder has no hash, and what the tracker needs is locked
# with the rest: so is setuptools, which builds it.
define install_tracker
	@$(1)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e clients/python
	@problems=$$($(1)/bin/python -m pip check --disable-pip-version-check) || { echo "$$problems" >&2; exit 1; }
endef

.venv/installed: requirements.txt clients/python/pyproject.toml
	$(call make_venv,.venv)
	@echo "Installing the service into .venv …"
	$(call install_locked,.venv,requirements.txt)
	$(call install_tracker,.venv)
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	@echo "Installing the tools …"
	$(call install_locked,.venv,requirements-dev.txt,--no-compile)
	@touch $@

$(EXAMPLE)/.venv/installed: $(EXAMPLE)/requirements.txt clients/python/pyproject.toml
	$(call make_venv,$(EXAMPLE)/.venv)
	@echo "Installing the example's environment (DSPy, some 350 MB) into $(EXAMPLE)/.venv …"
	$(call install_locked,$(EXAMPLE)/.venv,$(EXAMPLE)/requirements.txt,--no-compile)
	$(call install_tracker,$(EXAMPLE)/.venv)
	@touch $@

$(GENERATED)/.venv/installed: $(GENERATED)/requirements.txt
	$(call make_venv,$(GENERATED)/.venv)
	@echo "Installing generators of clients into $(GENERATED)/.venv …"
	$(call install_locked,$(GENERATED)/.venv,$(GENERATED)/requirements.txt,--no-compile)
	@touch $@
