# `make run` and `make test` are all a newcomer needs: they make .venv by themselves.

PYTHON ?= python3
VENV := .venv
SCENARIOS ?= $(addprefix scenarios/,$(addsuffix .toml,shops commission advertising promotion subscription mixed))
OUT ?= outputs/first
# the usual folder is its own, so that `make run` can be run again; a folder you name keeps what it holds
FORCE ?= $(if $(filter file,$(origin OUT)),--force)

.PHONY: run test lint bench viz clean

run: $(VENV)/ready  ## compare the scenarios and write the report
	$(VENV)/bin/hongbao compare $(SCENARIOS) --replicates 8 --users 20000 --days 365 --out $(OUT) $(FORCE)

test: $(VENV)/ready
	$(VENV)/bin/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/ready  ## style, types and floors
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/ready
	$(VENV)/bin/hongbao bench

# Not part of `make test` and CI: it would add a browser and forty packages to every install, for a page that is Mesa's own.
viz: $(VENV)/ready  ## SolaraViz in a headless Chromium
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser]'
	$(VENV)/bin/python -m pytest -q -rs tests/test_solara.py

clean:
	rm -rf $(VENV) dist .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache

# made again when what it is made from changes
$(VENV)/ready: pyproject.toml constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,cluster,study]'
	touch $@
