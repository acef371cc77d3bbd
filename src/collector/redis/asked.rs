//! Questions of any type, as a poll goes through them: each keeps what it heard until it is answered.

use redis::Value;

use super::facts::Facts;
use super::question::{Question, Request};
use super::reply::Unexpected;
use crate::collector::redis::RedisTarget;
use crate::metric::Families;
use crate::topology::Sight;

/// A question of any type, and what it heard so far in the poll that runs.
pub(super) trait Asked: Send {
    fn name(&self) -> &'static str;
    fn comes_last(&self) -> bool;
    fn reword(&mut self, error: Option<&str>) -> bool;
    fn pardons(&self, place: usize, code: &str, detail: &str) -> bool;
    fn renew(&mut self);
    fn left_out(&self, facts: &Facts) -> Option<String>;
    fn note(&self) -> Option<String>;
    /// Begins a poll; what an earlier one that was cut off has heard is forgotten.
    fn begin(&mut self, facts: &Facts) -> Option<Request>;
    fn hear(&mut self, replies: Vec<Value>) -> Result<(), Unexpected>;
    fn tell(&self, facts: &mut Facts);
    fn more(&mut self, facts: &Facts) -> Option<Request>;
    /// `None` when nothing was heard: the server refused the question, or it was not asked.
    fn answer(&mut self, facts: &Facts) -> Option<Box<dyn Export>>;
}

/// The question to one server.
pub(super) fn open<Q: Question>(target: &RedisTarget) -> Box<dyn Asked> {
    Box::new(Open { question: Q::new(target), heard: None, rounds: 0, asked: 0 })
}

struct Open<Q: Question> {
    question: Q,
    heard: Option<Q::Heard>,
    /// Further round trips that it may have in this poll: none while one is not answered.
    rounds: usize,
    /// Round trips that it had.
    asked: usize,
}

impl<Q: Question> Asked for Open<Q> {
    fn name(&self) -> &'static str {
        Q::NAME
    }

    fn comes_last(&self) -> bool {
        Q::COMES_LAST
    }

    fn reword(&mut self, error: Option<&str>) -> bool {
        self.question.reword(error)
    }

    fn pardons(&self, place: usize, code: &str, detail: &str) -> bool {
        self.question.pardons(place, code, detail)
    }

    fn renew(&mut self) {
        self.question.renew();
    }

    fn left_out(&self, facts: &Facts) -> Option<String> {
        self.question.left_out(facts)
    }

    fn note(&self) -> Option<String> {
        self.question.note()
    }

    fn begin(&mut self, facts: &Facts) -> Option<Request> {
        (self.heard, self.rounds, self.asked) = (None, Q::ROUNDS, 0);
        self.question.prepare(facts);
        let commands = self.question.commands(facts);
        (!commands.is_empty()).then(|| Request::of::<Q>(commands))
    }

    fn hear(&mut self, replies: Vec<Value>) -> Result<(), Unexpected> {
        if let Some(heard) = &mut self.heard {
            self.question.read_more(heard, replies)?;
            self.rounds = Q::ROUNDS - self.asked;
            return Ok(());
        }
        self.heard = Some(self.question.read(replies)?);
        Ok(())
    }

    fn tell(&self, facts: &mut Facts) {
        if let Some(heard) = &self.heard {
            self.question.tell(heard, facts);
        }
    }

    fn more(&mut self, facts: &Facts) -> Option<Request> {
        if self.rounds == 0 {
            return None;
        }
        let request = self.question.more(self.heard.as_ref()?, facts)?;
        (self.rounds, self.asked) = (0, self.asked + 1);
        Some(request)
    }

    fn answer(&mut self, facts: &Facts) -> Option<Box<dyn Export>> {
        let answer = self.question.answer(self.heard.take()?, facts);
        Some(Box::new(Answered::<Q>(answer)))
    }
}

/// The answer to a question of any type.
pub(super) trait Export: Send + Sync {
    fn export(&self, out: &mut Families);
    fn show(&self, sight: &mut Sight);
}

struct Answered<Q: Question>(Q::Answer);

impl<Q: Question> Export for Answered<Q> {
    fn export(&self, out: &mut Families) {
        debug_assert_eq!(
            unlisted::<Q>(&self.0),
            Vec::<String>::new(),
            "exported and not in the metrics of {}",
            Q::NAME
        );
        Q::export(&self.0, out);
    }

    fn show(&self, sight: &mut Sight) {
        Q::show(&self.0, sight);
    }
}

/// What the answer exports and the question's metrics, hence the catalog, do not have.
fn unlisted<Q: Question>(answer: &Q::Answer) -> Vec<String> {
    let mut exported = Families::with_limit(usize::MAX);
    Q::export(answer, &mut exported);
    let listed = (Q::METRICS)();
    let passes = |name: &str| Q::PASSED_THROUGH.is_some_and(|prefix| name.starts_with(prefix));
    let families = exported.into_sorted();
    let unlisted = families.iter().filter(|family| {
        let is_listed = listed.iter().any(|info| info.name == family.name() && info.kind == family.kind());
        !is_listed && !passes(family.name())
    });
    unlisted.map(|family| family.name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use redis::Cmd;

    use super::*;
    use crate::metric::{Metric, MetricInfo};

    const LISTED: Metric<0> = Metric::gauge("toy_listed", &[], "Listed.");
    const FORGOTTEN: Metric<0> = Metric::gauge("toy_forgotten", &[], "Exported and not listed.");

    /// Exports what it is told to.
    struct Toy;

    impl Question for Toy {
        const NAME: &'static str = "TOY";
        const METRICS: fn() -> Vec<MetricInfo> = || vec![*LISTED.info()];
        const PASSED_THROUGH: Option<&'static str> = Some("toy_field_");
        type Heard = Vec<&'static Metric<0>>;
        type Answer = Vec<&'static Metric<0>>;

        fn new(_: &RedisTarget) -> Self {
            Self
        }

        fn commands(&self, _: &Facts) -> Vec<Cmd> {
            Vec::new()
        }

        fn read(&self, _: Vec<Value>) -> Result<Vec<&'static Metric<0>>, Unexpected> {
            Ok(Vec::new())
        }

        fn answer(&mut self, metrics: Vec<&'static Metric<0>>, _: &Facts) -> Vec<&'static Metric<0>> {
            metrics
        }

        fn export(metrics: &Vec<&'static Metric<0>>, out: &mut Families) {
            for metric in metrics {
                out.push(metric, [], 1.0);
            }
        }
    }

    #[test]
    fn what_is_exported_is_listed() {
        const FIELD: Metric<0> = Metric::gauge("toy_field_x", &[], "Named by the server.");
        const OTHER_KIND: Metric<0> = Metric::counter("toy_listed", &[], "Listed as a gauge.");
        assert_eq!(unlisted::<Toy>(&vec![&LISTED, &FIELD]), Vec::<String>::new());
        assert_eq!(unlisted::<Toy>(&vec![&LISTED, &FORGOTTEN]), ["toy_forgotten"]);
        assert_eq!(unlisted::<Toy>(&vec![&OTHER_KIND]), ["toy_listed"]);
    }
}
