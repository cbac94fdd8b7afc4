# Two commands for a newcomer: `make bench` and `make test`. What each needs goes into .venv, and no more: to measure, the
# program; for all else also the tools of the `dev` group.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TOOLS := $(VENV)/.tools
LAST := $(VENV)/.last-test
# Tests mostly wait for processes: one worker more than there are processors, at most 8.
WORKERS := $(shell $(PYTHON) -c 'import os; print(min(8, 1 + len(os.sched_getaffinity(0))))')
PIP := $(BIN)/pip --quiet --disable-pip-version-check install
NATIVE := $(wildcard libgvb/*.[chS] libgvb/kernels/* emulator/*.[ch] emulator/*.def)

.PHONY: help bench test check format docs site ptx wheel clean native announced

help:
	@echo "make bench   quick suite on the GPU, or on the emulated GPU where there is none"
	@echo "make test    the whole test suite: about 15 minutes on two processors"
	@echo "make site    the documentation as a site in build/site"
	@echo "make check   format, lint, types, import contracts, C warnings, sanitizers, PTX"

# Modules are compiled when they are first imported; most of what pip would compile never is.
$(STAMP): pyproject.toml build_native.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is $$($(PYTHON) -V); gpu-virt-bench needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 2; }
	@echo "installing the program into $(VENV): about 20 s; the first time also 55 MB to download"
	$(PYTHON) -m venv $(VENV)
	$(PIP) --no-compile --editable .
	@touch $@

# pip's --group is younger than the pip of Python 3.11.
$(TOOLS): $(STAMP)
	@echo "installing the tools of the tests into $(VENV): about 15 s; the first time also a download"
	$(PIP) --upgrade pip
	$(PIP) --group dev
	@touch $@

native: $(STAMP) $(NATIVE)
	@$(BIN)/python build_native.py

# Without a GPU in virtual time, where modelled time takes no longer than computing it.
bench: native
	@if $(BIN)/gpu-virt-bench list devices 2>&1 >/dev/null | grep -q "no NVIDIA GPU"; then \
	  echo "no NVIDIA GPU here: the emulated one in virtual time; plain 'gpu-virt-bench run' lives in real time"; \
	  set -x; $(BIN)/gpu-virt-bench run --suite quick --device emulated --emulate clock=virtual; \
	else set -x; $(BIN)/gpu-virt-bench run --suite quick; fi

announced:
	@echo "the whole test suite: $$(cat $(LAST) 2>/dev/null || echo 'about 15 minutes on two processors')"

test: announced native $(TOOLS)
	@date +%s >$(LAST).began
	@$(MAKE) --no-print-directory -C emulator test
	@$(MAKE) --no-print-directory -C libgvb test
	@$(MAKE) --no-print-directory -C tests/layer test
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile
	@echo "$$(( ($$(date +%s) - $$(cat $(LAST).began) + 59) / 60 )) minutes the last time here" >$(LAST)

check: native $(TOOLS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	MYPYPATH=tests $(BIN)/mypy benchmarks/*.py
	$(BIN)/lint-imports --no-cache
	$(BIN)/clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')
	$(BIN)/python libgvb/kernels/generate.py --check
	$(BIN)/python docs/generate.py --check
	$(MAKE) --no-print-directory -C emulator sanitize
	$(MAKE) --no-print-directory -C emulator thread-sanitize
	$(MAKE) --no-print-directory -C libgvb sanitize
	$(MAKE) --no-print-directory -C tests/layer sanitize

format: $(TOOLS)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $$(git ls-files '*.c' '*.h')

docs: $(STAMP)
	$(BIN)/python docs/generate.py

site: $(TOOLS)
	$(BIN)/mkdocs build --quiet
	@echo "the documentation: build/site/index.html"

ptx: $(TOOLS)
	$(BIN)/python libgvb/kernels/generate.py

wheel: $(STAMP)
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist emulator/build libgvb/build src/gpu_virt_bench/libgvb/*.so src/gpu_virt_bench/emulated/lib \
	  src/gpu_virt_bench/emulated/bin/nvidia-cuda-mps-control
