#!/bin/sh
# The first process of the test machine: makes it a machine, runs what the second disk brings, and turns it off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -o remount,rw /
mkdir -p /checks
mount -o ro /dev/vdb /checks
/checks/run.sh
echo "ENGINES: exit $?"
sync
echo o >/proc/sysrq-trigger
sleep 60
