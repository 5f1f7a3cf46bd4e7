# `make demo` and `make test` are all that a newcomer needs; `make help` lists the rest.

# What the tool is built as. Debug: the tests build that anyway, and a release build takes longer than everything else together.
CONFIGURATION ?= debug
# More flags for every build, such as -j 2 or --scratch-path.
SWIFT_FLAGS ?=
# Arguments of the demo, such as "--rtt 250ms".
DEMO ?=
# How many tests run at once. All at once, as is the default, they start dozens of servers, and meet their time limits.
TEST_WIDTH ?= 3
# Arguments of the chaos run, such as "--seconds 600 --seed 7 --keep".
CHAOS ?= --seconds 60 --seed 4

SWIFT_BUILD = swift build --configuration $(CONFIGURATION) $(SWIFT_FLAGS)
BIN = $$($(SWIFT_BUILD) --show-bin-path)

# Which seeds to simulate, and for how many seconds at most.
# Two seeds beyond fail still: docs/simulation.md.
SIMULATE ?= --seeds 15000
SIMULATE_BUDGET ?= 900

.PHONY: help demo demo-build test build release lint format docs-check api-docs docs-run readme-check demo-check chaos simulate mutants fuzz model sanitize ci setup setup-tests clean

help: ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: demo-build ## a real primary, a real replica, an ocean between them, and the jobs that cross it
	@"$(BIN)/wherry" demo $(DEMO)

# Only what the demo needs: a newcomer waits for it.
demo-build: setup
	@for product in wherry wherry-demo-worker wherry-demo-app; do $(SWIFT_BUILD) --product $$product || exit; done

test: setup-tests ## all tests; those of real servers start their own
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TEST_WIDTH) swift test $(SWIFT_FLAGS)

build: setup ## the tool, the workers and the examples
	$(SWIFT_BUILD)

release: ## the same, optimised
	$(MAKE) build CONFIGURATION=release

lint: ## formatting and style; changes nothing
	scripts/format --lint

format: ## formats the sources in place
	scripts/format

docs-check: ## links, anchors and names in the documentation
	scripts/check-docs

api-docs: build ## DocC of what users import; fails for a warning or a public symbol without documentation
	scripts/check-api-docs

docs-run: build ## runs the commands in the documentation, and compares what they print
	scripts/run-docs

readme-check: build ## compiles the README's code as a user would
	scripts/check-readme-code

demo-check: demo-build ## the demo once more, judged by its report instead of by eye
	scripts/check-demo "$(BIN)/wherry"

chaos: setup ## real processes and servers under load while a seeded schedule breaks them; CHAOS="--seconds 600 --seed 7"
	@for product in wherry wherry-lab wherry-chaos-worker wherry-chaos-app; do $(SWIFT_BUILD) --product $$product || exit; done
	@"$(BIN)/wherry-lab" chaos --require-acknowledged 1000 --require-faults 20 --require-kinds 6 $(CHAOS)

simulate: setup ## the whole system in simulated time, over many seeds; SIMULATE="--seeds 100000 --seed 20001"
	$(SWIFT_BUILD) --product wherry-lab
	@timeout $(SIMULATE_BUDGET) "$(BIN)/wherry-lab" simulate $(SIMULATE)

mutants: setup ## plants known faults in a copy of the sources: the simulation has to find each
	@scripts/check-mutants

# Each builds in a folder of its own, and leaves .build alone.
fuzz: ## fuzzes the decoder of the wire and other parsers for FUZZ_SECONDS (30)
	scripts/fuzz

model: ## checks the models of the protocol, and that their mutants fail
	@scripts/setup --tests
	docs/model/run.sh

sanitize: setup ## tests that need no server under ThreadSanitizer, then under AddressSanitizer
	scripts/sanitize

ci: lint docs-check test api-docs docs-run demo-check readme-check simulate mutants chaos model fuzz ## what has to pass before anything lands

setup: ## installs what is missing on this machine
	@scripts/setup

# Chromium too: a test visits a web app with it.
setup-tests:
	@scripts/setup --tests

clean: ## forgets what was built
	swift package clean
