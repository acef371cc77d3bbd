#!/bin/sh
# Boots the test machine once, with a folder as its second disk, and waits until it has turned itself off.
#
#   tests/engines/machine.sh FOLDER CHECKS
#
# FOLDER is what image.sh made; it is not changed. CHECKS/run.sh is run in the machine, by root; what it prints comes out
# here, and its exit code is this one's. The machine has no network card, and its processor is emulated: the kernel of the
# machine that this runs on does not matter.
set -eu
folder=$1 checks=$2
limit=${ENGINES_TIME_LIMIT:-2400}

state=$(mktemp -d)
qemu=
clean_up() {
    status=$?
    [ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true
    rm -rf "$state"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

size=$(du -sm "$checks" | cut -f1)
mke2fs -q -t ext4 -O ^has_journal -d "$checks" "$state/checks.img" "$((size + size / 8 + 16))M"
mkfifo "$state/console"
timeout "$limit" qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 -nodefaults -no-user-config -display none \
    -no-reboot -kernel "$folder/vmlinuz" -initrd "$folder/initrd.img" -serial stdio -nic none \
    -append 'root=/dev/vda rw init=/test-init console=ttyS0 quiet loglevel=1 panic=-1 no_timer_check mitigations=off' \
    -drive "file=$folder/disk.img,format=raw,if=virtio,snapshot=on" \
    -drive "file=$state/checks.img,format=raw,if=virtio,readonly=on" \
    -object rng-random,id=rng,filename=/dev/urandom -device virtio-rng-pci,rng=rng </dev/null >"$state/console" &
qemu=$!
sed -u 's/\r$//' <"$state/console" | tee "$state/said"
ended=0
wait "$qemu" || ended=$?
qemu=
[ "$ended" -ne 124 ] || echo "engines: the machine did not end within $limit s"
code=$(sed -n 's/^ENGINES: exit \([0-9]*\)$/\1/p' "$state/said" | tail -n 1)
exit "${code:-70}"
