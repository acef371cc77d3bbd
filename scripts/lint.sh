#!/bin/sh
# The format and clippy's lints. A warning fails under the Rust version of Cargo.toml; under a newer one, whose lints
# this code has not met yet, it is only shown.
set -eu
cd "$(dirname -- "$0")/.."

scripts/cargo.sh fmt --all --check
minor=$(sed -n 's/^rust-version *= *"1\.\([0-9]*\).*/\1/p' Cargo.toml)
case $(scripts/cargo.sh clippy --version) in
"clippy 0.1.$minor "*) warnings=deny ;;
*) warnings=warn ;;
esac
scripts/cargo.sh clippy --locked --workspace --all-targets --quiet -- "--$warnings" warnings
