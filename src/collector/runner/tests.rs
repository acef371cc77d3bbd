use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::metric::text::Format;
use crate::metric::{Metric, MetricInfo};

const UP: Metric<0> = Metric::gauge("fake_up", &[], "Up.");
const VALUE: Metric<0> = Metric::gauge("fake_value", &[], "Value.");

/// What the fake does at each poll; the last step repeats.
#[derive(Clone, Copy)]
enum Step {
    Value(f64),
    Fail(Reason),
    Hang,
    Panic,
}

struct Fake {
    steps: Arc<Mutex<VecDeque<Step>>>,
    polled_at: Arc<Mutex<Vec<Duration>>>,
    origin: Instant,
}

impl Collector for Fake {
    const NAME: &'static str = "fake";
    type Snapshot = f64;

    fn metrics() -> Vec<MetricInfo> {
        vec![*UP.info(), *VALUE.info()]
    }

    async fn poll(&mut self) -> Result<f64, PollError> {
        self.polled_at.lock().unwrap().push(self.origin.elapsed());
        let step = {
            let mut steps = self.steps.lock().unwrap();
            if steps.len() > 1 { steps.pop_front() } else { steps.front().copied() }
        };
        match step.unwrap() {
            Step::Panic => panic!("a fault of the fake"),
            Step::Value(value) => Ok(value),
            Step::Fail(reason) => Err(PollError::new(reason, "asking", "it said no", "ask again")),
            Step::Hang => std::future::pending().await,
        }
    }

    fn export(snapshot: &f64, out: &mut Families) {
        out.push(&VALUE, [], *snapshot);
    }

    fn export_health(health: &Health<'_>, out: &mut Families) {
        out.push_bool(&UP, [], health.error.is_none());
    }
}

struct Run {
    hub: Arc<Hub>,
    polled_at: Arc<Mutex<Vec<Duration>>>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn start(steps: &[Step]) -> Run {
    let polled_at = Arc::default();
    let origin = Instant::now();
    let steps = Arc::new(Mutex::new(steps.iter().copied().collect()));
    let polled = Arc::clone(&polled_at);
    let make = move || Fake { steps: Arc::clone(&steps), polled_at: Arc::clone(&polled), origin };
    let settings = TargetSettings {
        name: "t".to_owned(),
        interval: Duration::from_secs(10),
        deadline: Duration::from_secs(4),
        series_limit: 100,
    };
    let instance = Instance { settings, address: "nowhere".to_owned(), tls: None };
    let hub = Arc::new(Hub::new(|_| {}));
    let stop = CancellationToken::new();
    let task = tokio::spawn(run(make, instance, Arc::clone(&hub), stop.clone()));
    Run { hub, polled_at, stop, task }
}

impl Run {
    fn sample(&self, line_start: &str) -> Option<String> {
        let text = String::from_utf8(self.hub.render(Format::Prometheus).plain().to_vec()).unwrap();
        text.lines().find_map(|line| line.strip_prefix(line_start)).map(|rest| rest.trim().to_owned())
    }

    fn polls(&self) -> Vec<Duration> {
        self.polled_at.lock().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_poll_drops_the_samples_and_keeps_up_0() {
    let run = start(&[Step::Value(42.0), Step::Fail(Reason::Refused)]);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(run.sample("fake_value{target=\"t\"}").as_deref(), Some("42"));
    assert_eq!(run.sample("fake_up{target=\"t\"}").as_deref(), Some("1"));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(run.sample("fake_value"), None);
    assert_eq!(run.sample("fake_up{target=\"t\"}").as_deref(), Some("0"));
    assert_eq!(run.sample("manometer_target_up{target=\"t\",collector=\"fake\"}").as_deref(), Some("0"));
    let refused = "manometer_poll_failures_total{target=\"t\",collector=\"fake\",reason=\"refused\"}";
    assert!(run.sample(refused).unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(run.hub.statuses()[0].error.as_ref().unwrap().to_string(), "asking: it said no; ask again");
}

#[tokio::test(start_paused = true)]
async fn a_hanging_poll_ends_at_its_deadline() {
    let run = start(&[Step::Hang]);
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    assert_eq!(run.sample("fake_up{target=\"t\"}").as_deref(), Some("0"));
    assert_eq!(run.sample("manometer_poll_duration_seconds{target=\"t\",collector=\"fake\"}").as_deref(), Some("4"));
    let timeouts = "manometer_poll_failures_total{target=\"t\",collector=\"fake\",reason=\"timeout\"}";
    assert_eq!(run.sample(timeouts).as_deref(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn polls_keep_the_interval_and_retries_come_sooner() {
    let run = start(&[Step::Value(1.0), Step::Value(2.0), Step::Fail(Reason::Connect)]);
    tokio::time::sleep(Duration::from_mins(1)).await;
    let polls = run.polls();
    let gaps: Vec<f64> = polls.windows(2).map(|pair| pair[1].as_secs_f64() - pair[0].as_secs_f64()).collect();
    assert!(polls[0] < Duration::from_millis(1_001), "the first poll comes within a tenth of the interval");
    assert!(gaps[..2].iter().all(|gap| (10.0..10.21).contains(gap)), "{gaps:?}");
    for (gap, expected) in gaps[2..].iter().zip([1.0, 2.0, 4.0, 8.0, 10.0]) {
        assert!(*gap >= expected - 0.01 && *gap <= expected * 1.1 + 0.01, "{gap} is not {expected} + 10 %");
    }
}

#[tokio::test(start_paused = true)]
async fn recovery_returns_the_samples_and_the_interval() {
    let run = start(&[Step::Fail(Reason::Connect), Step::Value(3.0)]);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(run.sample("fake_value{target=\"t\"}").as_deref(), Some("3"));
    assert!(run.hub.statuses()[0].up());
    assert_eq!(run.polls().len(), 2);
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(run.polls().len(), 2, "after a success the next poll waits for the interval");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failed_poll_and_not_the_end() {
    let run = start(&[Step::Value(1.0), Step::Panic, Step::Value(2.0)]);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(run.sample("fake_value{target=\"t\"}").as_deref(), Some("2"));
    let faults = "manometer_poll_failures_total{target=\"t\",collector=\"fake\",reason=\"internal\"}";
    assert_eq!(run.sample(faults).as_deref(), Some("1"));
    assert_eq!(run.sample("manometer_polls_total{target=\"t\",collector=\"fake\"}").as_deref(), Some("3"));
}

#[tokio::test(start_paused = true)]
async fn stop_ends_even_a_hanging_poll() {
    let run = start(&[Step::Hang]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    run.stop.cancel();
    tokio::time::timeout(Duration::from_millis(100), run.task).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn sizes_count_everything_exported() {
    let run = start(&[Step::Value(1.0)]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let text = String::from_utf8(run.hub.render(Format::Prometheus).plain().to_vec()).unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#')).count();
    let shown = run.sample("manometer_target_series{target=\"t\",collector=\"fake\"}").unwrap();
    assert_eq!(shown, samples.to_string());
}
