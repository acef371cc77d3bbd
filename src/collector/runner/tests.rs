mod lines;
mod looks;

use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::collector::{Collector, Health};
use crate::config::{Defaults, Interval};
use crate::metric::text::Format;
use crate::metric::{Families, Metric, MetricInfo};

const UP: Metric<0> = Metric::gauge("fake_up", &[], "Up.");
const VALUE: Metric<0> = Metric::gauge("fake_value", &[], "Value.");

/// What the fake does at each poll; the last step repeats.
#[derive(Clone, Copy)]
enum Step {
    Value(f64),
    Fail(Reason),
    Hang,
    /// Answers after so many milliseconds.
    Slow(u64),
    Panic,
    /// Answers at once but for ten seconds from each of these milliseconds on.
    Freezes(&'static [u64]),
}

struct Fake {
    steps: Arc<Mutex<VecDeque<Step>>>,
    polled_at: Arc<Mutex<Vec<Duration>>>,
    origin: Instant,
    reloads: usize,
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
            Step::Slow(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                Ok(1.0)
            }
            Step::Freezes(starts) => {
                let now = self.origin.elapsed();
                let ends =
                    starts.iter().map(|start| Duration::from_millis(*start)..Duration::from_millis(start + 10_000));
                if let Some(freeze) = ends.into_iter().find(|freeze| freeze.contains(&now)) {
                    tokio::time::sleep_until(self.origin + freeze.end).await;
                }
                Ok(1.0)
            }
        }
    }

    fn export(snapshot: &f64, out: &mut Families) {
        assert!(*snapshot >= 0.0, "a fault of the fake");
        out.push(&VALUE, [], *snapshot);
    }

    fn export_health(health: &Health<'_>, out: &mut Families) {
        out.push_bool(&UP, [], health.error.is_none());
    }

    fn notes(&self) -> Vec<String> {
        vec!["told of a reload".to_owned(); self.reloads]
    }

    fn reloaded(&mut self) {
        self.reloads += 1;
    }
}

