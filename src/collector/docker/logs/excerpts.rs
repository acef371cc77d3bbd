//! The last matching lines, for people who look at an alert. They are kept only if the configuration wants them, masked
//! before they are kept, and they are neither logged nor exported as metrics.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::redact;
use crate::hub::Excerpt;
use crate::logpattern::{Patterns, Stream};
use crate::metric::{Families, Metric, MetricInfo, Unit};
use crate::queue::{Queue, QueueMetrics, WhenFull};
use parking_lot::Mutex;

/// Lines that wait to be masked. A flood of matches loses the oldest, which the next ones would replace anyway.
const WAITING: usize = 1024;

/// Bytes of a line that are looked at: more than are shown, as a secret's end may lie behind them.
const MAX_LOOKED_AT: usize = 1024;

/// Excerpts of one container and pattern.
const KEPT: usize = 5;

/// Excerpts of all of them.
const KEPT_IN_ALL: usize = 1000;

static QUEUE: QueueMetrics = QueueMetrics {
    size: Metric::gauge("manometer_log_samples_queue_size", &[], "Matching log lines that wait to become samples.")
        .unit(Unit::Count)
        .source("agent"),
    capacity: Metric::gauge(
        "manometer_log_samples_queue_capacity",
        &[],
        "Matching log lines that can wait to become samples.",
    )
    .unit(Unit::Count)
    .source("agent"),
    dropped: Metric::counter(
        "manometer_log_samples_items_dropped_total",
        &[],
        "Matching log lines that became no samples because more came than could be masked; the counters have them.",
    )
    .unit(Unit::Count)
    .source("agent"),
    put_wait: Metric::histogram(
        "manometer_log_samples_put_wait_seconds",
        &[],
        "How long readers waited to hand a matching log line over; they never wait, the oldest line makes room.",
    )
    .unit(Unit::Seconds)
    .source("agent"),
    throughput: Metric::gauge(
        "manometer_log_samples_throughput_per_second",
        &[],
        "Matching log lines that became samples a second, since the poll before the last.",
    )
    .unit(Unit::PerSecond)
    .source("agent"),
};

/// The metrics of the queue.
pub(super) fn metrics() -> Vec<MetricInfo> {
    QUEUE.infos()
}

/// A line on its way.
#[derive(Debug)]
struct Raw {
    container: Arc<str>,
    pattern: usize,
    stream: Stream,
    at: Option<u64>,
    text: Box<[u8]>,
    is_cut: bool,
}

/// Hands the lines of one container over.
#[derive(Debug, Clone)]
pub(super) struct ExcerptSender {
    container: Arc<str>,
    excerpts: Arc<Excerpts>,
}

impl ExcerptSender {
    pub(super) fn offer(&self, pattern: usize, stream: Stream, at: Option<u64>, text: &[u8]) {
        let length = text.len().min(MAX_LOOKED_AT);
        let (text, is_cut) = (text[..length].into(), length < text.len());
        self.excerpts.queue.offer(Raw { container: Arc::clone(&self.container), pattern, stream, at, text, is_cut });
    }
}

/// The last matching lines of all containers.
#[derive(Debug)]
pub(super) struct Excerpts {
    queue: Queue<Raw>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The oldest first, by container and pattern.
    excerpts: BTreeMap<(Arc<str>, usize), VecDeque<Excerpt>>,
    in_all: usize,
}

impl Excerpts {
    pub(super) fn new() -> Self {
        Self { queue: Queue::new(WAITING, WhenFull::DropOldest, &QUEUE), kept: Mutex::default() }
    }

    pub(super) fn of(self: &Arc<Self>, container: &str) -> ExcerptSender {
        ExcerptSender { container: container.into(), excerpts: Arc::clone(self) }
    }

    /// Masks and keeps what readers hand over, for ever.
    pub(super) async fn collect(&self, patterns: &Patterns) {
        loop {
            let raw = self.queue.take().await;
            self.keep(raw, patterns);
        }
    }

    fn keep(&self, raw: Raw, patterns: &Patterns) {
        let at = raw.at.and_then(|nanos| UNIX_EPOCH.checked_add(Duration::from_nanos(nanos)));
        let excerpt = Excerpt {
            container: raw.container.to_string(),
            pattern: patterns.name(raw.pattern).to_owned(),
            stream: raw.stream.as_str(),
            at: at.unwrap_or_else(SystemTime::now),
            text: redact::shown(&raw.text, raw.is_cut),
        };
        self.kept.lock().keep((raw.container, raw.pattern), excerpt);
    }

