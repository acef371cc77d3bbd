//! One cause and what stands on it, under the shipped rules: who calls for help, what is silenced, and what counts as several.

use crate::support::missing::missing;
use crate::support::promtool::test_shipped_rules;

/// A Redis, and a shop in a container that stands on it; both are in trouble from the third minute on.
const ONE_CAUSE: &str = r#"
- name: one cause
  interval: 15s
  input_series:
  - {series: 'up{job="manometer",instance="a"}', values: '1x60'}
  - {series: 'manometer_depends_on{job="manometer",instance="a",target="shop",cause="main"}', values: '1x60'}
  - {series: 'manometer_depends_on{job="manometer",instance="a",target="engine",name="shop-1",cause="main"}', values: '1x60'}
  - {series: 'redis_up{job="manometer",instance="a",target="main"}', values: '1x8 0x40 1x20'}
  - {series: 'service_health{job="manometer",instance="a",target="shop",status="ok"}', values: '1x9 0x50'}
  - {series: 'backpressure_circuit_state{job="manometer",instance="a",target="shop",state="closed"}', values: '1x10 0x50'}
  promql_expr_test:
  # From when it is seen, also on the container of the shop.
  - expr: 'group by (target, name, stage) (ALERTS{alertname="CauseInhibitor", alertstate="firing", alert="RedisDown"})'
    eval_time: 2m30s
    exp_samples:
    - {labels: '{target="main",stage="seen"}', value: 1}
    - {labels: '{target="shop",stage="seen"}', value: 1}
    - {labels: '{target="engine",name="shop-1",stage="seen"}', value: 1}
  # While it fires, without a gap.
  - expr: 'group by (target, name, stage) (ALERTS{alertname="CauseInhibitor", alertstate="firing", alert="RedisDown"})'
    eval_time: 5m
    exp_samples:
    - {labels: '{target="main",stage="firing"}', value: 1}
    - {labels: '{target="shop",stage="firing"}', value: 1}
    - {labels: '{target="engine",name="shop-1",stage="firing"}', value: 1}
  # The breaker's call for help passes to the cause.
  - expr: 'group by (target, severity, escalation, page) (ALERTS{alertname="RedisDown", alertstate="firing"})'
    eval_time: 6m
    exp_samples:
    - {labels: '{target="main",severity="critical"}', value: 1}
    - {labels: '{target="main",severity="critical",escalation="infrastructure",page="no"}', value: 1}
  # Three critical alerts on two targets are one cause.
  - expr: 'group by (alertname, target) (ALERTS{alertstate="firing", severity="critical", page=""})'
    eval_time: 9m
    exp_samples:
    - {labels: '{alertname="RedisDown",target="main"}', value: 1}
    - {labels: '{alertname="ServiceUnhealthy",target="shop"}', value: 1}
    - {labels: '{alertname="CircuitNotClosed",target="shop"}', value: 1}
  - {expr: 'ALERTS{alertname="CascadingFailure"}', eval_time: 9m, exp_samples: []}
  # It is over, and what is left has some minutes to end.
  - expr: 'group by (target, name) (ALERTS{alertname="CauseInhibitor", alertstate="firing", alert="RedisDown"})'
    eval_time: 14m
    exp_samples:
    - {labels: '{target="main"}', value: 1}
    - {labels: '{target="shop"}', value: 1}
    - {labels: '{target="engine",name="shop-1"}', value: 1}
"#;

/// Two servers that have nothing to do with each other; and one of the same name on another site.
const SEVERAL: &str = r#"
- name: several causes
  interval: 15s
  input_series:
  - {series: 'up{job="manometer",instance="a"}', values: '1x60'}
  - {series: 'redis_up{job="manometer",instance="a",site="north",target="main"}', values: '1x8 0x50'}
  - {series: 'redis_up{job="manometer",instance="a",site="north",target="other"}', values: '1x8 0x50'}
  - {series: 'redis_up{job="manometer",instance="b",site="south",target="main"}', values: '1x8 0x50'}
  promql_expr_test:
  - expr: 'group by (site, target) (ALERTS{alertname="RedisDown", alertstate="firing"})'
    eval_time: 7m
    exp_samples:
    - {labels: '{site="north",target="main"}', value: 1}
    - {labels: '{site="north",target="other"}', value: 1}
    - {labels: '{site="south",target="main"}', value: 1}
  # Of the site that has two, and for the infrastructure team alone.
  - expr: 'group by (site, escalation, page) (ALERTS{alertname="CascadingFailure", alertstate="firing"})'
    eval_time: 7m
    exp_samples:
    - {labels: '{site="north",escalation="infrastructure",page="no"}', value: 1}
"#;

