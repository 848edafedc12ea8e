# Every target makes .venv itself; a fresh machine needs only Python (>= 3.11) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test faults app lint gpu clean
.DEFAULT_GOAL := demo

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(STAMP)  ## the main job on the bundled library with the bundled encoder
	$(BIN)/molsearch demo --out demo

# One more than two cores: tests of browsers, servers and killed processes wait a quarter of their time.
# Each takes the files that come next to one another, and what another has left when it is done.
WORKERS ?= 3
test: $(STAMP) lint  ## lint, types, layers, tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

app: $(STAMP)  ## the web application
	$(BIN)/molsearch app

SIZES ?= 10000 100000 1000000
faults: $(STAMP)  ## memory slopes of prepare, index and screen over SIZES molecules; goes on where it stopped
	$(BIN)/python benchmarks/memory.py --sizes $(SIZES)

gpu: $(STAMP)  ## CPU/CUDA parity, rates and residency into results/gpu.json; one line without a CUDA device
	$(BIN)/python benchmarks/gpu.py

clean:
	rm -rf $(VENV) demo
