//! INFO ALL, the question that the poll cannot do without.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{Cmd, Value};

use super::verdicts::{self, Verdicts};
use super::{Info, export, metrics, parse};
use crate::collector::redis::RedisTarget;
use crate::collector::redis::cluster;
use crate::collector::redis::facts::{Facts, whole};
use crate::collector::redis::hit_ratio::{self, HitRatio, WindowedRatio};
use crate::collector::redis::lookups::Lookups;
use crate::collector::redis::question::{Question, command};
use crate::collector::redis::reply::{self, Unexpected};
use crate::collector::redis::resp::Allowance;
use crate::metric::{Families, MetricInfo, metrics};
use crate::topology::Sight;

metrics! {
    fn own;
    PROMOTIONS: counter "redis_promotions_total" [] Count,
        "Times that a poll found a primary where the poll before found a replica: failovers to this server.",
        "INFO replication";
}

/// INFO ALL.
#[derive(Debug)]
pub struct InfoAll {
    hits: HitRatio,
    /// What the target's settings say.
    evictable: Option<bool>,
    /// Until when plain INFO is asked, because INFO ALL was refused.
    plain_until: Option<Instant>,
    /// INFO ALL was answered with nothing in this poll.
    was_empty: bool,
}

/// How long it is believed that INFO ALL is refused on one connection.
const REFUSAL: Duration = Duration::from_hours(1);

/// INFO, and what is computed from it.
#[derive(Debug)]
pub struct InfoAnswer {
    info: Arc<Info>,
    databases: Option<u32>,
    start_time: Option<f64>,
    hit_ratio: Option<WindowedRatio>,
    promotions: u64,
    verdicts: Verdicts,
}

impl InfoAll {
    fn is_plain(&self) -> bool {
        self.was_empty || self.plain_until.is_some_and(|until| Instant::now() < until)
    }

    fn observe_hits(&mut self, info: &Info, own: Lookups) -> Option<WindowedRatio> {
        let counters = [info.number("keyspace_hits")?, info.number("keyspace_misses")?].map(whole);
        Some(self.hits.observe(Instant::now(), info.run_id(), counters, own))
    }
}

impl Question for InfoAll {
    const NAME: &'static str = "INFO";
    const REPLY: Allowance = Allowance::TEXT;
    const METRICS: fn() -> Vec<MetricInfo> = || [metrics(), own(), hit_ratio::metrics(), verdicts::metrics()].concat();
    const PASSED_THROUGH: Option<&'static str> = Some(cluster::PASSED_THROUGH);
    type Heard = Arc<Info>;
    type Answer = InfoAnswer;

    fn new(target: &RedisTarget) -> Self {
        let hits = HitRatio::new(target.hit_ratio_window);
        Self { hits, evictable: target.evictable, plain_until: None, was_empty: false }
    }

    fn commands(&self, _: &Facts) -> Vec<Cmd> {
        vec![if self.is_plain() { command(&["INFO"]) } else { command(&["INFO", "ALL"]) }]
    }

    /// Plain INFO has less in it (no statistics of commands), and is better than nothing.
    fn reword(&mut self, error: Option<&str>) -> bool {
        if self.is_plain() {
            self.renew();
            return false;
        }
        match error {
            None => self.was_empty = true,
            Some(_) => self.plain_until = Some(Instant::now() + REFUSAL),
        }
        // Who lacks the right to one mostly lacks it to both, and each refusal counts as an error of the server: then the
        // other one is tried at the next poll.
        !error.is_some_and(|error| error.starts_with("NOPERM"))
    }

    fn renew(&mut self) {
        self.plain_until = None;
        self.was_empty = false;
    }

    fn read(&self, replies: Vec<Value>) -> Result<Arc<Info>, Unexpected> {
        let reply = reply::only(&replies);
        let info = parse(reply::bytes(reply, Self::NAME)?);
        if info.is_empty() {
            return Err(Unexpected::new(Self::NAME, "at least one known field", reply));
        }
        Ok(Arc::new(info))
    }

    fn tell(&self, info: &Arc<Info>, facts: &mut Facts) {
        facts.learn_info(info);
    }

    fn answer(&mut self, info: Arc<Info>, facts: &Facts) -> InfoAnswer {
        self.was_empty = false;
        let hit_ratio = self.observe_hits(&info, facts.lookups_before);
        let databases = facts.config.as_ref().and_then(|config| config.databases());
        let verdicts = Verdicts::of(&info, facts.config.as_deref(), self.evictable);
        InfoAnswer { info, databases, start_time: facts.start_time, hit_ratio, promotions: facts.promotions, verdicts }
    }

    fn export(answer: &InfoAnswer, out: &mut Families) {
        export(&answer.info, answer.databases, answer.start_time, out);
        if let Some(ratio) = &answer.hit_ratio {
            hit_ratio::export(ratio, out);
        }
        if answer.info.role().is_some() {
            out.push(&PROMOTIONS, [], answer.promotions as f64);
        }
        answer.verdicts.export(out);
    }

    fn show(answer: &InfoAnswer, sight: &mut Sight) {
        sight.primary = answer.info.primary();
    }
}
