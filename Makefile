# The door to this repository. `make help` lists what there is; `make demo` and `make test` need nothing done before.
#
#   make demo PYTHON=python3.12     which Python makes .venv
#   make demo DATA=an4              prompts (default) | synthetic | an4
#   make demo-tts VOICE=folder      prompts (default) | a folder with train.json and dev.json

PYTHON ?= python3
DATA ?= auto
VOICE ?= prompts
SECONDS ?= 60
VENV := .venv
RUN := $(VENV)/bin/python
EXTRAS := asr,nlp,export,demo,dev

PYTEST := $(RUN) -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-tts test test-slow battery fuzz check format lint types architecture docs bench clean

help:
	@echo "make demo          fetch recordings, train a small recogniser, print its transcripts (DATA=synthetic|an4)"
	@echo "make demo-tts      teach two small models a voice, let a recogniser judge what they say: 40 minutes and more"
	@echo "make test          the tests that need no network and no GPU"
	@echo "make test-slow     the tests that take minutes"
	@echo "make battery       the trials of attacks, crashes, full disks, broken data ..., counted; the long ones too"
	@echo "make fuzz          search for files that break our readers, five of them for SECONDS=60 each (Linux)"
	@echo "make check         what CI asks besides the tests: format, lint, types, architecture"
	@echo "make format        write the code in our format"
	@echo "make lint types    ruff, codespell; mypy"
	@echo "make docs          run every snippet and check every command of README.md and docs/"
	@echo "make bench         time what has a target; one JSON line each"
	@echo "make clean         remove caches, demo data and demo runs; .venv stays"

setup: $(VENV)/.installed

# installs again only when what we depend on has changed
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 14))" || { \
	  echo "Python 3.10 to 3.13 is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)."; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing into $(VENV), once; this takes a few minutes."
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$(EXTRAS)]" || { \
	  echo "The installation failed; the lines above say where. With a network again: make $(MAKECMDGOALS)"; exit 1; }
	@touch $@

demo: setup
	@$(RUN) -m examples.demo.run --data $(DATA)

demo-tts: setup
	@$(RUN) -m examples.demo.speak --data $(VOICE)

test: setup
	$(PYTEST)

test-slow: setup
	$(PYTEST) -m "slow and not gpu"

battery: setup
	$(PYTEST) -m "battery and not gpu"

# atheris has wheels for Linux only, so it is not among the tools for development
fuzz: setup
	@$(RUN) -c "import atheris" 2>/dev/null || $(RUN) -m pip install --quiet --disable-pip-version-check atheris
	$(RUN) -m tests.fuzz.run --seconds $(SECONDS)

check: setup
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/codespell
	$(PYTEST) tests/architecture

format: setup
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .

lint: setup
	$(RUN) -m ruff check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/codespell

types: setup
	$(RUN) -m mypy

architecture: setup
	$(PYTEST) tests/architecture

docs: setup
	$(PYTEST) tests/docs

bench: setup
	$(RUN) -m benchmarks

clean:
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist *.egg-info
	rm -rf demo_data demo_run nemo_experiments
	find . -name __pycache__ -type d -not -path "./$(VENV)/*" -prune -exec rm -rf {} +
