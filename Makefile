# What a reader types. Each command sets itself up: only Python 3.11 or newer, make and git are needed.

# The first Python that is new enough.
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14 python; do \
    $$name $(NEW_ENOUGH) 2> /dev/null && echo $$name && break; done)
SCALE ?= paper
BIN := .venv/bin
# What a person types after `make` reaches a command as one word, whatever is in it.
quoted = '$(subst ','\'',$(1))'
of_scale = --scale-file $(call quoted,config/$(1).yaml)

# Files that a person has already, for a run: RAW=folder, and ACCEPT_UNVERIFIED=true for those of another checksum.
of_raw = $(if $(RAW),$(call quoted,raw=$(value RAW))) \
    $(if $(ACCEPT_UNVERIFIED),$(call quoted,accept_unverified=$(ACCEPT_UNVERIFIED)))

# Everything at the scale $(1). The summary is shown also of what failed in part.
define everything
@status=0; $(BIN)/snakemake --cores all --config $(call quoted,scale=$(1)) $(of_raw) || status=$$?; \
    $(BIN)/python -m paper_tables.summary $(call of_scale,$(1)) --results $(call quoted,results/$(1)) || status=$$?; \
    $(BIN)/python -m workflow.unfinished $(call of_scale,$(1)) || status=$$?; \
    exit $$status
endef

.PHONY: demo test run tables compare report standing publish merge-results retry adopt plan bench lock clean

## demo    every table and figure of every paper on synthetic data, in minutes, without download or GPU
demo: .venv/ready
	$(call everything,demo)

## test    style and tests
test: .venv/ready
	$(BIN)/ruff check
	$(BIN)/pytest -n 2 --dist loadfile

## run     SCALE=quick RAW=folder: everything at a scale, with raw files that lie in a folder already
run: .venv/ready
	$(call everything,$(SCALE))

## tables  SCALE=quick: tables and figures of what there is so far, without training: results/<scale>/so_far
tables: .venv/ready
	@$(BIN)/python -m paper_tables $(call of_scale,$(SCALE)) --results $(call quoted,results/$(SCALE))

## compare SCALE=quick: measured against printed, of what there is, without training
compare: .venv/ready
	@$(BIN)/python -m paper_tables.judge.comparison $(call of_scale,$(SCALE)) --results $(call quoted,results/$(SCALE))

## report  SCALE=quick: tables, comparison and report of what there is so far: results/<scale>/so_far/report.html;
##         FROM=results/published/quick: of what is published, without a run
report: .venv/ready $(if $(FROM),,tables compare)
	@$(BIN)/python -m paper_tables.report $(call of_scale,$(SCALE)) --results $(call quoted,results/$(SCALE)) \
	    $(if $(FROM),--source $(call quoted,$(FROM)))

## standing METHOD=markov-chain SCALE=quick: where a method stands against the others, ready to paste
standing: .venv/ready
	@$(BIN)/python -m paper_tables.standing --method $(call quoted,$(METHOD)) --results $(call quoted,results/$(SCALE))

## merge-results FROM=folder SCALE=quick: take in results of another machine, then tables and report, without training
merge-results: .venv/ready
	@$(BIN)/python -m workflow.merge --source $(call quoted,$(FROM)) $(call of_scale,$(SCALE))

## publish SCALE=quick: gather what was measured into small text files under results/published, and write README's numbers
##         from them; FEWER=1: although fewer than stand there
publish: .venv/ready
	@$(BIN)/python -m workflow.publish $(call of_scale,$(SCALE)) $(if $(FEWER),--fewer)
	@$(BIN)/python -m paper_tables.report.pages

## retry   SCALE=quick: take failed results away, so that the next run repeats them
retry: .venv/ready
	@$(BIN)/python -m workflow.retry $(call of_scale,$(SCALE))

## adopt   SCALE=search TO=quick: fix the settings that a search found as those of another scale; TOGETHER=1: of each
##         strategy one point for all anchors and samplers
adopt: .venv/ready
	@$(BIN)/python -m workflow.adopt $(call of_scale,$(SCALE)) --to $(call quoted,$(TO)) $(if $(TOGETHER),--together)

## plan    SCALE=paper: cells, hours and storage of a scale, from measured cells
plan: .venv/ready
	@$(BIN)/python -m workflow.estimate $(call of_scale,$(SCALE))

## bench   what this costs beside RecBole, which gets an environment of its own; ONLY=ranking,search QUICK=1: a part, small
bench: .venv/ready
	@$(MAKE) --no-print-directory $(RECBOLE)/ready || echo "RecBole is not set up: its side will be shown as failed."
	@$(BIN)/python -m workflow.benchmark --peer $(RECBOLE)/bin/python $(if $(ONLY),--only $(call quoted,$(ONLY))) $(if $(QUICK),--quick) \
	    $(if $(RUNS),--runs $(call quoted,$(RUNS)))

## lock    requirements.lock from pyproject.toml; what torch needs for CUDA is left to torch and pip
lock: .venv/ready
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --no-header --no-annotate \
	    $(addprefix --no-emit-package ,$(CUDA)) --output-file requirements.lock

## clean   SCALE=demo: remove the results of a scale, which has to be named
clean:
	@test "$(origin SCALE)" = "command line" || { echo "name what to remove: make clean SCALE=demo"; exit 1; }
	@$(call quoted,$(PYTHON)) -m workflow.clean --scale $(call quoted,$(SCALE))

CUDA := cuda-bindings cuda-pathfinder cuda-toolkit triton $(addprefix nvidia-,cublas cuda-cupti cuda-nvrtc \
    cuda-runtime cudnn-cu13 cufft cufile curand cusolver cusparse cusparselt-cu13 nccl-cu13 nvjitlink nvshmem-cu13 nvtx)

# A second call finds the stamp and installs nothing.
.venv/ready: requirements.lock
	@test -n $(call quoted,$(PYTHON)) && $(call quoted,$(PYTHON)) $(NEW_ENOUGH) || \
	    { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up .venv (once) ..."
	@$(call quoted,$(PYTHON)) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@

# RecBole 1.2.1 wants libraries that newer Pythons do not have.
RECBOLE := .venv-recbole
FITS_RECBOLE := -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 12))'
RECBOLE_PYTHON ?= $(shell for name in python3.11 python3.10 $(call quoted,$(PYTHON)); do \
    "$$name" $(FITS_RECBOLE) 2> /dev/null && echo "$$name" && break; done)

$(RECBOLE)/ready: workflow/benchmark/peer_requirements.txt
	@test -n $(call quoted,$(RECBOLE_PYTHON)) || { echo "RecBole needs Python 3.10 or 3.11: make bench RECBOLE_PYTHON=..."; exit 1; }
	@echo "Setting up RecBole in $(RECBOLE) (once) ..."
	@$(call quoted,$(RECBOLE_PYTHON)) -m venv $(RECBOLE)
	@$(RECBOLE)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
