# Two commands do everything: `make demo` and `make test`. `make` alone lists the others.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
env := set -euo pipefail; . tools/env;

.PHONY: help
help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

.PHONY: demo
demo: build ## a cluster in one process, the walk-through's StatefulSet in it, and the page, until Ctrl-C
	@tools/demo

.PHONY: test
test: setup build-page ## every test: Rust, then the page in a browser on a real control plane; totals at the end
	@tools/test

.PHONY: lint
lint: ## formatting and clippy, for the server and for the page; no warning passes
	@tools/setup rust
	@mkdir -p target/site # what the server embeds, still empty perhaps
	@$(env) cargo fmt --all --check
	@$(env) cargo clippy --workspace --all-targets -- -D warnings
	@$(env) cargo clippy -p app --features hydrate --target wasm32-unknown-unknown -- -D warnings

.PHONY: setup
setup: ## install the tools that are missing (done by the commands that need them)
	@tools/setup

.PHONY: setup-dev setup-build build-page
setup-dev:
	@tools/setup rust page control-plane
setup-build:
	@tools/setup rust page
build-page:
	@tools/page

.PHONY: page
page: setup-build build-page ## build the page into target/site

.PHONY: build
build: page ## build the page and, with the page in it, target/release/berth
	@$(env) cargo build --release -p server --bin berth

.PHONY: dev
dev: setup-dev ## rebuild and reload on every change, on your KUBECONFIG or on a control plane of its own
	@$(env) rm -rf target/site target/site.stamp; \
	if [[ $${KUBECONFIG:-} ]]; then cargo leptos watch; else tools/with-control-plane cargo leptos watch; fi

.PHONY: bench
bench: setup build ## measure the release build under load; ONLY=history,wire measures no more than these
	@$(env) cargo build --release -p load-dns -p load-history
	@$(env) BERTH_BIN="$$BERTH_TARGET/release/berth" LOAD_DNS="$$BERTH_TARGET/release/load-dns" LOAD_HISTORY="$$BERTH_TARGET/release/load-history" node tests/load/bench.mjs $(if $(ONLY),--only $(ONLY))
	@$(if $(ONLY),,$(env) cargo bench -p demo --bench load)
	@$(if $(ONLY),,tests/fuzz/run)

.PHONY: clean
clean: ## remove what was built here; installed tools stay in the cache
	@$(env) cargo clean; rm -rf target tests/browser/node_modules
