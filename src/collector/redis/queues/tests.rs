//! Replies that a real server gives only to a cluster, to a user without rights, or in a bad moment.

use super::super::reply::build::{array, bulk, error, words};
use super::super::slot::Slots;
use super::kinds::Kind;
use super::*;
use crate::metric::text::{Format, exposition};

fn table(kind: &str, names: &[&str]) -> Queues {
    let kind: &'static Kind = kind.parse().unwrap();
    Queues::new(kind, names.iter().map(|name| (*name).to_owned()).collect())
}

fn question(tables: Vec<Queues>) -> QueueSizes {
    let steps = plan::steps(&tables, 0);
    let (batch, further_batch) = (Batch::new(0), Batch::new(0));
    let further = Vec::new();
    let mut question = QueueSizes {
        tables,
        database: 0,
        has_instances: false,
        steps,
        batch,
        slots: None,
        is_renewed: false,
        further,
        further_batch,
        note: None,
        held_elsewhere: None,
    };
    question.prepare(&Facts::default());
    question
}

/// One poll: the samples of the answer, and the note.
fn poll(
    question: &mut QueueSizes,
    facts: &Facts,
    first: Vec<Value>,
    second: Vec<Value>,
) -> (Vec<String>, Option<String>) {
    let mut heard = question.read(first).unwrap();
    question.more(&heard, facts);
    question.read_more(&mut heard, second).unwrap();
    let answer = question.answer(heard, facts);
    let mut families = Families::with_limit(1000);
    QueueSizes::export(&answer, &mut families);
    let text = exposition(&families.into_sorted(), Format::Prometheus);
    let samples = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    (samples, question.note())
}

#[test]
fn each_database_is_selected_once_and_left() {
    let mut far = table("bullmq", &["a"]);
    far.db = Some(3);
    let mut near = table("celery", &["b"]);
    near.priorities = vec![0, 9];
    let question = question(vec![far, near]);
    let asked = words(&question.commands(&Facts::default()));
    assert_eq!(
        asked,
        [
            "LLEN b",
            "LLEN b\u{6}\u{16}9",
            "HLEN unacked",
            "SELECT 3",
            "LLEN bull:a:wait",
            "LLEN bull:a:paused",
            "ZCARD bull:a:prioritized",
            "LLEN bull:a:active",
            "ZCARD bull:a:failed",
            "LINDEX bull:a:wait -1",
            "LINDEX bull:a:paused -1",
            "ZRANGE bull:a:prioritized 0 0",
            "SELECT 0",
        ]
    );
}

#[test]
fn what_a_server_cannot_select_is_not_read_from_another_database() {
    let mut far = table("list", &["a"]);
    far.db = Some(99);
    let mut question = question(vec![far, table("list", &["b"])]);
    let replies = vec![Value::Int(1), error("ERR DB index is out of range"), Value::Int(7), Value::Okay];
    let (samples, note) = poll(&mut question, &Facts::default(), replies, Vec::new());
    assert_eq!(samples, ["queue_size{queue=\"b\"} 1"]);
    assert_eq!(
        note.unwrap(),
        "not all of [[redis.queue]] could be read: \"a\": ERR DB index is out of range; look at kind, name, db and prefix"
    );
}

#[test]
fn a_node_tells_of_the_keys_that_it_holds() {
    let mut question = question(vec![table("list", &["foo", "user1000"])]);
    let moved = error("MOVED 12182 127.0.0.1:7001");
    assert!(question.pardons(0, "MOVED", "12182 127.0.0.1:7001"));
    let (samples, note) = poll(&mut question, &Facts::default(), vec![moved, Value::Int(2)], Vec::new());
    assert_eq!((samples, note), (vec!["queue_size{queue=\"user1000\"} 2".to_owned()], None));
    let mut facts = Facts::default();
    facts.slots = Slots::parse("0-5460");
    question.prepare(&facts);
    assert_eq!(words(&question.commands(&facts)), ["LLEN user1000"]);
    question.prepare(&Facts::default());
    assert_eq!(question.commands(&Facts::default()).len(), 2, "it is in no cluster any more");
}

#[test]
fn a_key_without_rights_costs_its_number_alone() {
    let mut question = question(vec![table("list", &["a", "b"])]);
    let refused = error("NOPERM No permissions to access a key");
    let (samples, note) = poll(&mut question, &Facts::default(), vec![refused, Value::Int(2)], Vec::new());
    assert_eq!(samples, ["queue_size{queue=\"b\"} 2"]);
    assert!(note.unwrap().contains("\"a\": NOPERM No permissions to access a key"));
    question.prepare(&Facts::default());
    assert_eq!(words(&question.commands(&Facts::default())), ["LLEN b"], "it is not asked again");
    let (samples, note) = poll(&mut question, &Facts::default(), vec![Value::Int(3)], Vec::new());
    assert_eq!(samples, ["queue_size{queue=\"b\"} 3"]);
    assert!(note.is_some(), "and told as long");
    question.renew();
    question.prepare(&Facts::default());
    let (samples, note) = poll(&mut question, &Facts::default(), vec![bulk("x"), Value::Int(2)], Vec::new());
    assert_eq!(samples, ["queue_size{queue=\"b\"} 2"]);
    assert!(note.is_some());
    question.prepare(&Facts::default());
    let (_, note) = poll(&mut question, &Facts::default(), vec![Value::Int(1), Value::Int(2)], Vec::new());
    assert_eq!(note, None, "it is about the last poll");
}

