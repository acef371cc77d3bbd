#!/usr/bin/env bash
# What watching a hundred containers costs, engine and agent, against a hundred open statistics streams: in one run, so
# that the ratio holds on any machine.
#
#   scripts/bench_docker.sh        as root, after `make release`; `make bench` does all
#
# CONTAINERS (100), LOGS (20) and SECONDS_EACH (45) may be set. The engine is its own, in namespaces of its own; the
# agent listens on 127.0.0.1 alone. It takes about four minutes and ends everything that it started.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

containers=${CONTAINERS:-100}
logs=${LOGS:-20}
window=${SECONDS_EACH:-45}
agent=${AGENT:-${CARGO_TARGET_DIR:-target}/release/manometer}
folder=$(mktemp -d)
socket=$folder/docker.sock
holder=
pids=()

clean_up() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    # Everything of the engine ends with the first process of its namespace.
    [ -z "$holder" ] || { kill -9 "$holder" && wait "$holder"; } 2>/dev/null || true
    find /sys/fs/cgroup -depth -type d -path '*/manometer-bench*' -exec rmdir {} + 2>/dev/null || true
    for _ in 1 2 3 4 5; do rm -rf "$folder" 2>/dev/null && break || sleep 1; done
}
trap clean_up EXIT

fail() {
    echo "bench: $*" >&2
    tail -n 5 "$folder"/*.log >&2 || true
    exit 1
}
[ "$(id -u)" -eq 0 ] || fail "only root can start an engine"

engine() { DOCKER_HOST=unix://$socket DOCKER_CONFIG=$folder docker "$@"; }
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || fail "timed out waiting for: $*"
        sleep 0.1
    done
}

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
    nsenter --target "$first" --net --mount --pid dockerd --data-root "$folder/data" --exec-root "$folder/exec" \
        --pidfile "$folder/pid" --config-file "$folder/daemon.json" --host "unix://$socket" --bridge none \
        --iptables=false --cgroup-parent /manometer-bench >"$folder/dockerd.log" 2>&1 &
    pids+=("$!")
    nsenter_pid=$!
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

# percent_of_core MS SECONDS
percent_of_core() { awk -v ms="$1" -v s="$2" 'BEGIN { printf "%.2f", ms / s / 10 }'; }

# measure NAME [PID]: lets the window pass; CPU of the engine, and of the process, in percent of a core.
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
    engine_cpu=$(percent_of_core "$(awk -v a="$after" -v b="$before" 'BEGIN { print a - b }')" "$window")
    own_cpu=$(percent_of_core "$(awk -v a="$mine_after" -v b="$mine" 'BEGIN { print a - b }')" "$window")
    printf '%-44s %10s %%  %10s %%\n' "$1" "$engine_cpu" "$own_cpu"
}

scrape() { curl -sf --max-time 10 "http://127.0.0.1:$port/metrics"; }
metric() { scrape | awk -v name="$1" 'index($0, name) == 1 { print $NF; exit }'; }
sampled_all() {
    [ "$(scrape | grep -c '^container_memory_usage_bytes{')" -eq "$containers" ]
}

# start_agent LOGS?: the agent with an interval of 15 s, its process id in $agent_pid.
start_agent() {
    port=$((20000 + RANDOM % 12000))
    {
        printf '[web]\nlisten_address = "127.0.0.1:%s"\n' "$port"
        printf '[[docker]]\nname = "engine"\nurl = "unix://%s"\ninterval = "15s"\n' "$socket"
        [ "$1" = no ] || printf '[docker.logs]\ncontainers = ["c00*", "c01*", "c020"]\n'
    } >"$folder/config.toml"
    "$agent" run --config "$folder/config.toml" >"$folder/agent.log" 2>&1 &
    agent_pid=$!
    pids+=("$agent_pid")
    until_true 60 sampled_all
}
stop_agent() {
    kill "$agent_pid"
    wait "$agent_pid" || true
}

start_engine
make_containers
echo "$containers containers, $logs of them log a line a second; $window s each; CPU in percent of one core"
printf '%-44s %12s  %12s\n' '' engine agent
measure 'nobody watches'
idle_cpu=$engine_cpu

start_agent no
measure 'agent, every 15 s' "$agent_pid"
sweep_cpu=$engine_cpu
sweep_seconds=$(metric manometer_docker_sweep_duration_seconds)
resident=$(awk '/^VmRSS:/ { printf "%.1f", $2 / 1024 }' "/proc/$agent_pid/status")
stop_agent

start_agent yes
measure "agent, every 15 s, following $logs logs" "$agent_pid"
resident_logs=$(awk '/^VmRSS:/ { printf "%.1f", $2 / 1024 }' "/proc/$agent_pid/status")
peak=$(awk '/^VmHWM:/ { printf "%.1f", $2 / 1024 }' "/proc/$agent_pid/status")
stop_agent

streams=()
for number in $(seq 1 "$containers"); do
    curl -s --max-time $((window + 60)) --unix-socket "$socket" -o /dev/null \
        "http://docker/containers/$(printf 'c%03d' "$number")/stats?stream=1" &
    streams+=("$!")
done
pids+=("${streams[@]}")
sleep 3
measure "$containers open statistics streams"
streams_cpu=$engine_cpu

awk -v idle="$idle_cpu" -v sweep="$sweep_cpu" -v streams="$streams_cpu" 'BEGIN {
    printf "\nengine, over what it uses when nobody watches: %.2f %% for sweeps, %.2f %% for streams: a %.0fth\n",
        sweep - idle, streams - idle, (sweep > idle ? (streams - idle) / (sweep - idle) : 0) }'
echo "a sweep takes $sweep_seconds s; the agent holds $resident MiB, $resident_logs MiB with logs (at most $peak MiB)"
