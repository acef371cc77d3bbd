#!/bin/sh
# Runs a command with ROOT as the root of a mount namespace of its own.
#
#   tests/engines/moved.sh ROOT COMMAND...
set -eu
root=$1
shift
[ "$root" != / ] || exec "$@"
# shellcheck disable=SC2016
exec unshare --mount --propagation private sh -c '
    root=$1
    shift
    mount --bind "$root" "$root"
    for folder in proc sys dev; do mount --rbind "/$folder" "$root/$folder"; done
    mount -t tmpfs tmpfs "$root/run"
    mkdir -p "$root/mnt"
    cd "$root"
    pivot_root . mnt
    cd /
    umount -l /mnt
    exec "$@"
' sh "$root" "$@"
