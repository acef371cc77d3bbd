#!/usr/bin/env bash
# How long the agent takes from its start to the first /metrics that has a poll of its one local target: median and spread.
#
#   scripts/bench_start.sh        after `make release`; AGENT names another binary
#
# RUNS (20) may be set. It listens on 127.0.0.1 alone and ends every process that it started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${RUNS:-20}
# shellcheck source=scripts/bench_lib.sh
source scripts/bench_lib.sh

# is_complete PORT: without curl, whose start takes longer than the answer.
is_complete() {
    {
        exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    } 2>/dev/null
    printf 'GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n' >&3
    grep -xFq 'redis_up{target="bench"} 1' <&3
}

redis_port=$(free_port)
start redis redis-server --port "$redis_port" --bind 127.0.0.1 --save ''
until_true 10 redis-cli -p "$redis_port" ping

times=()
for _ in $(seq "$runs"); do
    agent_port=$(free_port)
    begun=${EPOCHREALTIME/./}
    run_agent 15s
    until is_complete "$agent_port"; do
        [ $((${EPOCHREALTIME/./} - begun)) -lt 10000000 ] || fail "no poll is shown within 10 s"
    done
    times+=($((${EPOCHREALTIME/./} - begun)))
    stop "$agent_pid"
done
printf '%s\n' "${times[@]}" | sort -n | awk '
    { time[NR] = $1 / 1000 }
    END {
        median = NR % 2 ? time[(NR + 1) / 2] : (time[NR / 2] + time[NR / 2 + 1]) / 2
        printf "start to first complete /metrics: median %.0f ms, %.0f to %.0f ms (%d runs)\n", median, time[1], time[NR], NR
    }'
