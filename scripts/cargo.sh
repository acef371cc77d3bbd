#!/bin/sh
# Runs cargo with the arguments given: the first one that is new enough for rust-version in Cargo.toml, of
# the one in PATH, the one in rustup's home (which a shell opened before its installation does not see), and
# rustup's toolchain of that version beside an older default. Exits 3 when there is none.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
needed=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' "$root/Cargo.toml")
rustup_bin=${CARGO_HOME:-$HOME/.cargo}/bin

# new_enough COMMAND...: its --version prints a version not older than the needed one.
new_enough() {
    # A probe never downloads a toolchain: scripts/deps.sh does, after saying so.
    version=$(RUSTUP_AUTO_INSTALL=0 "$@" --version 2>/dev/null | sed -n 's/^cargo \([0-9.]*\).*/\1/p')
    [ -n "$version" ] && [ "$(printf '%s\n%s\n' "$needed" "$version" | sort -V | head -n 1)" = "$needed" ]
}

cd "$root"
if new_enough cargo; then
    exec cargo "$@"
fi
PATH=$rustup_bin:$PATH
export PATH
if new_enough cargo; then
    exec cargo "$@"
fi
if new_enough cargo "+$needed"; then
    exec cargo "+$needed" "$@"
fi
echo "cargo $needed or newer is not here; scripts/deps.sh installs it" >&2
exit 3