struct Run {
    hub: Arc<Hub>,
    polled_at: Arc<Mutex<Vec<Duration>>>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn start(steps: &[Step]) -> Run {
    start_at(steps, Interval::Every(Duration::from_secs(10)))
}

fn start_at(steps: &[Step], interval: Interval) -> Run {
    start_beside("t", steps, interval, Arc::new(Hub::new(|_| {})))
}

/// A target of that name beside those that `hub` knows.
fn start_beside(name: &str, steps: &[Step], interval: Interval, hub: Arc<Hub>) -> Run {
    let polled_at = Arc::default();
    let origin = Instant::now();
    let steps = Arc::new(Mutex::new(steps.iter().copied().collect()));
    let polled = Arc::clone(&polled_at);
    let make = move || Fake { steps: Arc::clone(&steps), polled_at: Arc::clone(&polled), origin, reloads: 0 };
    let settings = TargetSettings {
        name: name.to_owned(),
        interval,
        deadline: Duration::from_secs(4),
        series_limit: 100,
        ..TargetSettings::new(String::new(), &Defaults::USUAL)
    };
    let instance = Instance { collector: Fake::NAME, settings, address: "nowhere".to_owned(), tls: None };
    let stop = CancellationToken::new();
    let task = tokio::spawn(run(Polled::new(instance, make), Arc::clone(&hub), stop.clone()));
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
    let failing = "manometer_target_failing{target=\"t\",collector=\"fake\",reason=\"refused\"}";
    assert_eq!(run.sample(failing).as_deref(), Some("1"));
    let refused = "manometer_poll_failures_total{target=\"t\",collector=\"fake\",reason=\"refused\"}";
    assert!(run.sample(refused).unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(run.hub.statuses()[0].error.as_ref().unwrap().to_string(), "asking: it said no; ask again");
}

#[tokio::test(start_paused = true)]
async fn a_collector_is_told_of_each_reload_before_its_next_poll() {
    let run = start(&[Step::Value(42.0)]);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(run.hub.statuses()[0].notes, [""; 0]);
    run.hub.reloaded();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(run.hub.statuses()[0].notes, ["told of a reload"]);
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
    assert_eq!(polls[0], Duration::ZERO, "who is alone waits for nobody");
    assert!(gaps[..2].iter().all(|gap| (gap - 10.0).abs() < 0.01), "{gaps:?}");
    for (gap, expected) in gaps[2..].iter().zip([1.0, 2.0, 4.0]) {
        assert!(*gap >= expected - 0.01 && *gap <= expected * 1.1 + 0.01, "{gap} is not {expected} + 10 %");
    }
    assert_eq!(polls[6..], [30, 40, 50].map(Duration::from_secs), "a regular poll comes when it is due");
}

#[tokio::test(start_paused = true)]
async fn many_targets_are_polled_soon_and_from_then_on_apart() {
    let (hub, interval) = (Arc::new(Hub::new(|_| {})), Duration::from_secs(15));
    let start =
        |number| start_beside(&format!("t{number}"), &[Step::Value(1.0)], Interval::Every(interval), Arc::clone(&hub));
    let runs: Vec<Run> = (0..200).map(start).collect();
    tokio::time::sleep(4 * interval).await;
    let polls: Vec<Vec<Duration>> = runs.iter().map(Run::polls).collect();
    assert!(polls.iter().all(|polls| polls[0] <= Duration::from_secs(1)));
    for polls in &polls {
        let gaps: Vec<Duration> = polls.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        assert!(gaps[0] > interval / 20 && gaps[0] <= interval.mul_f64(1.05), "{gaps:?}");
        assert!(gaps[1..].iter().all(|gap| gap.abs_diff(interval) <= Duration::from_millis(1)), "{gaps:?}");
    }
    // Fifths of a second, in which a few begin together.
    let mut places = [0; 75];
    for polls in &polls {
        places[usize::try_from(polls[2].as_millis() / 200 % 75).unwrap()] += 1;
    }
    assert!(places.iter().all(|polls| (2..=4).contains(polls)), "{places:?}");
}

#[tokio::test(start_paused = true)]
async fn recovery_returns_the_samples_and_the_interval() {
    let run = start(&[Step::Fail(Reason::Connect), Step::Value(3.0)]);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(run.sample("fake_value{target=\"t\"}").as_deref(), Some("3"));
    assert!(run.hub.statuses()[0].up());
    assert_eq!(run.polls().len(), 2);
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(run.polls()[2..], [Duration::from_secs(10)], "after a success the next poll comes when it is due");
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
async fn a_panic_in_the_export_is_shown_and_not_the_end() {
    let run = start(&[Step::Value(1.0), Step::Value(-1.0), Step::Value(2.0)]);
    while run.polls().len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(run.sample("fake_value{target=\"t\"}"), None, "the value of the poll before is no value of now");
    assert_eq!(run.sample("fake_up{target=\"t\"}").as_deref(), Some("0"));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(run.sample("fake_value{target=\"t\"}").as_deref(), Some("2"));
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

/// Scrapes the target alone, `times` times.
async fn scrape(run: &Run, period: Duration, times: u32) {
    for _ in 0..times {
        run.hub.rhythm().scraped(Some(&Key::of("t")), 1, Instant::now());
        tokio::time::sleep(period).await;
    }
}

/// The milliseconds from each poll to the scrape after it, whose period is given.
fn to_scrape(polls: &[Duration], scrapes_at: Duration, period: Duration) -> Vec<u128> {
    let period = period.as_millis();
    polls.iter().map(|poll| period - (poll.as_millis() + period - scrapes_at.as_millis() % period) % period).collect()
}

#[tokio::test(start_paused = true)]
async fn polls_follow_the_scrapes_and_keep_their_distance_from_them() {
    let run = start_at(&[Step::Value(1.0)], Interval::Auto(Duration::from_secs(15)));
    let fifteen = Duration::from_secs(15);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(run.polls().len(), 2, "nobody scrapes: one at once, and one each 15 s");
    scrape(&run, fifteen, 12).await;
    let polls = run.polls();
    // Three scrapes are a rhythm: from then on there is one poll for each, 0.75 s before it.
    let followed = &polls[polls.len() - 9..];
    assert_eq!(to_scrape(followed, Duration::from_secs(20), fifteen), [750; 9]);
    let gaps: Vec<u128> = followed.windows(2).map(|pair| pair[1].saturating_sub(pair[0]).as_millis()).collect();
    assert_eq!(gaps, [15_000; 8]);
    assert_eq!(run.sample("manometer_poll_interval_seconds{target=\"t\",collector=\"fake\"}").as_deref(), Some("15"));
}

#[tokio::test(start_paused = true)]
async fn a_faster_scraper_leads_and_when_it_stops_the_other_one_does() {
    let run = start_at(&[Step::Value(1.0)], Interval::Auto(Duration::from_secs(15)));
    let interval = || {
        run.sample("manometer_poll_interval_seconds{target=\"t\",collector=\"fake\"}").unwrap().parse::<f64>().unwrap()
    };
    let all = |at| run.hub.rhythm().scraped(None, 7, at);
    for second in 0_u32..240 {
        if second % 15 == 0 {
            all(Instant::now());
        }
        if (60..120).contains(&second) && second % 5 == 2 {
            run.hub.rhythm().scraped(None, 8, Instant::now());
        }
        let expected = if (80..120).contains(&second) { Some(5.0) } else { (second > 180).then_some(15.0) };
        if let Some(expected) = expected {
            assert!((interval() - expected).abs() < 0.01, "{} s at {second}", interval());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert!((interval() - 15.0).abs() < f64::EPSILON);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_half_of_a_short_interval_and_a_hang_is_still_a_poll_for_each_scrape() {
    let run = start_at(&[Step::Value(1.0), Step::Hang], Interval::Auto(Duration::from_secs(15)));
    scrape(&run, Duration::from_secs(2), 40).await;
    assert_eq!(run.sample("manometer_poll_duration_seconds{target=\"t\",collector=\"fake\"}").as_deref(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn a_written_interval_holds_whoever_scrapes() {
    let run = start(&[Step::Value(1.0)]);
    scrape(&run, Duration::from_secs(3), 20).await;
    assert_eq!(run.polls().len(), 6, "{:?}", run.polls());
}

#[tokio::test(start_paused = true)]
async fn what_is_expensive_is_not_asked_for_each_of_many_scrapes() {
    let mut settings = TargetSettings::new("t".to_owned(), &Defaults::USUAL);
    settings.shortest_interval = Duration::from_secs(5);
    let hub = Arc::new(Hub::new(|_| {}));
    let mut pace = Pace::new(Key::of("t"), settings.clone(), &hub, 0);
    for _ in 0..5 {
        hub.rhythm().scraped(Some(&Key::of("t")), 1, Instant::now());
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let next = pace.next(Instant::now(), &mut settings);
    assert_eq!(
        (settings.interval, settings.deadline),
        (Interval::Auto(Duration::from_secs(6)), Duration::from_secs(3))
    );
    assert_eq!(next, Instant::now() + Duration::from_millis(5_700));
}

#[tokio::test(start_paused = true)]
async fn a_freeze_of_ten_seconds_is_seen_by_the_scrape_after_it_whenever_it_begins() {
    /// Twenty moments, one in each minute.
    const STARTS: &[u64] = &[
        63_210, 121_900, 187_040, 246_500, 301_130, 364_800, 429_999, 483_333, 541_234, 608_765, 660_100, 727_700,
        784_321, 846_060, 900_900, 969_420, 1_023_456, 1_089_000, 1_142_857, 1_201_618,
    ];
    let run = start(&[Step::Freezes(STARTS)]);
    let number = |suffix: &str| {
        let line = format!("manometer_poll_seconds_{suffix}");
        run.sample(&line).map_or(0.0, |count| count.parse::<f64>().unwrap())
    };
    let slow = || {
        let count = number("count{target=\"t\",collector=\"fake\"}");
        count - number("bucket{target=\"t\",collector=\"fake\",le=\"0.005\"}")
    };
    let mut seen = Vec::new();
    for _scrape in 0..86 {
        tokio::time::sleep(Duration::from_secs(15)).await;
        seen.push(slow());
    }
    for (place, start) in STARTS.iter().enumerate() {
        let scrape = usize::try_from((start + 10_000 + 4_000) / 15_000).unwrap();
        let expected = f64::from(u32::try_from(place).unwrap() + 1);
        assert!(seen[scrape] >= expected, "{} at {start} ms: {seen:?}", seen[scrape]);
    }
}
