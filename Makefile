# Two commands for a newcomer: `make bench` and `make test`. Everything they need goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NATIVE := $(wildcard libgvb/*.[chS] libgvb/kernels/* emulator/*.[ch] emulator/*.def)

# The C tests time the emulated GPU, whose time is real time: a machine that is busy for a moment fails one. Each suite may
# run twice more, and says so; a wrong model fails every time. Sanitizers run once: what shows in one run of two is there.
attempt = if $(MAKE) --no-print-directory -C $(1) test; then echo "$(1) test: passed at attempt $(2)"; \
  else echo "$(1) test: failed at attempt $(2)"; $(3); fi
timed = $(call attempt,$(1),1,$(call attempt,$(1),2,$(call attempt,$(1),3,exit 1)))

.PHONY: help bench test check format docs ptx wheel clean native

help:
	@echo "make bench   quick suite on the GPU, or on the emulated GPU where there is none"
	@echo "make test    the whole test suite"
	@echo "make check   format, lint, types, import contracts, C warnings, sanitizers, PTX"

$(STAMP): pyproject.toml build_native.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is $$($(PYTHON) -V); gpu-virt-bench needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

native: $(STAMP) $(NATIVE)
	@$(BIN)/python build_native.py

bench: native
	$(BIN)/gpu-virt-bench run --suite quick

test: native
	@$(call timed,emulator)
	@$(call timed,libgvb)
	@$(call timed,tests/layer)
	$(BIN)/pytest

check: native
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')
	$(BIN)/python libgvb/kernels/generate.py --check
	$(BIN)/python docs/generate.py --check
	$(MAKE) --no-print-directory -C emulator sanitize
	$(MAKE) --no-print-directory -C libgvb sanitize
	$(MAKE) --no-print-directory -C tests/layer sanitize

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $$(git ls-files '*.c' '*.h')

docs: $(STAMP)
	$(BIN)/python docs/generate.py

ptx: $(STAMP)
	$(BIN)/python libgvb/kernels/generate.py

wheel: $(STAMP)
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist emulator/build libgvb/build src/gpu_virt_bench/libgvb/*.so src/gpu_virt_bench/emulated/lib \
	  src/gpu_virt_bench/emulated/bin/nvidia-cuda-mps-control
