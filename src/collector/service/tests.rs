mod anything;
mod health;
mod live;
mod polls;
mod profiles;
mod publishers;

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;

use super::*;
use crate::collector::parsed;
use crate::http::client::{Phases, Response};
use crate::metric::text::{Format, exposition};

const INTERVAL: Duration = Duration::from_secs(15);

/// A moment a little after the timestamps of the recorded bodies.
const NOON: Duration = Duration::from_secs(1_761_912_002);

/// The one target of a configuration; `keys` follow its url.
fn target(keys: &str) -> ServiceTarget {
    let text = format!("[[service]]\nname = \"s\"\nurl = \"http://127.0.0.1:1\"\n{keys}");
    parsed(&text).remove(0)
}

fn response(status: u16, body: &str) -> Response {
    Response {
        status,
        body: Bytes::copy_from_slice(body.as_bytes()),
        retry_after: None,
        date: Some(UNIX_EPOCH + NOON),
        content_type: None,
        phases: Phases::default(),
    }
}

/// A recorded body.
fn recorded(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/service");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// A collector that is told answers instead of asking for them.
struct Service {
    collector: ServiceCollector,
    now: Instant,
}

impl Service {
    fn new(keys: &str) -> Self {
        Self { collector: ServiceCollector::new(target(keys)), now: Instant::now() }
    }

    fn of(profile: &str) -> Self {
        Self::new(&format!("profile = {profile:?}\n"))
    }

    /// The answer of an endpoint in the poll that is under way.
    fn answer(&mut self, endpoint: &str, status: u16, body: &str) -> &mut Self {
        let endpoints = &self.collector.target.mapping.endpoints;
        let index = endpoints.iter().position(|known| known.name == endpoint).unwrap();
        self.collector.states[index].requests += 1;
        self.collector.states[index].resting = false;
        self.collector.heed(index, &response(status, body), self.now, 0.0);
        self
    }

    /// The same with a recorded body.
    fn says(&mut self, endpoint: &str, status: u16, name: &str) -> &mut Self {
        self.answer(endpoint, status, &recorded(name))
    }

    /// What the poll that is under way exports, in order, without `# HELP` and `# TYPE`. The next poll begins after it.
    fn poll(&mut self) -> Vec<String> {
        let lines = match self.collector.snapshot(self.now) {
            Ok(snapshot) => exported(&snapshot),
            Err(error) => vec![error.to_string()],
        };
        self.now += INTERVAL;
        self.collector
            .states
            .iter_mut()
            .filter_map(|state| state.report.as_mut())
            .for_each(|report| report.fresh = false);
        lines
    }

    /// Mapping errors so far: endpoint, metric, reason and number.
    fn misses(&self) -> Vec<String> {
        let endpoints = &self.collector.target.mapping.endpoints;
        let text = |((endpoint, metric, reason), count): (&(usize, String, &str), &u64)| {
            format!("{} {metric} {reason} {count}", endpoints[*endpoint].name)
        };
        self.collector.misses.iter().map(text).collect()
    }
}

/// Nothing that is exported is refused.
fn exported(snapshot: &Snapshot) -> Vec<String> {
    let mut families = Families::new();
    ServiceCollector::export(snapshot, &mut families);
    assert_eq!(families.rejections(), crate::metric::Rejections::default());
    samples(families)
}

fn samples(families: Families) -> Vec<String> {
    let text = exposition(&families.into_sorted(), Format::Prometheus);
    let mut lines: Vec<String> = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}
