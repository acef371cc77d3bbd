#!/bin/sh
# rustdoc for `cargo test --doc`: what it says of a crate's documentation fails, too, and not only an example that does. `cargo
# doc` would say it after compiling all that the crates depend on once more.
#
#   RUSTDOC=scripts/documented.sh cargo test --doc
set -eu

# check ARGUMENT...: makes the pages, from the arguments that run the examples.
check() {
    is_test=
    for argument in "$@"; do
        shift
        case $argument in
        --test) is_test=yes ;;
        --test-*=*) ;;
        --test-*) skip=yes ;;
        *) [ -n "${skip:-}" ] || set -- "$@" "$argument"; skip= ;;
        esac
    done
    [ -n "$is_test" ] || return 0
    pages=$(mktemp -d)
    rustdoc "$@" --deny warnings --out-dir "$pages" && status=0 || status=$?
    rm -rf "$pages"
    return $status
}

check "$@"
exec rustdoc "$@"
