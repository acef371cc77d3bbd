#!/usr/bin/env bash
# manometer against redis_exporter, on the same Redis and in the same run, so that the ratios hold on any machine:
# requests a second for /metrics, CPU of one look at a Redis with thousands of clients, memory at rest.
#
#   scripts/bench.sh        after `make release` and the build of examples/hold_clients; `make bench` does all
#
# CLIENTS (5000) and POLLS (60) may be set. It listens on 127.0.0.1 alone, takes about four minutes, and ends every
# process that it started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

clients=${CLIENTS:-5000}
polls=${POLLS:-60}
# shellcheck source=scripts/bench_lib.sh
source scripts/bench_lib.sh
hold_clients=$release/hold_clients

# cpu_ms PID: user and system time of the process, in milliseconds.
cpu_ms() {
    local stat
    stat=$(cat "/proc/$1/stat")
    # The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it.
    awk -v hertz="$(getconf CLK_TCK)" '{ print ($12 + $13) * 1000 / hertz }' <<<"${stat##*) }"
}

resident_kib() { awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"; }

connected_clients() { redis-cli -p "$redis_port" info clients | sed -n 's/^connected_clients:\([0-9]*\).*/\1/p'; }

# requests_per_second PORT
requests_per_second() {
    wrk -t1 -c4 -d5s "http://127.0.0.1:$1/metrics" | awk '
        /^Requests\/sec:/ { rate = $2 }
        /Non-2xx|Socket errors/ { print "bench: wrk saw errors: " $0 > "/dev/stderr" }
        END { print rate }'
}

# row WHAT OURS THEIRS UNIT more|less: the ratio says how many times better ours is.
row() {
    awk -v what="$1" -v ours="$2" -v theirs="$3" -v unit="$4" -v better="$5" 'BEGIN {
        ratio = better == "more" ? (theirs > 0 ? ours / theirs : 0) : (ours > 0 ? theirs / ours : 0)
        printf "%-44s %12.2f %12.2f %-8s %9s\n", what, ours, theirs, unit, (ratio > 0 ? sprintf("%.1fx", ratio) : "-")
    }'
}

# Both with the same few clients: the rate of answers, and what they hold in memory after some scrapes.
compare_at_rest() {
    start_agent 15s
    start_exporter
    for _ in $(seq 20); do
        scrape "$agent_port" >/dev/null
        scrape "$exporter_port" >/dev/null
    done
    row "resident memory, one target" "$(resident_kib "$agent_pid")" "$(resident_kib "$exporter_pid")" KiB less
    row "/metrics, 4 connections" "$(requests_per_second "$agent_port")" \
        "$(requests_per_second "$exporter_port")" req/s more
    row "resident memory, after that" "$(resident_kib "$agent_pid")" "$(resident_kib "$exporter_pid")" KiB less
    stop "$agent_pid"
    stop "$exporter_pid"
}

# CPU of a poll of ours, and of a scrape of theirs that lists the clients, with all the clients connected.
compare_with_clients() {
    local before after ours theirs bytes
    mkfifo "$folder/hold"
    # Open for reading and writing, so that neither side waits for the other; closed, it ends hold_clients.
    exec 4<>"$folder/hold"
    # Not by start: bash gives what a function starts in the background /dev/null to read, which ends at once.
    "$hold_clients" --port "$redis_port" --clients "$clients" --subscribers $((clients / 10)) \
        <&4 >"$folder/clients.log" 2>&1 &
    pids+=("$!")
    until_true 60 grep -q '^holding' "$folder/clients.log"

    start_agent 1s
    sleep 3
    before=$(cpu_ms "$agent_pid")
    sleep "$polls"
    after=$(cpu_ms "$agent_pid")
    ours=$(awk -v a="$before" -v b="$after" -v n="$polls" 'BEGIN { print (b - a) / n }')
    bytes=$(scrape "$agent_port" | wc -c)
    stop "$agent_pid"

    start_exporter -export-client-list
    before=$(cpu_ms "$exporter_pid")
    for _ in $(seq "$polls"); do scrape "$exporter_port" >/dev/null; done
    after=$(cpu_ms "$exporter_pid")
    theirs=$(awk -v a="$before" -v b="$after" -v n="$polls" 'BEGIN { print (b - a) / n }')
    [ "$(connected_clients)" -ge "$clients" ] || fail "only $(connected_clients) clients stayed connected"
    row "CPU of one poll, $clients clients listed" "$ours" "$theirs" ms less
    row "size of /metrics with them" "$bytes" "$(scrape "$exporter_port" | wc -c)" bytes less
    stop "$exporter_pid"
    exec 4>&-
}

for binary in "$agent" "$hold_clients" "$redis_exporter"; do
    [ -x "$binary" ] || fail "no such program: '$binary'; make bench builds and installs what is needed"
done
# A connection is a file on either side. redis-server lowers maxclients by itself where this is not granted.
ulimit -n $((clients + 1000)) 2>/dev/null || fail "the limit of open files ($(ulimit -Hn)) is too low for $clients clients"

redis_port=$(free_port)
start redis redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" \
    --maxclients $((clients + 500))
until_true 10 redis-cli -p "$redis_port" ping
agent_port=$(free_port)
exporter_port=$(free_port)

echo "$("$redis_exporter" -version 2>&1 | grep -o '[0-9]*\.[0-9.]*' | head -n 1) of redis_exporter," \
    "$(redis-server --version | grep -o 'v=[0-9.]*') of Redis, $(nproc) CPUs"
printf '%-44s %12s %12s %-8s %9s\n' "" manometer redis_exp. "" better
compare_at_rest
compare_with_clients
