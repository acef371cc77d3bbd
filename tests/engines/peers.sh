#!/bin/sh
# Today's Prometheus, Alertmanager and vmalert on what is rendered: their promtool and amtool check rules, tests and routes,
# vmalert takes the rules and passes their tests, and a few drills run on them.
#
#   tests/engines/peers.sh TESTS DRILLS      the binaries of tests/it and of tests/drills
set -eu
cd "$(dirname -- "$0")/../.."

peers=$(scripts/go_peers.sh)
export PATH="$peers:$PATH"
say() { printf 'engines: %s\n' "$*"; }

say "$(readlink "$peers/prometheus"), $(readlink "$peers/alertmanager"), $(readlink "$peers/vmalert")"
"$1" --color never alert_rules::the_shipped alert_rules::rules_with alertmanager::

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
vmalert -rule='alerts/*.rules.yml' -dryRun -loggerLevel=ERROR
mkdir "$work/tests"
cp alerts/*.rules.yml "$work"
for test in alerts/tests/*.test.yml; do
    case ${test##*/} in
    # A rate is not extrapolated to the whole of its window there; a label that a rule overrides stays as exported_...; and an
    # alert that goes on because it fires sees that one evaluation later.
    CacheErrors.* | RedisEvicting.* | ThresholdDrift.* | RedisSlowSubscriber.*) continue ;;
    esac
    # What the rules compute on the way and the series ALERTS are other ones there: what is sent to people is what counts.
    awk '/^    promql_expr_test:/ { skip = 1; next } /^(    [a-z]|  - |[a-z])/ { skip = 0 } !skip' "$test" \
        >"$work/tests/${test##*/}"
done
(cd "$work/tests" && vmalert-tool unittest --disableAlertgroupLabel --files='*.test.yml') >"$work/said" 2>&1 ||
    { cat "$work/said" && exit 1; }
say "vmalert passes $(find "$work/tests" -name '*.test.yml' | wc -l) files of tests"

"$2"
