#!/bin/sh
# Runs cargo so that clippy's lints are those of the compiler: lints cost no compilation beside the one that is needed anyway.
#
#   scripts/lint.sh check --all-targets        or test, and whatever else compiles
#
# A warning fails under the Rust version of Cargo.toml; under a newer one, whose lints this code has not met yet, it is only shown.
set -eu
cd "$(dirname -- "$0")/.."

minor=$(sed -n 's/^rust-version *= *"1\.\([0-9]*\)".*/\1/p' Cargo.toml)
case $(scripts/cargo.sh clippy --version) in
"clippy 0.1.$minor "*) LINT_WARNINGS=deny ;;
*) LINT_WARNINGS=warn ;;
esac
export LINT_WARNINGS RUSTC_WORKSPACE_WRAPPER="$PWD/scripts/linted.sh"
exec scripts/cargo.sh "$@" --locked --workspace --quiet
