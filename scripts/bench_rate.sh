#!/usr/bin/env bash
# How smooth a constant load looks in Prometheus: irate() of commands of one Redis, by redis_exporter, which asks at each scrape,
# and by the agent, whose polls follow the scrapes.
#
#   scripts/bench_rate.sh        after `make release`; `make bench-rate` does all
#
# MINUTES (10) and SCRAPE (15s) may be set. It listens on 127.0.0.1 alone, and ends every process that it started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/bench_lib.sh
source scripts/bench_lib.sh

minutes=${MINUTES:-10}
scrape=${SCRAPE:-15s}

# query EXPRESSION: the one value.
query() {
    curl -sf --max-time 10 --data-urlencode "query=$1" "http://127.0.0.1:$prometheus_port/api/v1/query" |
        grep -o '"value":\[[^]]*\]' | grep -o '"[^"]*"\]' | tr -d '"]'
}

# spread JOB: the standard deviation of irate() in percent of its mean, over the time that was watched.
spread() {
    local rates="irate(redis_commands_processed_total{job=\"$1\"}[1m])[$((minutes * 60))s:5s]"
    query "100 * stddev_over_time($rates) / avg_over_time($rates)"
}

redis_port=$(free_port)
start redis redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder"
until_true 10 redis-cli -p "$redis_port" ping
# Sleeping between two commands keeps the load constant, whatever else the machine does.
start load redis-cli -p "$redis_port" -r -1 -i 0.01 get key
agent_port=$(free_port)
exporter_port=$(free_port)
prometheus_port=$(free_port)
start_agent auto
start_exporter
cat >"$folder/prometheus.yml" <<YAML
global: {scrape_interval: $scrape}
scrape_configs:
  - {job_name: redis_exporter, static_configs: [{targets: ["127.0.0.1:$exporter_port"]}]}
  - {job_name: manometer, static_configs: [{targets: ["127.0.0.1:$agent_port"]}]}
YAML
start prometheus prometheus --config.file "$folder/prometheus.yml" --storage.tsdb.path "$folder/data" \
    --web.listen-address "127.0.0.1:$prometheus_port" --log.level warn
until_true 30 query 'min(up) == 1 and count(up) == 2'
# Three scrapes are a rhythm; after two more minutes every window holds polls that follow it.
echo "scrapes each $scrape; a load of $(redis-cli -p "$redis_port" info stats | tr -d '\r' |
    sed -n 's/^instantaneous_ops_per_sec:/about /p') commands/s; watching for $minutes minutes"
sleep $((minutes * 60 + 120))
printf 'standard deviation of irate(): manometer %.1f %%, redis_exporter %.1f %%\n' "$(spread manometer)" "$(spread redis_exporter)"
