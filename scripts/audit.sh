#!/bin/sh
# Holds deny.toml: licences, where crates come from, duplicate versions, and the advisories of RUSTSEC. cargo-deny is installed
# into the target directory the first time, which takes some minutes.
#
# Advisories need their database (https://github.com/rustsec/advisory-db). Where it cannot be fetched, the copy that was fetched
# last is used; without one they are left out, and that is said.
set -eu
cd "$(dirname -- "$0")/.."

version=0.20.2
tools=${CARGO_TARGET_DIR:-$PWD/target}/tools
program=$tools/bin/cargo-deny
if [ "$("$program" --version 2>/dev/null)" != "cargo-deny $version" ]; then
    echo "audit: installing cargo-deny $version into $tools" >&2
    # The result is asked a few times a year: it need not be fast.
    CARGO_TARGET_DIR=$tools/build scripts/cargo.sh install --quiet --locked --debug --root "$tools" "cargo-deny@$version" >&2
    rm -rf "$tools/build"
fi
cargo=$(command -v cargo || echo "${CARGO_HOME:-$HOME/.cargo}/bin/cargo")
PATH=$(dirname "$cargo"):$PATH
export PATH

status=0
"$program" check licenses bans sources || status=1
offline=
timeout 60 "$program" fetch db 2>/dev/null || offline=--offline
report=$("$program" $offline check advisories 2>&1) || true
case $report in
*'advisories ok'*)
    echo "$report"
    [ -z "$offline" ] || echo 'audit: the database of advisories could not be fetched: the copy that was fetched last was asked' >&2
    ;;
*'advisories FAILED'*)
    echo "$report" >&2
    status=1
    ;;
*) echo 'audit: NO ADVISORY WAS LOOKED UP: the database of RUSTSEC cannot be fetched, and there is no copy of it' >&2 ;;
esac
exit "$status"
