#!/bin/sh
# What the test machine runs: tests of containers, with each engine that it has.
#
# Beside it lie the agent and the tests; `settings` says where they were built (the tests look for the agent there), which
# engines are wanted, and which tests.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck disable=SC1091
. "$here/settings"

busybox ip link set lo up
for module in overlay bridge br_netfilter veth ip_tables nf_tables; do modprobe -q "$module" || true; done
# Containers may swap.
fallocate -l 256M /swap
chmod 600 /swap
mkswap /swap >/dev/null
swapon /swap
echo "engines: kernel $(uname -r), cgroup v2 ($(cat /sys/fs/cgroup/cgroup.controllers))"

failed=0
# What a test waits for takes longer in an emulated machine, the more so beside other work.
export TESTS_PATIENCE=5
# run WHAT ROOT FILTER...: the tests of those names, in a system of its own. The root is moved and not only changed: the
# engines of the tests enter namespaces, which would lead out of a chroot.
run() {
    echo "engines: $1"
    root=$2
    shift 2
    mkdir -p "$root$(dirname "$AGENT")"
    cp "$here/agent" "$root$AGENT"
    cp "$here/tests" "$root/tests"
    CI=true RUST_TEST_THREADS=1 RUST_BACKTRACE=0 "$here/moved.sh" "$root" /tests --color never --include-ignored "$@" ||
        failed=1
}

for engine in $ENGINES; do
    # Some of these are lists of names.
    # shellcheck disable=SC2086
    case $engine in
    docker-26) run "$(dockerd --version)" / $DOCKER_TESTS ;;
    docker-28) run "$(chroot /sid dockerd --version)" /sid $DOCKER_TESTS ;;
    podman-5)
        # Podman asks it for the versions of all of its parts at each /version, which takes an emulated machine too long.
        mv /usr/bin/dpkg /usr/bin/dpkg-not-now
        run "$(podman --version)" / $PODMAN_TESTS
        ;;
    esac
done
exit "$failed"
