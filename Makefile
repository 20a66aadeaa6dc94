# make demo: everything on this machine, no key, no workspace.   make test: set up and pass the tests.
# TORCH_INDEX: an index with torch's CPU wheels; see the README. Without it Linux x86-64 may fetch a CUDA build.
PYTHON ?= python3
VENV ?= .venv
TORCH_INDEX ?=
# Many tests wait for servers: more workers than cores keep the cores busy.
WORKERS ?= 4
# Where it is set, each of the hundred programs that the tests start compiles Tandem again.
export PYTHONDONTWRITEBYTECODE =
PIP := $(VENV)/bin/pip --disable-pip-version-check

.PHONY: demo test pytest check audit bench eval faults attacks vectors lock clean

demo: $(VENV)/demo.done
	$(VENV)/bin/tandem demo

# Types are checked while the first tests run: that takes one core a minute and a half.
test: $(VENV)/dev.done
	$(MAKE) --no-print-directory -j 2 check pytest

# The tests of one file stay together on one worker: they share servers. See tests/scheduling.py.
pytest: $(VENV)/dev.done
	$(VENV)/bin/pytest -n $(WORKERS) --dist loadfile

check: $(VENV)/dev.done
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python deploy/audit.py

# Known weaknesses of what is shipped. Unlike in `check`, the database of them must answer.
audit: $(VENV)/dev.done
	$(VENV)/bin/python deploy/audit.py --strict

bench: $(VENV)/dev.done
	$(VENV)/bin/python -m benchmarks

# How well it understands; with OPENAI_MODEL set, also with that language model.
eval: $(VENV)/dev.done
	$(VENV)/bin/python -m benchmarks.eval --write benchmarks/eval.md

# What breaks around it, and who attacks it: counts in benchmarks/faults.md and attacks.md.
faults: $(VENV)/dev.done
	$(VENV)/bin/python -m benchmarks.faults --write benchmarks/faults.md

attacks: $(VENV)/attacks.done
	$(VENV)/bin/python -m benchmarks.attacks --write benchmarks/attacks.md

# After changing what pyproject.toml asks for: versions and hashes of all that is shipped.
lock: $(VENV)/dev.done
	$(VENV)/bin/python deploy/lock.py $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
	$(VENV)/bin/python deploy/licences.py

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

# Its cases are sent besides our own; tests do without.
$(VENV)/attacks.done: $(VENV)/dev.done
	$(PIP) install -q --progress-bar on -c constraints.txt schemathesis
	@touch $@

clean:
	rm -rf $(VENV) .demo
