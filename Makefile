# The commands of this repository. `make` alone lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
STACK := $(PYTHON) local/stack
# Architectures to package for: arm64, x86_64.
ARCH ?= arm64 x86_64
# Passed to `cdk deploy`, for example CDK_FLAGS='-c name=photos -c settings=/path/settings.json --profile work'.
CDK_FLAGS ?=
# A folder of your own photos for `make demo`. Passed in the environment, so that it may contain any character.
export PHOTOS ?=
# A folder of your own photos with truth.json for `make eyes`.
export FOLDER ?=
# Number of photos of `make soak`; 1,000 by default.
IMAGES ?=
# What `make bench` measures; everything by default. `python3 tools/bench --help` lists the sections.
SECTIONS ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

##: Local stack

.PHONY: doctor
doctor: ## Check this machine, and say what to install
	@$(STACK) doctor

.PHONY: demo
demo: ## Bring up the local stack and analyse the sample photos, or yours with PHOTOS=folder
	@$(STACK) demo $${PHOTOS:+"$$PHOTOS"}

.PHONY: up
up: ## Build, start and deploy the local stack
	@$(STACK) up

.PHONY: web
web: ## Serve the page from its sources, with changes at once, against the running stack
	@$(STACK) web

.PHONY: down
down: ## Stop the local stack and keep its state
	@$(STACK) down

.PHONY: forget
forget: ## Stop the local stack and delete its state
	@$(STACK) down --forget

.PHONY: status
status: ## Show what is running and deployed
	@$(STACK) status

.PHONY: env
env: ## Print commands that point a shell at the local stack: eval "$(make -s env)"
	@$(STACK) env

.PHONY: models
models: ## Fetch the local models into the cache
	@$(STACK) models

##: Checks

.PHONY: lint
lint: cdk/node_modules web/node_modules web/e2e/node_modules ## Run rustfmt, clippy, tsc, eslint, svelte-check, cfn-lint, and check Python's syntax
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	@# The workspace enables all features of crates/aws, but each function only some, so each feature must compile alone.
	for feature in $$(sed -n '/^\[features\]/,/^$$/s/ = .*//p' crates/aws/Cargo.toml); do cargo check --quiet --locked -p sightline-aws --features $$feature; done
	cd cdk && npm run --silent build && npm run --silent lint
	cd web && npm run --silent check
	cd web/e2e && npm run --silent check
	$(PYTHON) tools/lint_templates.py
	$(PYTHON) -m compileall -q local tools statemachine
	$(PYTHON) tools/reliability.py --check

.PHONY: test
test: ## Run all tests, including the end-to-end tests on the local stack
	@$(STACK) up --for-tests
	@$(PYTHON) tools/run_tests.py

.PHONY: screenshots
screenshots: ## Take docs/screenshots of every view in a real browser, from the running stack of the tests
	@mkdir -p docs/screenshots
	cd web/e2e && SIGHTLINE_SCREENSHOTS="$(CURDIR)/docs/screenshots" npx playwright test views.spec.ts

.PHONY: reliability
reliability: ## Generate docs/reliability.md: which test shows which fault
	@$(PYTHON) tools/reliability.py

.PHONY: soak
soak: ## Run the soak test on its own local stack; IMAGES=100 for a short one
	@$(PYTHON) tools/soak $(if $(IMAGES),--images $(IMAGES))

.PHONY: eyes
eyes: models ## Measure the local models on photos with known content: FOLDER=folder with truth.json
	@$(PYTHON) tools/eyes $${FOLDER:+"$$FOLDER"}

.PHONY: bench
bench: ## Measure speed and memory and write docs/performance.md; SECTIONS="functions images" for a part
	@$(PYTHON) tools/bench $(SECTIONS)

.PHONY: diagram
diagram: ## Generate the diagram and the table of the state machine
	$(PYTHON) statemachine/diagram.py

.PHONY: openapi
openapi: ## Generate web/openapi.json from the types of the API
	@UPDATE_OPENAPI=1 cargo test --quiet --workspace --locked --test api the_committed_document

##: AWS

.PHONY: package
package: ## Build the page and the Lambda zips for AWS; ARCH=arm64 or x86_64 for only one
	@$(PYTHON) tools/package.py $(ARCH)

# Not in cdk/, where cdk would synthesise the app, which needs the zips.
.PHONY: bootstrap
bootstrap: ## Prepare an AWS account and region for the CDK, once: CDK_FLAGS='aws://ACCOUNT/REGION'
	@npm ci --prefix cdk --no-audit --no-fund
	@cdk/node_modules/.bin/cdk bootstrap $(CDK_FLAGS)

.PHONY: deploy
deploy: ## Build for arm64 and deploy to AWS; CDK_FLAGS are passed to cdk deploy
	@$(PYTHON) tools/deploy.py $(CDK_FLAGS)

##: Clean up

.PHONY: clean
clean: down ## Stop the local stack and delete its state and all builds; the models stay
	rm -rf .local dist cdk/cdk.out web/dist
	cargo clean

cdk/node_modules web/node_modules web/e2e/node_modules: %/node_modules: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund
	@touch $@
