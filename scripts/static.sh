#!/bin/sh
# Builds the agent as one static file, as the container image has it, and prints where it is.
#
#   scripts/static.sh [arguments of cargo build, like --release]
set -eu
cd "$(dirname -- "$0")/.."

target=$(uname -m)-unknown-linux-musl
profile=debug
for argument in "$@"; do
    [ "$argument" != --release ] || profile=release
done
# Nobody debugs this one.
export CARGO_PROFILE_DEV_DEBUG=0
scripts/cargo.sh build --locked --quiet --bin manometer --target "$target" "$@" >&2
printf '%s/%s/%s/manometer\n' "${CARGO_TARGET_DIR:-target}" "$target" "$profile"
