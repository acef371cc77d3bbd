//! A question to Redis is added in one place, and goes the way of all others.

use manometer::collector::redis::facts::Facts;
use manometer::collector::redis::question::{QUESTIONS, Question, Row, command};
use manometer::collector::redis::reply::Unexpected;
use manometer::collector::redis::{RedisCollector, RedisTarget};
use manometer::collector::{Collector as _, KINDS};
use manometer::config::Config;
use manometer::metric::text::{Format, exposition};
use manometer::metric::{Families, Metric, MetricInfo};
use redis::{Cmd, Value};

use crate::support::agent::target;
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::redis::RedisServer;

/// A question that is not in the table: everything about it is here, and nothing anywhere else.
struct Dbsize;

const TOY_KEYS: Metric<0> = Metric::gauge("toy_keys", &[], "Keys in the selected database.").source("DBSIZE");

impl Question for Dbsize {
    const NAME: &'static str = "DBSIZE";
    const METRICS: fn() -> Vec<MetricInfo> = || vec![*TOY_KEYS.info()];
    type Heard = i64;
    type Answer = i64;

    fn new(_: &RedisTarget) -> Self {
        Self
    }

    fn commands(&self, _: &Facts) -> Vec<Cmd> {
        vec![command(&["DBSIZE"])]
    }

    fn read(&self, replies: Vec<Value>) -> Result<i64, Unexpected> {
        match &replies[..] {
            [Value::Int(keys)] => Ok(*keys),
            _ => Err(Unexpected { what: Self::NAME, expected: "an integer", got: "another reply".to_owned() }),
        }
    }

    fn answer(&mut self, keys: i64, _: &Facts) -> i64 {
        keys
    }

    fn export(keys: &i64, out: &mut Families) {
        out.push(&TOY_KEYS, [], f64::from(i32::try_from(*keys).unwrap()));
    }
}

/// What one poll with the toy question exports.
fn polled_with_toy(target: RedisTarget) -> Exposition {
    let mut collector = RedisCollector::with_questions(target, &[QUESTIONS, &[Row::of::<Dbsize>()]].concat());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let snapshot = runtime.block_on(collector.poll()).unwrap();
    let mut families = Families::new();
    RedisCollector::export(&snapshot, &mut families);
    Exposition::of(&exposition(&families.into_sorted(), Format::Prometheus))
}

#[test]
fn a_question_is_added_in_one_place() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("user shy on >swordfish +@all -dbsize").start();
    redis.command::<()>(&["MSET", "a", "1", "b", "2", "c", "3"]);
    let parsed = |more: &str| {
        let text = target("main", &redis.url()) + more;
        Config::parse(&text, "config.toml".as_ref(), &|_| None, KINDS)
            .unwrap()
            .targets_of::<RedisTarget>()
            .next()
            .unwrap()
            .clone()
    };
    let seen = polled_with_toy(parsed(""));
    seen.assert("toy_keys", &[], 3.0);
    seen.assert("redis_command_supported", &[("command", "DBSIZE")], 1.0);
    // What becomes of every question that the server refuses becomes of this one.
    let seen = polled_with_toy(parsed("username = \"shy\"\npassword = \"swordfish\"\n"));
    assert_eq!(seen.get("toy_keys", &[]), None);
    seen.assert("redis_command_supported", &[("command", "DBSIZE")], 0.0);
    seen.assert("redis_command_supported", &[("command", "INFO")], 1.0);
}
