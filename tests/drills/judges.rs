//! Who scrapes the agents, judges what they say, and tells whom it concerns.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use manometer::app;
use manometer::policy::render::{Catalog, alertmanager, rules};

use crate::scale::Scale;
use crate::support::alertmanager::{Alertmanager, Receivers};
use crate::support::prometheus::Prometheus;
use crate::support::wait::{SOON, pause, until};

/// Who may be told, beside the heartbeat and the quiet receiver, in the order of the counts.
pub(crate) const RECEIVERS: [&str; 3] = ["page", "infrastructure", "chat"];

/// A Prometheus with the rendered rules, an Alertmanager with the rendered routes, and those whom it calls.
// Ends in this order, so that none misses another.
pub(crate) struct Judges {
    prometheus: Prometheus,
    _alertmanager: Alertmanager,
    pub(crate) receivers: Receivers,
}

impl Judges {
    /// Starts them, and waits until the agents are scraped: each as a whole, or by target, as its `/sd` says.
    pub(crate) fn start(scale: Scale, agents: &[String], by_target: bool) -> Self {
        let (policy, catalog) = (scale.policy(), Catalog::new(&app::metrics()));
        let routes = alertmanager::files(&policy, &catalog);
        let routes = routes.iter().find(|file| file.path.ends_with("alertmanager.yml")).unwrap();
        let receivers = Receivers::start();
        let alertmanager = Alertmanager::start(&receivers.called_by(&scale.routes(&routes.text)));
        let every = scale.text(15, 1);
        let mut config = format!(
            "global:\n  scrape_interval: {every}\n  scrape_timeout: {every}\n  evaluation_interval: {every}\n\
             rule_files: ['alerts/*.rules.yml']\nalerting:\n  alertmanagers:\n  - static_configs:\n    - targets: ['{}']\n\
             scrape_configs:\n- job_name: {}\n",
            alertmanager.address, policy.job
        );
        if by_target {
            config += "  http_sd_configs:\n";
            for agent in agents {
                write!(config, "  - url: http://{agent}/sd\n    refresh_interval: {every}\n").unwrap();
            }
        } else {
            writeln!(config, "  static_configs:\n  - targets: {agents:?}").unwrap();
        }
        let prometheus = Prometheus::with_config("prometheus.yml", &config, &rules::files(&policy, &catalog));
        let judges = Self { prometheus, _alertmanager: alertmanager, receivers };
        until(SOON, "the agents are scraped", || {
            let is_up = judges.prometheus.query("count(manometer_build_info)").first().map(|count| count.value);
            (is_up >= Some(agents.len() as f64)).then_some(())
        });
        judges
    }

    /// What Prometheus answers, which is one number; `None` where it is nothing.
    pub(crate) fn value(&self, query: &str) -> Option<f64> {
        self.prometheus.query(query).first().map(|sample| sample.value)
    }

    /// What fires in Prometheus, and would be told if nothing silenced it.
    pub(crate) fn firing(&self) -> Vec<String> {
        let alerts = self.prometheus.query("ALERTS{alertstate=\"firing\", severity=~\"critical|warning\"}");
        alerts.iter().map(|alert| alert.labels["alertname"].clone()).collect()
    }

    /// Waits until nothing fires and everybody knows; whether that came about.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        let started = Instant::now();
        loop {
            let is_told = RECEIVERS.iter().all(|receiver| self.receivers.firing(receiver).is_empty());
            if is_told && self.firing().is_empty() {
                return true;
            }
            if started.elapsed() > time {
                return false;
            }
            pause(Duration::from_millis(200));
        }
    }
}
