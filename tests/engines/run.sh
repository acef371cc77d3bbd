#!/bin/sh
# Tries the agent on engines and control groups that this machine does not have: `make test-engines`.
#
#   tests/engines/run.sh [peers] [docker-26] [docker-28] [podman-5] [podman]      (default: all)
#
# The peers are today's Prometheus, Alertmanager and vmalert. The next three run in a virtual machine of Debian with cgroup v2,
# the last one on this machine. What cannot be had here is skipped, loudly; where CI is set that is a failure. README.md says
# what is done, and what it costs.
set -eu
cd "$(dirname -- "$0")/../.."
export PATH="$PATH:/usr/sbin:/sbin"
target=${CARGO_TARGET_DIR:-target}
folder=$target/engines

docker_tests='engines:: --skip podman'

say() { printf 'engines: %s\n' "$*"; }
skip() {
    say "SKIPPED, $*"
    [ -z "${CI:-}" ] || exit 1
}

# What is missing for a system of Debian in a virtual machine; nothing if it can be made.
missing() {
    for program in qemu-system-x86_64 debootstrap mke2fs; do
        command -v "$program" >/dev/null || echo "no $program"
    done
    [ "$(id -u)" -eq 0 ] || echo 'not root'
    [ "$(uname -m)" = x86_64 ] || echo 'no x86_64'
}

machines='' here='' peers=''
for engine in "${@:-peers docker-26 docker-28 podman-5 podman}"; do
    for one in $engine; do
        case $one in
        docker-26 | docker-28 | podman-5) machines="$machines $one" ;;
        podman) here=$one ;;
        peers) peers=$one ;;
        *) say "unknown engine $one" && exit 2 ;;
        esac
    done
done

checks=$(mktemp -d)
trap 'rm -rf "$checks"' EXIT
trap 'exit 130' INT TERM HUP

# The agent and the tests: as they were built, without what debuggers read.
agent=$(CDPATH='' cd -- "$target" 2>/dev/null && pwd || echo "$PWD/$target")/debug/manometer
scripts/cargo.sh build --locked --quiet --bin manometer
# binary TEST: builds it.
binary() {
    scripts/cargo.sh test --locked --quiet --test "$1" --no-run --message-format json |
        sed -n "s/.*\"name\":\"$1\".*\"executable\":\"\([^\"]*\)\".*/\1/p" | tail -n 1
}
built=$(binary it)
strip -o "$checks/agent" "$agent"
strip -o "$checks/tests" "$built"

failed=0
if [ -n "$peers" ]; then
    if ! scripts/go_peers.sh >/dev/null; then
        skip "today's Prometheus, Alertmanager and vmalert"
    else
        tests/engines/peers.sh "$built" "$(binary drills)" || failed=1
    fi
fi
if [ -n "$machines" ]; then
    lacks=$(missing | tr '\n' ',' | sed 's/,$//; s/,/, /g')
    if [ -n "$lacks" ]; then
        skip "engines in a virtual machine:$machines ($lacks)"
    elif ! tests/engines/image.sh "$folder" >"$target/engines.log" 2>&1; then
        tail -n 5 "$target/engines.log"
        skip "the virtual machine could not be made; is there a network? $target/engines.log says more"
    else
        cp tests/engines/guest.sh "$checks/run.sh"
        cp tests/engines/moved.sh "$checks"
        printf "%s='%s'\n" AGENT "$agent" ENGINES "$machines" DOCKER_TESTS "$docker_tests" PODMAN_TESTS engines::podman \
            >"$checks/settings"
        tests/engines/machine.sh "$folder" "$checks" || failed=1
    fi
fi
if [ -n "$here" ]; then
    if ! command -v podman >/dev/null || [ "$(id -u)" -ne 0 ]; then
        skip 'Podman on this machine: it is not installed, or this is not root'
    else
        say "$(podman --version), here"
        "$built" --color never --include-ignored engines::podman || failed=1
    fi
fi
[ "$failed" -eq 0 ] || say 'FAILED'
exit "$failed"
