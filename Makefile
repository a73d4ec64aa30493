# make demo : a page on http://127.0.0.1:7860 where a sentence is signed         make test : everything that must hold
# make install, export, docs, bench, space, lock : see CONTRIBUTING.md.            Every target can be run again.
SHELL := /bin/bash
VENV ?= .venv
PORT ?= 7860
WORKERS ?= 2
# Python 3.11 or 3.12: the first one found that can make an environment (numpy 1 and mediapipe have no wheels for 3.13)
ok = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python; do $$p -c '$(ok)' >/dev/null 2>&1 && echo $$p && break; done)
# extra words for pip where torch is installed, for instance the index that has CPU builds: TORCH_ARGS="--index-url ..."
TORCH_ARGS ?=

bin := $(VENV)/bin
stamps := $(VENV)/.stamps
pip := PYTHONWARNINGS=ignore $(bin)/python -m pip --disable-pip-version-check --quiet install -c constraints.txt
everything := render,demo,torch,bake,dev
mediapipe_needs := opencv-python-headless protobuf absl-py attrs flatbuffers matplotlib
export PATH := $(abspath $(bin)):$(PATH)
export GRADIO_ANALYTICS_ENABLED := False

.PHONY: demo test install export check docs bench space lock help
.DELETE_ON_ERROR:

help:
	@sed -n '1,2p' Makefile | sed 's/^# //'

demo: $(stamps)/demo
	@PORT=$(PORT) $(bin)/signbook demo

install: $(stamps)/install

test: $(stamps)/install
	@echo "-- notebooks are clean and export leaves no diff"
	@$(bin)/python scripts/check_export.py
	@echo "-- notebooks"
	@$(bin)/nbdev_test --n_workers $(WORKERS) --timing
	@echo "-- tests"
	@$(bin)/python -m pytest -q tests

export: $(stamps)/install
	@$(bin)/nbdev_clean
	@$(bin)/nbdev_export

docs: $(stamps)/install
	@$(bin)/python scripts/build_docs.py

bench: $(stamps)/install
	@set -e; for script in benchmarks/*.py; do echo "-- $$script"; $(bin)/python $$script; done

space: $(stamps)/install
	@$(bin)/python scripts/build_space.py

# what is installed now becomes the pins; run it after `make install` in a fresh environment
lock: $(stamps)/install
	@$(bin)/python scripts/lock.py

# A working environment is kept as it is. Debian splits ensurepip off: then the pip of the system fills the new environment.
$(stamps)/venv:
	@test -n "$(PYTHON)" || { echo "signbook needs Python 3.11 or 3.12; name it with: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(bin)/python -c '$(ok)' 2>/dev/null || { echo "-- creating $(VENV) with $(PYTHON)"; $(PYTHON) -m venv $(VENV) 2>/dev/null || \
	  { $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(bin)/python -q install pip; }; }
	@mkdir -p $(stamps) && touch $@

# --no-build-isolation: setuptools comes from constraints.txt too, and is fetched once
$(stamps)/demo: $(stamps)/venv settings.ini setup.py pyproject.toml constraints.txt
	@echo "-- installing what the demo needs (about a minute the first time)"
	@$(pip) pip setuptools wheel
	@$(pip) --no-build-isolation -e '.[render,demo]'
	@touch $@

$(stamps)/install: $(stamps)/demo
	@echo "-- installing what the tests and the book need (minutes the first time: torch is large)"
	@$(pip) $(TORCH_ARGS) torch
	@$(pip) --no-build-isolation -e '.[$(everything)]' $(mediapipe_needs)
	@$(pip) --no-deps mediapipe
	@touch $@
