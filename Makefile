# What a person types. `make` alone lists it. Everything is built into target/ (or CARGO_TARGET_DIR).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
# Where cargo is for those who have not opened a new shell since they installed it, and a Node that `make setup` got.
export PATH := $(TARGET)/node/bin:$(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

# Where the quickstart's token and keys are, and with which of cargo's profiles it is built.
FOLDER ?= quickstart
PROFILE ?= release

PREFIX ?= /usr/local
DESTDIR ?=
INSTALLED = $(DESTDIR)$(PREFIX)
# Under /usr, units and their like belong where systemd looks first; under another prefix, in /etc.
SYSTEMD = $(DESTDIR)$(if $(filter /usr,$(PREFIX)),/usr/lib,/etc)

.PHONY: help
help: ## List these targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | while IFS= read -r line; do printf '  make %-17s %s\n' "$${line%%:*}" "$${line#*## }"; done

.PHONY: quickstart
quickstart: ## Install what is missing, build, and show everything on a token for trials in ./quickstart
	@FOLDER=$(FOLDER) PROFILE=$(PROFILE) scripts/quickstart.sh

.PHONY: clean-quickstart
clean-quickstart: ## Remove ./quickstart: its token, keys and log
	@FOLDER=$(FOLDER) scripts/clean-quickstart.sh

.PHONY: build
build: ## Build the release binaries
	cargo build --release --bin kunci --bin kunci-agent

.PHONY: setup
setup: ## Install what is missing for make test
	@scripts/setup.sh

# Which tests: arguments of cargo test.
TESTS ?= --workspace
.PHONY: test
test: setup ## Install what is missing, build, and run all tests
	@scripts/test.sh $(TESTS)

.PHONY: check
check: ## Format, clippy and the tests that need no token: a minute, once it is built
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test --quiet --workspace --exclude tests --lib --bins

# How often.
RUNS ?= 10
.PHONY: test-soak
test-soak: setup ## make test ten times in a row, every second time beside stress-ng, until one fails (RUNS=10)
	@RUNS=$(RUNS) scripts/soak.sh $(TESTS)

.PHONY: test-wide
test-wide: test-soak ## What takes hours: make test again and again, half the time on a busy machine, and the API asked for long
	KUNCI_SCHEMA_SECONDS=1800 cargo test -p tests --test api_document

.PHONY: contract
contract: setup ## Run the contract suite over every kind of token, and print the table; writes target/contract.json
	cargo build --workspace
	$(TARGET)/debug/kunci-contract --json $(TARGET)/contract.json --docs docs/tokens.md

.PHONY: lint
lint: ## Format, clippy and rustdoc, with warnings denied
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p token -p agent -p cli --no-default-features --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

.PHONY: deny
deny: ## Licences, sources and bans of all crates (needs cargo-deny)
	cargo deny --log-level error check bans licenses sources

.PHONY: audit
audit: ## RustSec's advisories about all crates (ADVISORY_DIR=FOLDER: by the database there, without fetching one)
	@scripts/audit.sh $(ADVISORY_DIR)

.PHONY: bench
bench: ## Compare the token driven directly with the agent before it; writes target/bench/load.json
	cargo build --release --workspace --bins
	$(TARGET)/release/kunci-bench

.PHONY: bench-check
bench-check: ## The same and an auditor's waits, and fail if a figure that must be reached is missed
	cargo bench -p cli --bench attest
	cargo bench -p audit --bench answers
	cargo build --release --workspace --bins
	$(TARGET)/release/kunci-bench --check

# How long each fuzz target runs.
SECONDS ?= 60
.PHONY: fuzz
fuzz: ## Fuzz everything that parses bytes from outside, a minute each (SECONDS=60)
	@scripts/fuzz.sh $(SECONDS)

.PHONY: faults
faults: setup ## Every kind of fault 25 times under load, against the release binaries; writes target/faults.json
	cargo build --release --workspace
	$(TARGET)/release/kunci-faults --out $(TARGET)/faults.json

.PHONY: install
install: ## Install what make build built, kunci-tpm-evidence, man pages, completions, systemd units (PREFIX=/usr/local, DESTDIR=)
	@[ -x $(TARGET)/release/kunci-agent ] && [ -x $(TARGET)/release/kunci ] || { echo "Run make build first." >&2; exit 2; }
	install -d $(INSTALLED)/bin $(INSTALLED)/share/man $(INSTALLED)/share/bash-completion/completions \
	    $(INSTALLED)/share/zsh/site-functions $(INSTALLED)/share/fish/vendor_completions.d \
	    $(SYSTEMD)/systemd/system $(SYSTEMD)/sysusers.d
	install -s -m 0755 $(TARGET)/release/kunci $(TARGET)/release/kunci-agent $(INSTALLED)/bin/
	install -m 0755 packaging/tpm/kunci-tpm-evidence $(INSTALLED)/bin/
	$(TARGET)/release/kunci man $(INSTALLED)/share/man
	$(TARGET)/release/kunci completions bash | install -m 0644 /dev/stdin $(INSTALLED)/share/bash-completion/completions/kunci
	$(TARGET)/release/kunci completions zsh | install -m 0644 /dev/stdin $(INSTALLED)/share/zsh/site-functions/_kunci
	$(TARGET)/release/kunci completions fish | install -m 0644 /dev/stdin $(INSTALLED)/share/fish/vendor_completions.d/kunci.fish
	sed 's|/usr/bin/kunci-agent|$(PREFIX)/bin/kunci-agent|' packaging/kunci.service | install -m 0644 /dev/stdin $(SYSTEMD)/systemd/system/kunci.service
	install -m 0644 packaging/kunci.socket packaging/kunci-admin.socket $(SYSTEMD)/systemd/system/
	sed 's|/usr/bin/kunci|$(PREFIX)/bin/kunci|' packaging/kunci-witness.service | install -m 0644 /dev/stdin $(SYSTEMD)/systemd/system/kunci-witness.service
	install -m 0644 packaging/sysusers.d/kunci.conf packaging/sysusers.d/kunci-witness.conf $(SYSTEMD)/sysusers.d/
