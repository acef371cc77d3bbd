#![expect(clippy::float_cmp, reason = "whole numbers, or copied ones")]

use std::time::{Duration, UNIX_EPOCH};

use clap::ValueEnum as _;
use tokio::time::sleep;

use self::fake::{Answer, Fake, Piece, START};
use super::source::Refused;
use super::*;
use crate::logpattern::{FollowSettings, PatternSet};
use crate::metric::text::{Format, exposition};
use ::reader::Names;

mod fake;
mod runs;
mod streams;

/// A frame with a line of `second` seconds and `nanos` nanoseconds after the start.
fn line_at(second: u64, nanos: u64, text: &str) -> Piece {
    let time = UNIX_EPOCH + Duration::from_nanos((START + second) * 1_000_000_000 + nanos);
    let content = format!("{} {text}\n", humantime::format_rfc3339_nanos(time));
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    Piece::Bytes([&[1, 0, 0, 0][..], &length, content.as_bytes()].concat())
}

fn line(second: u64, text: &str) -> Piece {
    line_at(second, 123_456_789, text)
}

fn wait(seconds: u64) -> Piece {
    Piece::Wait(Duration::from_secs(seconds))
}

/// The pool patterns, on an engine of the test's own.
struct Fixture {
    fake: Fake,
    registry: Arc<Registry<Fake>>,
}

fn fixture() -> Fixture {
    fixture_with(|_| {})
}

fn fixture_with(change: impl FnOnce(&mut FollowSettings)) -> Fixture {
    let mut settings = FollowSettings { sets: vec![PatternSet::Pool], ..FollowSettings::default() };
    change(&mut settings);
    let fake = Fake::new();
    Fixture { registry: Arc::new(Registry::new(fake.clone(), settings)), fake }
}

impl Fixture {
    fn begin(&self, id: &str, name: &str, from: ReadFrom) {
        self.registry.begin(RunLog { id: id.to_owned(), name: name.to_owned(), from });
    }

    /// The samples whose names begin with `prefix`, without it.
    fn samples(&self, prefix: &str) -> Vec<String> {
        let mut families = Families::new();
        self.registry.export(true, &mut families);
        assert_eq!(families.rejections(), crate::metric::Rejections::default());
        let text = exposition(&families.into_sorted(), Format::Prometheus);
        text.lines().filter_map(|line| Some(line.strip_prefix(prefix)?.to_owned())).collect()
    }

    #[track_caller]
    fn value(&self, series: &str) -> f64 {
        let samples = self.samples(series);
        let value = samples.first().and_then(|rest| rest.trim().parse().ok());
        value.unwrap_or_else(|| panic!("no {series}: {:?}", self.samples("")))
    }

    #[track_caller]
    fn assert_exhausted(&self, name: &str, count: f64) {
        assert_eq!(
            self.value(&format!("container_log_matches_total{{name={name:?},pattern=\"pool_exhausted\"}}")),
            count
        );
    }

    /// Logs that were opened again, by reason.
    fn reopened(&self) -> Vec<(String, f64)> {
        let samples = self.samples("manometer_docker_log_reconnects_total{reason=\"");
        let parts = samples.iter().filter_map(|sample| sample.split_once("\"} "));
        parts
            .map(|(reason, count)| (reason.to_owned(), count.parse().unwrap()))
            .filter(|(_, count)| *count > 0.0)
            .collect()
    }

    fn skipped(&self, reason: &str) -> f64 {
        self.value(&format!("manometer_docker_logs_skipped{{reason={reason:?}}}"))
    }
}

const FULL: &str = "ConnectionError: Too many connections";

async fn seconds(count: u64) {
    sleep(Duration::from_secs(count)).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_not_asked_for_is_not_there() {
    // Without [docker.logs] nothing is followed, and nothing is said.
    let logs = Logs(None);
    logs.begin(RunLog { id: "1".to_owned(), name: "web".to_owned(), from: ReadFrom::Now });
    logs.end("1");
    logs.rename("1", "db");
    logs.forget("db");
    let mut families = Families::new();
    logs.export(true, &mut families);
    assert_eq!((families.series(), logs.samples()), (0, Vec::new()));
}