#[test]
fn a_connection_that_is_renewed_within_a_poll_shifts_no_reply() {
    let mut question = question(vec![table("list", &["a", "b", "c"])]);
    let refused = error("NOPERM No permissions to access a key");
    poll(&mut question, &Facts::default(), vec![refused, Value::Int(2), Value::Int(3)], Vec::new());
    question.prepare(&Facts::default());
    assert_eq!(words(&question.commands(&Facts::default())), ["LLEN b", "LLEN c"]);
    question.renew();
    let (samples, _) = poll(&mut question, &Facts::default(), vec![Value::Int(4), Value::Int(5)], Vec::new());
    assert_eq!(samples, ["queue_size{queue=\"b\"} 4", "queue_size{queue=\"c\"} 5"]);
    question.prepare(&Facts::default());
    assert_eq!(words(&question.commands(&Facts::default())), ["LLEN a", "LLEN b", "LLEN c"]);
}

#[test]
fn workers_that_died_are_not_counted() {
    let mut question = question(vec![table("rq", &["a"])]);
    let first = |workers: Value| vec![Value::Int(0), Value::Int(0), Value::Int(0), workers, Value::Nil];
    let workers = array([bulk("rq:worker:1"), bulk("rq:worker:2")]);
    let heard = question.read(first(workers.clone())).unwrap();
    let asked = question.more(&heard, &Facts::default()).unwrap();
    assert_eq!(words(&asked.commands), ["EXISTS rq:worker:1 rq:worker:2"]);
    let (samples, _) = poll(&mut question, &Facts::default(), first(workers), vec![Value::Int(1)]);
    assert!(samples.contains(&"queue_workers{queue=\"a\"} 1".to_owned()), "{samples:?}");
    let (samples, _) = poll(&mut question, &Facts::default(), first(array([])), Vec::new());
    assert!(samples.contains(&"queue_workers{queue=\"a\"} 0".to_owned()), "{samples:?}");
    let (samples, _) = poll(&mut question, &Facts::default(), first(error("WRONGTYPE x")), Vec::new());
    assert!(!samples.concat().contains("queue_workers"), "{samples:?}");
}

/// What is told of the workers of Celery in database 0, by the clients.
fn workers(names: &[&str], clients: &[&str]) -> Vec<String> {
    let mut question = question(vec![table("celery", names)]);
    let line = |(id, client): (usize, &&str)| format!("id={id} addr=10.0.0.1:5 name= age=1 idle=1 flags=N {client}\n");
    let list: String = clients.iter().enumerate().map(line).collect();
    let mut facts = Facts::default();
    facts.client_list = Some(list.into_bytes().into());
    let replies = vec![Value::Int(0); question.steps.len()];
    let (samples, _) = poll(&mut question, &facts, replies, Vec::new());
    samples.into_iter().filter(|sample| sample.starts_with("queue_workers")).collect()
}

#[test]
fn celerys_workers_are_told_where_the_clients_show_them() {
    let (waits, listens) = ("db=0 sub=0 psub=0 cmd=brpop", "db=0 sub=0 psub=1 cmd=psubscribe");
    let elsewhere = "db=1 sub=0 psub=1 cmd=brpop";
    assert_eq!(workers(&["a"], &[waits, listens, waits, elsewhere]), ["queue_workers{queue=\"a\"} 2"]);
    assert_eq!(workers(&["a"], &[elsewhere]), ["queue_workers{queue=\"a\"} 0"]);
    assert_eq!(workers(&["a"], &[listens]), Vec::<String>::new(), "its hands may be full");
    assert_eq!(workers(&["a", "b"], &[waits]), Vec::<String>::new(), "for which of the two?");
    assert_eq!(workers(&["a", "b"], &[]), ["queue_workers{queue=\"a\"} 0", "queue_workers{queue=\"b\"} 0"]);
}

#[test]
fn the_fullest_channel_of_all_processes_is_shown() {
    let mut asgi = table("asgi", &[]);
    asgi.groups = vec!["g".to_owned(), "h".to_owned()];
    asgi.capacity = Some(10);
    let mut question = question(vec![asgi]);
    let members = |names: &[&str]| array(names.iter().map(|name| bulk(name)));
    let first = vec![
        Value::Int(3),
        members(&["specific.a!1", "specific.a!2", "specific.b!3"]),
        Value::Int(2),
        members(&["specific.a!4", "named"]),
    ];
    let heard = question.read(first.clone()).unwrap();
    let asked = question.more(&heard, &Facts::default()).unwrap();
    assert_eq!(words(&asked.commands), ["ZCARD asginamed", "ZCARD asgispecific.a!", "ZCARD asgispecific.b!"]);
    let counts = vec![Value::Int(10), Value::Int(4), Value::Int(11)];
    let (samples, note) = poll(&mut question, &Facts::default(), first.clone(), counts);
    assert_eq!(
        samples,
        [
            "queue_capacity{queue=\"specific.*\"} 10",
            "queue_capacity{queue=\"named\"} 10",
            "queue_size{queue=\"specific.*\"} 11",
            "queue_size{queue=\"named\"} 10",
            "redis_channel_group_channels{group=\"g\"} 3",
            "redis_channel_group_channels{group=\"h\"} 2",
            "redis_channel_group_full_channels{group=\"g\"} 1",
            "redis_channel_group_full_channels{group=\"h\"} 1",
        ]
    );
    assert_eq!(note, None);
    let counts = vec![error("WRONGTYPE x"), Value::Int(4), Value::Int(11)];
    let (samples, note) = poll(&mut question, &Facts::default(), first, counts);
    assert!(!samples.contains(&"redis_channel_group_full_channels{group=\"h\"} 0".to_owned()), "{samples:?}");
    assert!(note.is_some());
}
