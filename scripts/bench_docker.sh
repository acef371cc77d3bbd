#!/usr/bin/env bash
# What watching containers costs the machine, engine and agent together, over an engine that nobody watches: by the containers'
# own files, by the engine's statistics, and with logs; last a statistics stream of each container, as `docker stats` has.
# The ways take turns, so that what else the machine does is shared by all.
#
#   scripts/bench_docker.sh        as root, after `make release`; `make bench` does all
#
# CONTAINERS (60), LOGS (20), ROUNDS (3) and SECONDS_EACH (15) may be set. The engine is its own, in namespaces of its own; the
# agent listens on 127.0.0.1 alone. It takes five minutes and ends everything that it started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/bench_lib.sh
source scripts/bench_lib.sh

containers=${CONTAINERS:-60}
logs=${LOGS:-20}
rounds=${ROUNDS:-3}
window=${SECONDS_EACH:-15}
socket=$folder/docker.sock
holder=

clean_up() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    # Everything of the engine ends with the first process of its namespace.
    [ -z "$holder" ] || { kill -9 "$holder" && wait "$holder"; } 2>/dev/null || true
    find /sys/fs/cgroup -depth -type d -path '*/manometer-bench*' -exec rmdir {} + 2>/dev/null || true
    for _ in 1 2 3 4 5; do rm -rf "$folder" 2>/dev/null && break || sleep 1; done
}
[ "$(id -u)" -eq 0 ] || fail "only root can start an engine"

engine() { DOCKER_HOST=unix://$socket DOCKER_CONFIG=$folder docker "$@"; }
# The one child of a process; none is an error.
child_of() { grep -o '[0-9]*' "/proc/$1/task/$1/children"; }

start_engine() {
    unshare --net --mount --pid --fork --kill-child --mount-proc \
        sh -c 'busybox ip link set lo up; sleep 1000000 & wait' &
    holder=$!
    local first
    until_true 5 child_of "$holder"
    first=$(child_of "$holder")
    echo '{}' >"$folder/daemon.json"
    start dockerd nsenter --target "$first" --net --mount --pid dockerd --data-root "$folder/data" \
        --exec-root "$folder/exec" --pidfile "$folder/pid" --config-file "$folder/daemon.json" --host "unix://$socket" \
        --bridge none --iptables=false --cgroup-parent /manometer-bench
    nsenter_pid=$started
    until_true 30 engine version
}

make_containers() {
    mkdir -p "$folder/root/bin"
    cp "$(command -v busybox)" "$folder/root/bin/busybox"
    ln -s busybox "$folder/root/bin/sh"
    tar -C "$folder/root" -c . | engine import - idle >/dev/null
    local number script
    for number in $(seq 1 "$containers"); do
        # A line a second of the first ones, one in ten of them an error.
        script='busybox sleep 100000'
        [ "$number" -gt "$logs" ] || script='i=0; while :; do i=$((i+1)); echo "line $i of the service, all is well"
            [ $((i % 10)) -ne 0 ] || echo "Redis publish failed: timed out"; busybox sleep 1; done'
        engine run --detach --network none --name "$(printf 'c%03d' "$number")" idle /bin/sh -c "$script" >/dev/null
    done
}

# The processes of the engine: dockerd, containerd and the shims, not what runs in the containers.
engine_pids() {
    local dockerd
    dockerd=$(child_of "$nsenter_pid")
    echo "$dockerd"
    pgrep -P "$dockerd" || true
    pgrep -f "containerd-shim.*$folder/exec" || true
}

# cpu_ms PID...: user and system time of the processes, in milliseconds.
cpu_ms() {
    local pid
    for pid in "$@"; do
        sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null || true
    done | awk -v hertz="$(getconf CLK_TCK)" '{ sum += $12 + $13 } END { print sum * 1000 / hertz }'
}

# measure WAY [PID]: lets the window pass; writes the CPU of the engine, and of the process, in percent of a core.
measure() {
    local pids_now before after mine=0 mine_after=0
    pids_now=$(engine_pids)
    # shellcheck disable=SC2086
    before=$(cpu_ms $pids_now)
    [ -z "${2:-}" ] || mine=$(cpu_ms "$2")
    sleep "$window"
    # shellcheck disable=SC2086
    after=$(cpu_ms $pids_now)
    [ -z "${2:-}" ] || mine_after=$(cpu_ms "$2")
    awk -v way="$1" -v round="$round" -v engine="$((after - before))" -v own="$((mine_after - mine))" -v s="$window" \
        'BEGIN { printf "%s %d %.3f %.3f\n", way, round, engine / s / 10, own / s / 10 }' >>"$folder/measured"
}

sampled_all() { [ "$(scrape "$port" | grep -c '^container_memory_usage_bytes{')" -eq "$containers" ]; }

# watch WAY LINE...: the agent with an interval of 15 s and those lines in its table, measured.
watch() {
    local way=$1
    shift
    port=$(free_port)
    {
        printf '[web]\nlisten_address = "127.0.0.1:%s"\n' "$port"
        printf '[[docker]]\nname = "engine"\nurl = "unix://%s"\ninterval = "15s"\n' "$socket"
        printf '%s\n' "$@"
    } >"$folder/config.toml"
    start agent "$agent" run --config "$folder/config.toml"
    until_true 60 sampled_all
    measure "$way" "$started"
    awk -v way="$way" '/^Vm(RSS|HWM):/ { printf "%s %s %.1f\n", way, $1, $2 / 1024 }' "/proc/$started/status" >>"$folder/held"
    stop "$started"
}

# of WAY: cost over the unwatched engine of its round: median, least and most, and the agent's part.
of() {
    awk -v way="$1" '
        $1 == "nobody" { idle[$2] = $3 }
        $1 == way { cost[++n] = $3 + $4 - idle[$2]; own[n] = $4 }
        function sort(list, i, j, t) {
            for (i = 2; i <= n; i++) for (j = i; j > 1 && list[j - 1] > list[j]; j--) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
        }
        END {
            if (!n) exit 1
            sort(cost); sort(own)
            m = int((n + 1) / 2)
            printf "%10.2f %% %8.2f to %.2f %% %10.2f %%\n", cost[m], cost[1], cost[n], own[m]
        }' "$folder/measured"
}

start_engine
make_containers
for round in $(seq 1 "$rounds"); do
    measure nobody
    watch files
    watch stats 'cgroup_root = ""'
    watch logs '[docker.logs]' 'containers = ["c00*", "c01*", "c020"]'
done
round=$((rounds + 1))
measure nobody
for number in $(seq 1 "$containers"); do
    start stream curl -s --max-time $((window + 60)) --unix-socket "$socket" -o /dev/null \
        "http://docker/containers/$(printf 'c%03d' "$number")/stats?stream=1"
done
sleep 3
measure streams

echo "$containers containers, $logs of them log a line a second; every 15 s; $rounds rounds of $window s; percent of one core over"
echo "an engine that nobody watches ($(awk '$1 == "nobody" { print $3 }' "$folder/measured" | sort -n | tr '\n' ' '))"
printf '%-44s %12s  %18s  %12s\n' '' 'median' 'least to most' 'agent alone'
printf '%-44s' "by the containers' files"; of files
printf '%-44s' "by the engine's statistics"; of stats
printf '%-44s' "by the containers' files, and $logs logs"; of logs
printf '%-44s' 'a statistics stream of each, no agent'; of streams
awk '{ if ($3 > most[$1 " " $2]) most[$1 " " $2] = $3 } END { for (what in most) print "the agent held at most, MiB:", what, most[what] }' \
    "$folder/held" | sort
