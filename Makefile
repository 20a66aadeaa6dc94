# make demo: everything on this machine, no key, no workspace.   make test: set up and pass the tests.
# TORCH_INDEX: an index with torch's CPU wheels; see the README. Without it Linux x86-64 may fetch a CUDA build.
PYTHON ?= python3
VENV ?= .venv
TORCH_INDEX ?=
WORKERS ?= 2
PIP := $(VENV)/bin/pip --disable-pip-version-check

.PHONY: demo test pytest check bench eval vectors clean

demo: $(VENV)/demo.done
	$(VENV)/bin/tandem demo

# Types are checked while the first tests run: that takes one core a minute and a half.
test: $(VENV)/dev.done
	$(MAKE) --no-print-directory -j 2 check pytest

# The tests of one file stay together on one worker: they share servers.
pytest: $(VENV)/dev.done
	$(VENV)/bin/pytest -n $(WORKERS) --dist loadfile

check: $(VENV)/dev.done
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/dev.done
	$(VENV)/bin/python -m benchmarks

# How well it understands; with OPENAI_MODEL set, also with that language model.
eval: $(VENV)/dev.done
	$(VENV)/bin/python -m benchmarks.eval --write benchmarks/eval.md

# After changing phrases in skills/: embed them again; the file is part of the project.
vectors: $(VENV)/dev.done
	$(VENV)/bin/tandem vectors

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Tandem needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/torch.done: $(VENV)/bin/python constraints.txt
	@echo "Setting up: PyTorch (the largest part, a minute or more)"
	$(PIP) install -q --progress-bar on $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) -c constraints.txt torch
	@touch $@

$(VENV)/demo.done: $(VENV)/torch.done pyproject.toml
	@echo "Setting up: Tandem, its libraries, MLflow"
	$(PIP) install -q --progress-bar on -c constraints.txt -e '.[demo]'
	@touch $@

$(VENV)/dev.done: $(VENV)/demo.done
	$(PIP) install -q --progress-bar on -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .demo