/// An API that stands on its broker and on its database; the one is down from the third minute on, the other from the twentieth.
const EDGE: &str = r#"
- name: broker and database
  interval: 15s
  input_series:
  - {series: 'up{job="manometer",instance="a"}', values: '1x140'}
  - {series: 'manometer_depends_on{job="manometer",instance="a",target="api",cause="events"}', values: '1x140'}
  - {series: 'manometer_depends_on{job="manometer",instance="a",target="api",cause="db"}', values: '1x140'}
  - {series: 'kafka_up{job="manometer",instance="a",target="events"}', values: '1x8 0x20 1x112'}
  - {series: 'mongodb_up{job="manometer",instance="a",target="db"}', values: '1x80 0x60'}
  - {series: 'service_health{job="manometer",instance="a",target="api",status="ok"}', values: '1x9 0x19 1x53 0x59'}
  promql_expr_test:
  - expr: 'group by (alert, cause) (ALERTS{alertname="CauseInhibitor", alertstate="firing", target="api", cause!="api", stage="firing"})'
    eval_time: 5m
    exp_samples: [{labels: '{alert="KafkaDown",cause="events"}', value: 1}]
  - expr: 'group by (alertname, target) (ALERTS{alertstate="firing", severity="critical", page=""})'
    eval_time: 5m
    exp_samples:
    - {labels: '{alertname="KafkaDown",target="events"}', value: 1}
    - {labels: '{alertname="ServiceUnhealthy",target="api"}', value: 1}
  - expr: 'group by (alert, cause) (ALERTS{alertname="CauseInhibitor", alertstate="firing", target="api", cause!="api", stage="firing"})'
    eval_time: 30m
    exp_samples: [{labels: '{alert="MongoDown",cause="db"}', value: 1}]
  - expr: 'group by (alertname, target) (ALERTS{alertstate="firing", severity="critical", page=""})'
    eval_time: 30m
    exp_samples:
    - {labels: '{alertname="MongoDown",target="db"}', value: 1}
    - {labels: '{alertname="ServiceUnhealthy",target="api"}', value: 1}
"#;

/// A Redis that flapped stays away soon after that; a container stays away for a quarter of an hour since it was killed for want
/// of memory, another since a process in it was.
const AFTERWARDS: &str = r#"
- name: what an alert about a window silences is over with it
  interval: 15s
  input_series:
  - {series: 'up{job="manometer",instance="a"}', values: '1x80'}
  - {series: 'redis_up{job="manometer",instance="a",target="main"}', values: '1x8 0x2 1x2 0x2 1x2 0x2 1x43 0x20'}
  - {series: 'redis_connection_status{job="manometer",instance="a",target="main"}', values: '1x8 0x2 1x2 0x2 1x2 0x2 1x43 0x20'}
  - {series: 'container_oom_events_total{job="manometer",instance="a",target="engine",name="shop"}', values: '0x8 1x80'}
  - {series: 'container_up{job="manometer",instance="a",target="engine",name="shop"}', values: '1x8 0x60 1x20'}
  promql_expr_test:
  # Each outage was too short for RedisDown.
  - expr: 'group by (alertname, stage) (ALERTS{alertstate="firing", target="main", alertname!~"Redis(Restarted|Failover)"})'
    eval_time: 12m
    exp_samples:
    - {labels: '{alertname="RedisFlapping"}', value: 1}
    - {labels: '{alertname="CauseInhibitor",stage="firing"}', value: 1}
  # It is down for two minutes, and the page is out.
  - expr: 'group by (alertname, alert) (ALERTS{alertstate="firing", target="main", alertname!~"Redis(Restarted|Failover)", alert!="RedisDown"})'
    eval_time: 19m
    exp_samples:
    - {labels: '{alertname="RedisFlapping"}', value: 1}
    - {labels: '{alertname="RedisDown"}', value: 1}
    - {labels: '{alertname="CauseInhibitor",alert="RedisFlapping"}', value: 1}
  # As soon as that is over, this is.
  - expr: 'group by (alertname, alert) (ALERTS{alertstate="firing", target="main", alertname!~"Redis(Restarted|Failover)", alert!="RedisDown"})'
    eval_time: 19m30s
    exp_samples:
    - {labels: '{alertname="RedisDown"}', value: 1}
  # For as long as it is down, however long ago it was killed, that is what is told.
  - expr: 'group by (alertname, alert) (ALERTS{alertstate="firing", name="shop", alert!="ContainerDown"})'
    eval_time: 17m
    exp_samples:
    - {labels: '{alertname="ContainerOomKilled"}', value: 1}
    - {labels: '{alertname="ContainerDown"}', value: 1}
    - {labels: '{alertname="CauseInhibitor",alert="ContainerOomKilled"}', value: 1}
  - {expr: 'ALERTS{alertstate="firing", name="shop", alert!="ContainerDown"}', eval_time: 18m15s, exp_samples: []}
"#;

