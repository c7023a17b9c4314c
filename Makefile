# All that one does with this repository. `make` alone lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
STACK := $(PYTHON) local/stack
# Architectures to package for: arm64, x86_64.
ARCH ?= arm64 x86_64
# Passed on to `cdk deploy`, for example CDK_FLAGS='-c name=photos -c settings=/path/settings.json --profile work'.
CDK_FLAGS ?=
# A folder of one's own photos for `make demo`. Handed on in the environment, so that it may hold any character.
export PHOTOS ?=
# Photos of `make soak`; 1,000 without it.
IMAGES ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

##: on this machine

.PHONY: doctor
doctor: ## Say what this machine has, and what to install
	@$(STACK) doctor

.PHONY: demo
demo: ## Bring up the local stack and analyse the samples; PHOTOS=folder takes your own photos
	@$(STACK) demo $${PHOTOS:+"$$PHOTOS"}

.PHONY: up
up: ## Set up, build, start and deploy the local stack
	@$(STACK) up

.PHONY: down
down: ## Stop the local stack; what it holds is kept
	@$(STACK) down

.PHONY: forget
forget: ## Stop the local stack and remove what it holds
	@$(STACK) down --forget

.PHONY: status
status: ## Say what of the local stack runs
	@$(STACK) status

.PHONY: env
env: ## Print export lines for a shell: eval "$(make -s env)"
	@$(STACK) env

.PHONY: models
models: ## Fetch the local models into the cache
	@$(STACK) models

##: checks

.PHONY: lint
lint: cdk/node_modules ## Check formats and lints: rustfmt, clippy, tsc, eslint, cfn-lint, Python's syntax
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	@# The workspace turns all features of crates/aws on; each function links only some, so each must compile without the others.
	for feature in $$(sed -n '/^\[features\]/,/^$$/s/ = .*//p' crates/aws/Cargo.toml); do cargo check --quiet --locked -p sightline-aws --features $$feature; done
	cd cdk && npm run --silent build && npm run --silent lint
	$(PYTHON) tools/lint_templates.py
	$(PYTHON) -m compileall -q local tools statemachine
	$(PYTHON) tools/reliability.py --check

.PHONY: test
test: ## Run all tests, the end-to-end ones on the local stack included
	@$(STACK) up --for-tests
	@$(PYTHON) tools/run_tests.py

.PHONY: reliability
reliability: ## Generate docs/reliability.md: which test shows which fault
	@$(PYTHON) tools/reliability.py

.PHONY: soak
soak: ## Load and stop a local stack of its own; IMAGES=100 for a small one
	@$(PYTHON) tools/soak $(if $(IMAGES),--images $(IMAGES))

.PHONY: diagram
diagram: ## Draw the state machine's diagram anew
	$(PYTHON) statemachine/diagram.py

##: to AWS

.PHONY: package
package: ## Build the Lambda zips for AWS; ARCH=arm64 or x86_64 for one alone
	@$(PYTHON) tools/package.py $(ARCH)

.PHONY: deploy
deploy: ## Build for arm64 and deploy to AWS; CDK_FLAGS are handed to cdk deploy
	@$(PYTHON) tools/deploy.py $(CDK_FLAGS)

##: and back

.PHONY: clean
clean: down ## Stop the local stack and remove all that was built; the models stay
	rm -rf .local dist cdk/cdk.out
	cargo clean

cdk/node_modules: cdk/package-lock.json
	cd cdk && npm ci --no-audit --no-fund
	@touch $@
