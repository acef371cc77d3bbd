# `make run` and `make test` are all that a fresh machine needs: both first see to what they need (scripts/deps.sh).
CARGO := scripts/cargo.sh
# With every feature, so that all that may be documented is.
DOC := RUSTDOCFLAGS='--deny warnings' $(CARGO) doc --locked --quiet --workspace --no-deps --lib --all-features

.DEFAULT_GOAL := help
.PHONY: help run test fuzz audit mutations drills chaos test-image test-engines render build release bench bench-rate microbench fmt lint docs clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: ## Start the playground: Redis, live traffic and the agent; Ctrl-C ends it all
	@scripts/deps.sh run
	@# Built together they share what they depend on.
	@$(CARGO) build --locked --profile playground --package manometer --package manometer-examples --bin manometer --bin playground --bin ticker
	@exec "$${CARGO_TARGET_DIR:-target}/playground/playground" $(ARGS)

test: ## Format, lints, all tests and the documentation's examples
	@scripts/deps.sh lint
	@# What the tests are to talk to is fetched while they are built.
	@scripts/deps.sh test & deps=$$!; \
	    $(CARGO) fmt --all --check && scripts/lint.sh test --all-targets --no-run || { wait $$deps; exit 1; }; \
	    wait $$deps
	@# Tests wait for servers far more than they compute: there are more at a time than cores, and the documentation is checked
	@# meanwhile. It waits until the tests have begun, for cargo builds one thing at a time.
	@(sleep 5 && RUSTDOC=$(CURDIR)/scripts/documented.sh nice scripts/lint.sh test --doc) & docs=$$!; \
	    RUST_TEST_THREADS=$${RUST_TEST_THREADS:-8} scripts/lint.sh test --all-targets || { kill $$docs; exit 1; }; \
	    wait $$docs

fuzz: ## Feed each parser hostile input for a minute; TIME=600 for longer, TARGETS="info kafka" for some
	@scripts/deps.sh fuzz
	@scripts/fuzz.sh $(TARGETS)

audit: ## Licences, sources, duplicates and known holes of all dependencies (deny.toml)
	@scripts/deps.sh build
	@scripts/audit.sh

drills: ## Break everything that may break and see who is paged, ten times as fast; SCALE=1 for real, ROWS="flapping pool" for some
	@scripts/deps.sh test
	@$(CARGO) test --locked --quiet --test drills -- --whole $(ROWS)

chaos: ## Faults by chance for an hour, and what must hold all the while (docs/RELIABILITY.md); TIME=600 for less, SEED=7 for the same again
	@scripts/deps.sh test
	@# As it is shown to people: the tests' own is not optimised.
	@$(CARGO) build --locked --quiet --profile playground --bin manometer
	@AGENT=$$(realpath "$${CARGO_TARGET_DIR:-target}/playground/manometer") $(CARGO) test --locked --quiet --test drills -- --chaos

mutations: ## Every number of the rules wrong, one at a time: a test must notice each
	@scripts/deps.sh test
	@ALL_MUTATIONS=1 $(CARGO) test --locked --quiet --test it -- no_number_can_be_wrong

test-image: ## The container image with the static agent that it is shipped with: a build of its own, two minutes
	@scripts/deps.sh image
	@STATIC_AGENT=$$(realpath "$$(scripts/static.sh)") $(CARGO) test --locked --quiet --test it -- image:: --include-ignored

test-engines: ## Docker 26 and 28 and Podman 5 on cgroup v2, in a virtual machine; Podman here; today's Prometheus and vmalert
	@scripts/deps.sh engines
	@tests/engines/run.sh

render: ## Write rules, tests, dashboards and documentation from alerts/policy.toml
	@scripts/deps.sh build
	@$(CARGO) run --locked --quiet --bin manometer -- render --config config.toml

build: ## The agent, unoptimised
	@scripts/deps.sh build
	@$(CARGO) build --locked

release: ## The agent, as it is shipped
	@scripts/deps.sh build
	@$(CARGO) build --locked --release --bin manometer

bench: ## Measure speed and memory against redis_exporter and nginx, and write docs/PERFORMANCE.md's tables
	@scripts/deps.sh bench
	@$(CARGO) build --locked --release --package manometer --package manometer-benches --bin manometer --bin micro --bin hold_clients
	@python3 scripts/bench
	@scripts/bench_logs.sh
	@if [ "$$(id -u)" -eq 0 ]; then scripts/bench_docker.sh; else echo 'make: the containers need root: scripts/bench_docker.sh'; fi

bench-rate: ## How smooth a constant load looks, in twelve minutes, against redis_exporter
	@scripts/deps.sh bench
	@$(CARGO) build --locked --release --bin manometer
	@scripts/bench_rate.sh

microbench: ## The criterion benchmarks
	@scripts/deps.sh build
	@$(CARGO) run --locked --release --package manometer-benches --bin micro -- --bench

fmt: ## Format the code
	@$(CARGO) fmt --all

lint: ## Check format and lints
	@scripts/deps.sh lint
	@$(CARGO) fmt --all --check
	@scripts/lint.sh check --all-targets

docs: ## The documentation of the crate; a broken link fails
	@scripts/deps.sh build
	@$(DOC)

clean: ## Remove what was built
	@$(CARGO) clean