/// A service that is down 40 s of 90, eight times, and 15 minutes after that stays away; one that never flapped; one that is
/// deployed; one whose health comes and goes; and one on a Redis that flaps.
const FLAPPING: &str = r#"
- name: a service comes and goes
  interval: 15s
  input_series:
  - {series: 'up{job="manometer",instance="a"}', values: '1x160'}
  - {series: 'service_up{job="manometer",instance="a",target="flaps"}', values: 'FLAPS 1x60 0x50'}
  - {series: 'manometer_target_up{job="manometer",instance="a",target="flaps"}', values: 'FLAPS 1x60 0x50'}
  - {series: 'service_up{job="manometer",instance="a",target="stays"}', values: '1x107 0x52'}
  - {series: 'manometer_target_up{job="manometer",instance="a",target="stays"}', values: '1x107 0x52'}
  - {series: 'service_up{job="manometer",instance="a",target="deployed"}', values: '1x8 0x2 1x150'}
  - {series: 'manometer_target_up{job="manometer",instance="a",target="deployed"}', values: '1x8 0x2 1x150'}
  - {series: 'service_up{job="manometer",instance="a",target="unwell"}', values: '1x160'}
  - {series: 'service_health{job="manometer",instance="a",target="unwell",status="ok"}', values: 'FLAPS 1x111'}
  - {series: 'service_health{job="manometer",instance="a",target="unwell",status="unknown"}', values: 'UNWELL 0x111'}
  - {series: 'manometer_depends_on{job="manometer",instance="a",target="above",cause="main"}', values: '1x160'}
  - {series: 'redis_up{job="manometer",instance="a",target="main"}', values: 'FLAPS 1x111'}
  - {series: 'redis_connection_status{job="manometer",instance="a",target="main"}', values: 'FLAPS 1x111'}
  - {series: 'service_up{job="manometer",instance="a",target="above"}', values: '1 FLAPS 1x110'}
  - {series: 'manometer_target_up{job="manometer",instance="a",target="above"}', values: '1 FLAPS 1x110'}
  promql_expr_test:
  # Down twice, for a minute in all.
  - expr: 'group by (alertname, target, condition) (ALERTS{alertstate="firing", alertname=~"Service.*"})'
    eval_time: 5m15s
    exp_samples: []
  - expr: 'group by (alertname, target, condition) (ALERTS{alertstate="firing", alertname=~"Service.*"})'
    eval_time: 6m15s
    exp_samples:
    - {labels: '{alertname="ServiceFlapping",target="flaps",condition="goes down and comes back"}', value: 1}
    - {labels: '{alertname="ServiceFlapping",target="unwell",condition="is well and unwell in turn"}', value: 1}
    - {labels: '{alertname="ServiceFlapping",target="above",condition="goes down and comes back"}', value: 1}
  # What is well within two minutes is silent on what stands on a Redis that does the same.
  - expr: 'group by (target) (ALERTS{alertname="CauseInhibitor", alert="RedisFlapping", alertstate="firing", target="above"})'
    eval_time: 6m15s
    exp_samples: [{labels: '{target="above"}', value: 1}]
  # It is over; what stays away from then on pages as that, at once: it never flapped, or not any more.
  - {expr: 'ALERTS{alertname=~"Service.*", alertstate="firing"}', eval_time: 26m45s, exp_samples: []}
  - expr: 'group by (alertname, target) (ALERTS{alertstate="firing", alertname=~"Service.*"})'
    eval_time: 28m15s
    exp_samples:
    - {labels: '{alertname="ServiceUnhealthy",target="flaps"}', value: 1}
    - {labels: '{alertname="ServiceUnhealthy",target="stays"}', value: 1}
  - {expr: 'ALERTS{alertname="CauseInhibitor", alert=~"ServiceFlapping|RedisFlapping"}', eval_time: 28m15s, exp_samples: []}
"#;

/// A service that was flapping stays down, which is told; that it flapped is silent then.
const FLAPPED: &str = r#"
- name: a service that flapped stays down
  interval: 15s
  input_series:
  - {series: 'up{job="manometer",instance="a"}', values: '1x120'}
  - {series: 'service_up{job="manometer",instance="a",target="shop"}', values: '1x8 0x2 1x2 0x2 1x2 0x101'}
  - {series: 'manometer_target_up{job="manometer",instance="a",target="shop"}', values: '1x8 0x2 1x2 0x2 1x2 0x101'}
  promql_expr_test:
  - expr: 'group by (alertname, alert) (ALERTS{alertstate="firing", target="shop", alertname!="TargetPollFailing", alert!="TargetPollFailing", own=""})'
    eval_time: 10m
    exp_samples:
    - {labels: '{alertname="ServiceFlapping"}', value: 1}
    - {labels: '{alertname="ServiceUnhealthy"}', value: 1}
  # Each silences what follows from it, and of the two only the one the other.
  - expr: 'group by (alert) (ALERTS{alertname="CauseInhibitor", alertstate="firing", target="shop", alert=~"Service.*", own="yes"})'
    eval_time: 10m
    exp_samples: [{labels: '{alert="ServiceFlapping"}', value: 1}, {labels: '{alert="ServiceUnhealthy"}', value: 1}]
  - expr: 'group by (alertname, alert) (ALERTS{alertstate="firing", target="shop", alertname!="TargetPollFailing", alert!="TargetPollFailing", own=""})'
    eval_time: 20m
    exp_samples:
    - {labels: '{alertname="ServiceUnhealthy"}', value: 1}
