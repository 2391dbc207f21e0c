# Podoru: `make devnet` runs the main job, `make test` proves it. `make help` lists the rest.

SWIFT      ?= swift
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=
DEVNET     ?=
BENCH      ?=
SEED       ?=

# The C libraries that CSystemShims names, and what a bare machine lacks to find them.
DEBIAN_PACKAGES := libuv1-dev libyaml-dev zlib1g-dev libsecp256k1-dev liblmdb-dev
# The tools that some tests hold what is installed against; without one of them its test is skipped with a word.
DEBIAN_TEST_PACKAGES := caddy curl dpkg-dev fish iproute2 lintian man-db nginx-light openssl prometheus python3 strace systemd ufw util-linux zsh
# What `make image`, `make test-image` and `make test-systemd` need beside them.
DEBIAN_MACHINE_PACKAGES := debootstrap mmdebstrap procps runc systemd-container umoci
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
RELEASE ?= .build/release
# The Swift runtime goes into the binary, so that the machine that runs it needs no Swift.
RELEASE_BUILD := $(SWIFT) build -c release --static-swift-stdlib

# Targets whose tests start nodes and wait for them, run one after the other: all at once they would keep two cores so busy that
# deadlines of the node itself pass.
PROCESS_TESTS := APITests CommandTests DeployTests NodeTests PeerTests
empty :=
space := $(empty) $(empty)

RUNS ?= 10
# Runs the tests that match $(1) so many times, until one fails. Each run prints the seeds that it draws.
define repeat_tests
$(SWIFT) build --build-tests
@for run in $$(seq $(RUNS)); do PODORU_FUZZ_ROUNDS=3000 $(SWIFT) test --skip-build --filter '$(1)' || exit 1; done
endef

# Installs those of the packages $(1) that are missing.
define apt_install
missing=$$(for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q '^install ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  echo "installing:" $$missing; \
	  $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; \
	fi
endef

.PHONY: help deps deps-test deps-machine build devnet test sim fuzz test-python test-api bench lint format clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install the Debian packages that the build needs (asks for sudo only when not root)
	@command -v $(SWIFT) >/dev/null || { echo "swift is not on the PATH: install Swift 6.3 from https://www.swift.org/install" >&2; exit 69; }
	@$(call apt_install,$(DEBIAN_PACKAGES))

deps-test: ## install the Debian packages without which some tests are skipped
	@$(call apt_install,$(DEBIAN_TEST_PACKAGES))

deps-machine: ## install the Debian packages for make image, test-image and test-systemd
	@$(call apt_install,$(DEBIAN_MACHINE_PACKAGES))

build: deps ## build the command in release mode
	$(RELEASE_BUILD) --product podoru

devnet: build ## the main job: five nodes on one chain, on this machine (options: DEVNET="--duration 60s")
	@$(RELEASE)/podoru devnet $(DEVNET)

test: deps ## run all the tests
	$(SWIFT) build --build-tests
	@status=0; \
	$(SWIFT) test --skip-build --skip '^($(subst $(space),|,$(PROCESS_TESTS)))\.' || status=1; \
	for target in $(PROCESS_TESTS); do $(SWIFT) test --skip-build --filter "^$$target\." || status=1; done; \
	exit $$status

sim: deps ## fifty whole nodes in virtual time, again and again with new seeds (RUNS=10)
	$(call repeat_tests,WholeNetworkTests)

fuzz: deps ## the fuzzers, again and again with new seeds and ten times their rounds (RUNS=10)
	$(call repeat_tests,Fuzz|Randomized|NodeTests.DamageTests)

test-python: ## test the peer in Python against itself (the node is tested against it by `make test`)
	python3 Tests/Peer/test_peer.py

test-api: deps ## hold docs/openapi.yaml against a running node, with schemathesis from PyPI (repeat a run: SEED=1)
	$(SWIFT) build --product podoru
	python3 Tests/APIConformance/check_api.py $(if $(SEED),--seed $(SEED))

bench: build ## measure; prints ratios against references of the same run (one part: BENCH="echo import")
	$(RELEASE_BUILD) --product podoru-bench
	@$(RELEASE)/podoru-bench $(BENCH)

lint: ## check the format of every source
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Plugins Sources Tests

format: ## format every source in place
	$(SWIFT) format --in-place --recursive --parallel Package.swift Plugins Sources Tests

clean: ## remove what was built
	rm -rf .build

include deploy/install.mk
