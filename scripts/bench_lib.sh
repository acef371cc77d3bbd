# What the benchmarks share: processes that end with the script, ports, waiting. To be sourced, from the
# root of the repository, with `set -euo pipefail`.
# shellcheck shell=bash
export LC_ALL=C

release=${CARGO_TARGET_DIR:-target}/release
agent=${AGENT:-$release/manometer}
redis_exporter=$(command -v prometheus-redis-exporter || command -v redis_exporter || true)
folder=$(mktemp -d)
pids=()

clean_up() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$folder"
}
# bash runs it when a signal ends it, too.
trap clean_up EXIT

fail() {
    echo "bench: $*" >&2
    tail -n 15 "$folder"/*.log >&2 || true
    exit 1
}

# start NAME COMMAND...: in the background with its output in NAME.log; the process id in $started.
start() {
    local name=$1
    shift
    "$@" >"$folder/$name.log" 2>&1 &
    started=$!
    pids+=("$started")
}

# stop PID: ends one of the processes before the end.
stop() {
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
    local kept=()
    for pid in "${pids[@]}"; do [ "$pid" = "$1" ] || kept+=("$pid"); done
    pids=("${kept[@]}")
}

# A port that nothing listens on.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

# until_true SECONDS COMMAND...
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || fail "timed out waiting for: $*"
        sleep 0.1
    done
}

scrape() { curl -sf --max-time 10 "http://127.0.0.1:$1/metrics"; }
# Without -q: grep would leave early, and curl's failure to write on would be the pipe's.
sees_redis() { scrape "$1" | grep -E '^redis_up(\{[^}]*\})? 1$'; }

# run_agent INTERVAL: the agent on $agent_port, its process id in $agent_pid.
run_agent() {
    cat >"$folder/config.toml" <<TOML
[web]
listen_address = "127.0.0.1:$agent_port"

[[redis]]
name = "bench"
url = "redis://127.0.0.1:$redis_port"
interval = "$1"
TOML
    start agent "$agent" run --config "$folder/config.toml"
    agent_pid=$started
}

# start_agent INTERVAL: the same, and waits for its first poll.
start_agent() {
    run_agent "$1"
    until_true 20 sees_redis "$agent_port"
}

# start_exporter FLAG...: redis_exporter on $exporter_port, its process id in $exporter_pid.
start_exporter() {
    start exporter "$redis_exporter" -web.listen-address "127.0.0.1:$exporter_port" \
        -redis.addr "redis://127.0.0.1:$redis_port" "$@"
    exporter_pid=$started
    until_true 20 sees_redis "$exporter_port"
}