"#;

/// An API on a broker that is a service as well: first the broker fails and so does the API, then the API alone. Two services
/// of which two agents say that each stands on the other.
const BROKER: &str = r#"
- name: a service on a service
  interval: 15s
  input_series:
  - {series: 'up{job="manometer",instance="a"}', values: '1x180'}
  - {series: 'manometer_depends_on{job="manometer",instance="a",target="api",cause="rabbit"}', values: '1x180'}
  - {series: 'service_up{job="manometer",instance="a",target="rabbit"}', values: '1x8 0x20 1x152'}
  - {series: 'service_up{job="manometer",instance="a",target="api"}', values: '1x180'}
  - {series: 'service_health{job="manometer",instance="a",target="api",status="ok"}', values: '1x7 0x20 1x80 0x72'}
  - {series: 'manometer_depends_on{job="manometer",instance="a",target="this",cause="that"}', values: '1x180'}
  - {series: 'manometer_depends_on{job="manometer",instance="b",target="that",cause="this"}', values: '1x180'}
  - {series: 'service_up{job="manometer",instance="a",target="this"}', values: '1x8 0x20 1x152'}
  - {series: 'service_up{job="manometer",instance="a",target="that"}', values: '1x8 0x20 1x152'}
  promql_expr_test:
  - expr: 'group by (target) (ALERTS{alertname="ServiceUnhealthy", alertstate="firing", target=~"api|rabbit"})'
    eval_time: 5m
    exp_samples: [{labels: '{target="rabbit"}', value: 1}, {labels: '{target="api"}', value: 1}]
  # The broker's is silenced by none, the API's by that of the broker; Alertmanager leaves out what is their own.
  - expr: 'group by (target, cause, own) (ALERTS{alertname="CauseInhibitor", alert="ServiceUnhealthy", alertstate="firing", target=~"api|rabbit", stage="firing"})'
    eval_time: 5m
    exp_samples:
    - {labels: '{target="rabbit",cause="rabbit",own="yes"}', value: 1}
    - {labels: '{target="api",cause="rabbit"}', value: 1}
    - {labels: '{target="api",cause="api",own="yes"}', value: 1}
  # The API is seen first, and does not page before the broker is.
  - expr: 'group by (target, cause, own) (ALERTS{alertname="CauseInhibitor", alert="ServiceUnhealthy", alertstate="firing", target="api", own=""})'
    eval_time: 2m45s
    exp_samples: [{labels: '{target="api",cause="rabbit"}', value: 1}]
  - expr: 'group by (target, cause, own) (ALERTS{alertname="CauseInhibitor", alert="ServiceUnhealthy", alertstate="firing", target=~"this|that"})'
    eval_time: 5m
    exp_samples:
    - {labels: '{target="this",cause="this",own="yes"}', value: 1}
    - {labels: '{target="that",cause="that",own="yes"}', value: 1}
  # The broker is fine: the API pages.
  - expr: 'group by (target) (ALERTS{alertname="ServiceUnhealthy", alertstate="firing", target=~"api|rabbit"})'
    eval_time: 29m
    exp_samples: [{labels: '{target="api"}', value: 1}]
  - expr: 'group by (target, cause, own) (ALERTS{alertname="CauseInhibitor", alert="ServiceUnhealthy", alertstate="firing", target=~"api|rabbit"})'
    eval_time: 29m
    exp_samples: [{labels: '{target="api",cause="api",own="yes"}', value: 1}]
"#;

#[test]
fn one_incident_is_one_cause() {
    if missing(&["promtool"]) {
        return;
    }
    // 40 s of 90, as polls see them.
    let flaps = ["1x7", &["0 0 0 1 1 1"; 6].join(" "), "0 0 0"].join(" ");
    let unwell = ["0x7", &["1 1 1 0 0 0"; 6].join(" "), "1 1 1"].join(" ");
    let cases = [ONE_CAUSE, SEVERAL, EDGE, AFTERWARDS, FLAPPED, BROKER].map(str::trim_start).concat();
    test_shipped_rules(
        &["thresholds"],
        &(cases + &FLAPPING.trim_start().replace("UNWELL", &unwell).replace("FLAPS", &flaps)),
    );
}
