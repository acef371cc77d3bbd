#!/usr/bin/env bash
# What following log files costs: the CPU of the agent with a [[log]] of LOGS files that get RATE lines a second each, with all
# ready patterns, and the same of an agent whose files get no lines.
#
#   scripts/bench_logs.sh        after `make release`; `make bench` does all
#
# LOGS (50), RATE (10), ROUNDS (3) and SECONDS_EACH (20) may be set. The agent listens on 127.0.0.1 alone. It takes three minutes,
# and ends every process that it started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/bench_lib.sh
source scripts/bench_lib.sh

logs=${LOGS:-50}
rate=${RATE:-10}
rounds=${ROUNDS:-3}
window=${SECONDS_EACH:-20}

# ticks PID: user and system time of the process.
ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

# A line for each file every 1/RATE s, one in a hundred of them trouble; 135 bytes, as in benches/micro/log_patterns.rs.
write_lines() {
    exec awk -v logs="$logs" -v rate="$rate" -v folder="$folder/logs" '
        BEGIN {
            rest = "published a quote of 12 symbols to the channel of the market in 1.25 ms, and everything is as it should be here"
            start = systime()
            while (1) {
                # What sleeping took too long is made good.
                do {
                    for (at = 1; at <= logs; at++) {
                        file = folder "/" at ".log"
                        said = ++count % 100 ? "INFO  app - " rest : "ERROR app - Redis publish failed: timed out; " substr(rest, 1, 74)
                        printf "2025-11-02 10:00:00,%03d %s\n", count % 1000, said >>file
                        fflush(file)
                    }
                } while (++rounds < rate * (systime() - start))
                system("sleep " 1 / rate)
            }
        }'
}

follows_all() { [ "$(scrape "$port" | sed -n 's/^manometer_logs_followed{.*} //p')" = "$logs" ]; }

# watch WAY: the agent over one window; adds its CPU in percent of a core.
watch() {
    port=$(free_port)
    cat >"$folder/config.toml" <<TOML
[web]
listen_address = "127.0.0.1:$port"

[[log]]
name = "bench"
files = "$folder/logs/*.log"
TOML
    start agent "$agent" run --config "$folder/config.toml"
    local pid=$started before lines
    until_true 20 follows_all
    # Until what a start costs is over.
    sleep 3
    before=$(ticks "$pid")
    lines=$(lines_read)
    sleep "$window"
    awk -v way="$1" -v ticks=$(($(ticks "$pid") - before)) -v hertz="$(getconf CLK_TCK)" -v s="$window" \
        -v lines=$(($(lines_read) - lines)) \
        'BEGIN { printf "%s %.2f %.0f\n", way, 100 * ticks / hertz / s, lines / s }' >>"$folder/measured"
    stop "$pid"
}

lines_read() { scrape "$port" | awk '/^log_lines_total\{/ { sum += $NF } END { print sum + 0 }'; }

# of WAY: median, least and most.
of() {
    awk -v way="$1" '$1 == way { print $2, $3 }' "$folder/measured" | sort -n | awk -v way="$1" '
        { cpu[NR] = $1; lines[NR] = $2 }
        END {
            middle = int((NR + 1) / 2)
            printf "%-8s %.2f %% of a core (%.2f to %.2f), %d lines/s\n", way, cpu[middle], cpu[1], cpu[NR], lines[middle]
        }'
}

mkdir "$folder/logs"
for number in $(seq 1 "$logs"); do : >"$folder/logs/$number.log"; done
for _ in $(seq 1 "$rounds"); do
    watch quiet
    start writer write_lines
    writer=$started
    watch written
    stop "$writer"
done
echo "$logs files of $rate lines/s, $rounds rounds of $window s:"
of quiet
of written