    /// All of them, the newest first.
    pub(super) fn list(&self) -> Vec<Excerpt> {
        let mut all: Vec<Excerpt> = self.kept.lock().excerpts.values().flatten().cloned().collect();
        all.sort_by_key(|excerpt| std::cmp::Reverse(excerpt.at));
        all
    }

    /// Gives up those of a container.
    pub(super) fn forget(&self, container: &str) {
        let mut kept = self.kept.lock();
        kept.excerpts.retain(|(of, _), _| **of != *container);
        kept.in_all = kept.excerpts.values().map(VecDeque::len).sum();
    }

    pub(super) fn export(&self, out: &mut Families) {
        self.queue.export(out);
    }
}

impl Kept {
    fn keep(&mut self, key: (Arc<str>, usize), excerpt: Excerpt) {
        let of_key = self.excerpts.entry(key).or_default();
        of_key.push_back(excerpt);
        self.in_all += 1;
        if of_key.len() > KEPT {
            of_key.pop_front();
            self.in_all -= 1;
        }
        if self.in_all > KEPT_IN_ALL {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let oldest = self.excerpts.iter().min_by_key(|(_, excerpts)| excerpts.front().map(|excerpt| excerpt.at));
        let Some(key) = oldest.map(|(key, _)| key.clone()) else { return };
        if let Some(excerpts) = self.excerpts.get_mut(&key) {
            self.in_all -= usize::from(excerpts.pop_front().is_some());
            if excerpts.is_empty() {
                self.excerpts.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logpattern::{FollowSettings, PatternSet};

    fn patterns() -> Patterns {
        Patterns::new(&FollowSettings { sets: vec![PatternSet::Pool], ..FollowSettings::default() })
    }

    fn texts(excerpts: &Excerpts) -> Vec<String> {
        excerpts.list().into_iter().map(|excerpt| excerpt.text).collect()
    }

    async fn settle(excerpts: &Arc<Excerpts>) {
        let collecting = Arc::clone(excerpts);
        let task = tokio::spawn(async move { collecting.collect(&patterns()).await });
        while excerpts.queue_size() > 0 {
            tokio::task::yield_now().await;
        }
        task.abort();
    }

    impl Excerpts {
        fn queue_size(&self) -> usize {
            let mut families = Families::new();
            self.export(&mut families);
            let size = families.get("manometer_log_samples_queue_size").unwrap().values().next().unwrap().1;
            usize::from(size > 0.0)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_of_each_container_and_pattern_are_kept_masked() {
        let excerpts = Arc::new(Excerpts::new());
        let web = excerpts.of("web");
        for at in 1..=7 {
            web.offer(2, Stream::Stderr, Some(at), format!("too many connections {at} password=p{at}").as_bytes());
        }
        web.offer(0, Stream::Stdout, Some(100), &b"pool metrics: { x ".repeat(100));
        excerpts.of("db").offer(2, Stream::Stdout, None, b"too many connections");
        settle(&excerpts).await;
        let all = excerpts.list();
        assert_eq!(all.len(), 7);
        // Without a time of its own it is the newest.
        assert_eq!((all[0].container.as_str(), all[0].text.as_str()), ("db", "too many connections"));
        assert_eq!(all[1].text.len(), 200);
        assert_eq!(
            all[2],
            Excerpt {
                container: "web".to_owned(),
                pattern: "pool_exhausted".to_owned(),
                stream: "stderr",
                at: UNIX_EPOCH + Duration::from_nanos(7),
                text: "too many connections 7 password=***".to_owned(),
            }
        );
        assert_eq!(all[6].text, "too many connections 3 password=***");
        excerpts.forget("web");
        assert_eq!(texts(&excerpts), ["too many connections"]);
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_an_end_to_it() {
        let excerpts = Arc::new(Excerpts::new());
        for at in 0..1_024_u64 {
            excerpts.of(&format!("c{at}")).offer(0, Stream::Stdout, Some(at), at.to_string().as_bytes());
        }
        settle(&excerpts).await;
        let texts = texts(&excerpts);
        assert_eq!(texts.len(), KEPT_IN_ALL);
        assert_eq!((texts[0].as_str(), texts[999].as_str()), ("1023", "24"));
        assert_eq!(excerpts.kept.lock().excerpts.len(), KEPT_IN_ALL);
    }
}
