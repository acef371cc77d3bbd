#!/bin/sh
# Makes the Node packages of the tests in the target directory: a library of queues and its client.
#
#   scripts/npm.sh
#
# It prints the packages' folder. Versions are those of scripts/npm.txt; while they stay the same, nothing is done. No package's
# own install script is run. tests/it/support/npm.rs knows the paths. Nothing outside of the target directory is changed.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
wanted=$root/scripts/npm.txt
folder=${CARGO_TARGET_DIR:-$root/target}/npm
marker=$folder/npm.txt

fail() {
    printf 'npm: %s\n' "$*" >&2
    exit 1
}

if cmp -s "$wanted" "$marker"; then
    printf '%s\n' "$folder"
    exit 0
fi

{ command -v node && command -v npm; } >/dev/null || fail "node and npm are not installed"
printf 'npm: installing what the tests take from npm into %s\n' "$folder" >&2
rm -rf "$folder"
mkdir -p "$folder"
# Names and versions hold nothing that a shell would split or expand.
# shellcheck disable=SC2046
npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel error --fetch-retries 2 \
    --fetch-timeout 20000 $(grep '^[a-z]' "$wanted") >&2 || fail "npm install failed; is there a network, and Node 18 or newer?"
cp "$wanted" "$marker"
printf '%s\n' "$folder"
