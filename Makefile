# The commands of this project. `make demo` and `make test` set up all they need on a fresh machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A consortium is a dozen processes: none should compile what another has compiled.
unexport PYTHONDONTWRITEBYTECODE
# uv installs in a tenth of pip's time; a folder of wheels that pip was told of counts for it too.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt
INSTALL := $(UV) --editable
# The console is built with Node 20 or later: the machine's, else one that is installed beside Python.
export PATH := $(PATH):$(CURDIR)/$(BIN)
PAGE := src/fedcare/gateway/page/index.html
PACKAGES := console/node_modules/.package-lock.json
PAGE_SOURCES := $(wildcard console/*.* console/public/* console/scripts/*) $(shell find console/src -type f 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo test coverage lint console screenshots bench chaos docs constraints clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.demo $(PAGE) ## Run a consortium of five hospitals on this machine and train its first models; PORT=8001 moves it
	@exec $(BIN)/fedcare up --demo $(if $(PORT),--port $(PORT)) $(if $(FEDCARE_DEMO_EXIT),--until-done)

test: lint $(PAGE) $(VENV)/.chromium ## Check style, types and layers, then run every test
	cd console && npm test
	$(BIN)/python -m pytest -n 3 --dist worksteal

coverage: $(VENV)/.dev $(PAGE) $(VENV)/.chromium ## Run every test and report which lines none of them reaches; takes twice as long
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered

lint: $(VENV)/.dev $(PACKAGES) ## Check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/console_api.py --check
	cd console && npm run check

console: $(PAGE) ## Build the pages that the gateway serves

bench: $(VENV)/.dev ## Measure speed against a bare PyTorch loop, as ratios
	$(BIN)/python -m benchmarks.speed

chaos: $(VENV)/.dev ## Kill every process of a consortium at random moments, and compare the weights bit by bit
	$(BIN)/python -m benchmarks.chaos_federation

docs: $(VENV)/.dev ## Write the generated parts of docs/ anew (command line, settings, errors)
	$(BIN)/python scripts/reference.py

screenshots: $(VENV)/.dev $(PAGE) $(VENV)/.chromium ## Photograph the console of a demonstration for README and docs
	$(BIN)/python scripts/screenshots.py

constraints: ## Resolve the dependencies anew and pin them in constraints.txt
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	  --extra dev --extra ray --extra ckks --extra node pyproject.toml | sed 's/+cpu$$//' > constraints.txt
	@echo "uv==$$($(BIN)/uv --version | cut -d' ' -f2)" >> constraints.txt

clean: ## Remove the virtual environment, the built console and caches; runs/ stays
	rm -rf $(VENV) console/node_modules $(dir $(PAGE)) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info < (3, 14), "FedCare needs Python 3.11 to 3.13"'
	@$(PYTHON) -m venv $(VENV) || { apt-get install -y python3-venv && $(PYTHON) -m venv $(VENV); }
	@echo "Installing FedCare (PyTorch is the large part) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt uv

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/uv
	@$(INSTALL) .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/uv
	@$(INSTALL) '.[dev,ray,ckks]'
	@touch $@ $(VENV)/.demo

$(VENV)/.node: | $(BIN)/uv
	@node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null && command -v npm >/dev/null \
	  || { echo "Installing Node ..."; $(INSTALL) '.[node]'; }
	@touch $@

$(PACKAGES): console/package.json console/package-lock.json | $(VENV)/.node
	@echo "Installing what the console is built with ..."
	@cd console && npm ci --silent

$(PAGE): $(PAGE_SOURCES) $(PACKAGES)
	@echo "Building the console ..."
	@cd console && npm run --silent build -- --logLevel warn

$(VENV)/.chromium: | $(BIN)/uv
	@command -v chromium-headless-shell >/dev/null || { echo "Installing Chromium ..."; apt-get update -qq; \
	  apt-get install -y -qq chromium-headless-shell >/dev/null || command -v chromium >/dev/null || apt-get install -y -qq chromium >/dev/null; }
	@touch $@
