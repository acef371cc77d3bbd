#!/bin/sh
# Makes the disk of the test machine, unless it is there: Debian trixie with its kernel, Docker and Podman, and in /sid the
# Docker of Debian's unstable branch.
#
#   tests/engines/image.sh FOLDER
#
# Leaves disk.img, vmlinuz and initrd.img in FOLDER. Needs root, debootstrap, mke2fs and the Debian archive.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=$1
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
# What the tests call, beside the engines.
tools='busybox-static e2fsprogs iptables jq kmod python3-minimal tar util-linux'

# One made by another script is made again.
mark=$(cksum <"$0")
[ "$(cat "$folder/made-by" 2>/dev/null || true)" != "$mark" ] || exit 0

root=$folder/root
clean_up() {
    status=$?
    umount "$root/sid/proc" "$root/proc" 2>/dev/null || true
    rm -rf "$root"
    exit "$status"
}

# system SUITE ROOT PACKAGE...: a small Debian with those packages and nothing that starts by itself.
system() {
    suite=$1 into=$2
    shift 2
    debootstrap --variant=minbase "$suite" "$into" "$mirror"
    printf '#!/bin/sh\nexit 101\n' >"$into/usr/sbin/policy-rc.d"
    chmod 755 "$into/usr/sbin/policy-rc.d"
    mount -t proc proc "$into/proc"
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive chroot "$into" apt-get -q -o Dpkg::Options::=--force-unsafe-io \
        install -y --no-install-recommends $tools "$@"
    umount "$into/proc"
    rm -rf "$into/var/cache/apt" "$into/var/lib/apt/lists" "$into/usr/share/doc" "$into/usr/share/man" \
        "$into/usr/share/locale"
}

rm -rf "$folder"
mkdir -p "$folder"
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
system trixie "$root" linux-image-cloud-amd64 initramfs-tools docker.io docker-cli podman crun netavark aardvark-dns conmon
system sid "$root/sid" docker.io docker-cli
cp "$root"/boot/vmlinuz-* "$folder/vmlinuz"
cp "$root"/boot/initrd.img-* "$folder/initrd.img"
rm -rf "$root"/boot/*
install -m 755 "$here/init.sh" "$root/test-init"
mke2fs -q -t ext4 -O ^has_journal -d "$root" "$folder/disk.img" 4G
printf '%s\n' "$mark" >"$folder/made-by"
