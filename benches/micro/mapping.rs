//! Bodies of services, read and put through the rules of a profile.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use manometer::collector::Collector as _;
use manometer::collector::service::{ServiceCollector, Snapshot};
use manometer::mapping::profile::find;
use manometer::mapping::{Body, Evaluation, Mapping, evaluate, parse};
use manometer::metric::Families;

/// A profile, and a body of some of its endpoints.
struct Service {
    mapping: Arc<Mapping>,
    bodies: Vec<(usize, String)>,
}

impl Service {
    fn new(name: &str, bodies: Vec<(&str, String)>) -> Self {
        Self::of(find(name).expect("a profile").mapping().expect("a valid profile"), bodies)
    }

    fn of(mapping: Arc<Mapping>, bodies: Vec<(&str, String)>) -> Self {
        let at = |name: &str| mapping.endpoints.iter().position(|endpoint| endpoint.name == name);
        let bodies = bodies.into_iter().map(|(name, body)| (at(name).expect("an endpoint"), body)).collect();
        Self { mapping, bodies }
    }

    fn bytes(&self) -> u64 {
        self.bodies.iter().map(|(_, body)| body.len() as u64).sum()
    }

    fn read(&self, endpoint: usize, body: &str) -> Body {
        self.mapping.endpoints[endpoint].read(body.as_bytes()).expect("a body that can be read")
    }

    /// The body of each endpoint of the mapping that has one.
    fn read_all(&self) -> Vec<Option<Body>> {
        let mut bodies = vec![None; self.mapping.endpoints.len()];
        for (endpoint, body) in &self.bodies {
            bodies[*endpoint] = Some(self.read(*endpoint, body));
        }
        bodies
    }

    fn once(&self) -> Vec<Option<Evaluation>> {
        let mut evaluations = vec![None; self.mapping.endpoints.len()];
        for (endpoint, body) in &self.bodies {
            evaluations[*endpoint] = Some(evaluate(&self.mapping, *endpoint, &self.read(*endpoint, body).tree));
        }
        evaluations
    }
}

/// All that a ticker is asked for, with a full page of subscriptions: 1,000 of them.
fn ticker() -> Service {
    let mut subscriptions = String::from("[");
    for token in 0..1_000 {
        let comma = if token > 0 { "," } else { "" };
        let _ = write!(
            subscriptions,
            "{comma}{{\"instrument_token\":{},\"tradingsymbol\":\"OPT{token:04}CE\",\"segment\":\"NFO-OPT\",\
             \"status\":\"active\",\"requested_mode\":\"FULL\"}}",
            256_265 + token,
        );
    }
    subscriptions.push(']');
    let recorded = [
        ("metrics", include_str!("../../tests/fixtures/service/ticker-metrics.json")),
        ("publisher-stats", include_str!("../../tests/fixtures/service/ticker-publisher-stats.json")),
        ("series", include_str!("../../tests/fixtures/service/ticker-series.txt")),
        ("health", include_str!("../../tests/fixtures/service/ticker-health.json")),
    ];
    let recorded = recorded.into_iter().map(|(name, body)| (name, body.to_owned()));
    Service::new("ticker", recorded.chain([("subscriptions", subscriptions)]).collect())
}

/// Upstream connections of that many accounts, each with its name and three numbers.
fn accounts(count: usize) -> Service {
    let mut body = String::from("{\"accounts\":{");
    for account in 0..count {
        let comma = if account > 0 { "," } else { "" };
        let _ = write!(
            body,
            "{comma}\"account-{account:04}\":{{\"total_connections\":{},\"total_subscribed_tokens\":{},\
             \"total_capacity\":9000}}",
            account % 7,
            account * 7919 % 9000,
        );
    }
    body.push_str("}}");
    Service::new("ticker", vec![("websocket-pool", body)])
}

/// A body of 1 MiB that no service means: 100,000 channels.
fn hostile() -> Service {
    let members: Vec<String> = (0..100_000).map(|key| format!("\"{key:05}\":1")).collect();
    let body = format!("{{\"connections\":{{\"by_channel\":{{{}}}}}}}", members.join(","));
    Service::new("websocket", vec![("websocket", body)])
}

/// A status page of 100 lines, each with a rule.
fn text() -> Service {
    let mut mapping =
        "[[endpoint]]\nname = \"status\"\npath = \"/\"\nformat = \"text\"\npatterns = ['^(?<key>[^:\\n]+): \
                       (?<value>.*)$']\n"
            .to_owned();
    let mut body = String::new();
    for line in 0..100 {
        let _ = write!(mapping, "[[metric]]\nname = \"line_{line}\"\nat = \"/Number of line {line}\"\n");
        let _ = writeln!(body, "Number of line {line}: {}", line * 7919);
    }
    let mapping = parse(&mapping, Path::new("text.toml"), &Arc::default()).expect("a valid mapping");
    Service::of(mapping, vec![("status", body)])
}

pub(crate) fn mapping(criterion: &mut Criterion) {
    let services = [
        ("ticker", ticker()),
        ("1000_elements", accounts(1_000)),
        ("100000_elements", hostile()),
        ("100_lines", text()),
    ];
    for (name, service) in &services {
        let mut group = criterion.benchmark_group(format!("mapping/{name}"));
        group.throughput(Throughput::Bytes(service.bytes()));
        group.bench_function("read", |bencher| {
            bencher.iter(|| service.bodies.iter().for_each(|(at, body)| drop(black_box(service.read(*at, body)))));
        });
        group.bench_function("read_and_evaluate", |bencher| bencher.iter(|| black_box(service.once())));
        let bodies = service.read_all();
        group.bench_function("evaluate_and_export", |bencher| {
            bencher.iter(|| {
                let (snapshot, _) = Snapshot::of_bodies(&service.mapping, &bodies, Duration::from_mins(5));
                let mut families = Families::new();
                ServiceCollector::export(&snapshot, &mut families);
                families.series()
            });
        });
        group.finish();
    }
}
