use super::super::reply::build::{array, bulk, error, flat, map};
use super::*;
use crate::metric::text::{Format, exposition};

fn masters(port: &str) -> Value {
    let fields = [
        ("name", "main"),
        ("ip", "10.0.0.7"),
        ("port", port),
        ("flags", "master"),
        ("last-ok-ping-reply", "250"),
        ("config-epoch", "7"),
        ("num-slaves", "2"),
        ("quorum", "2"),
        ("failover-timeout", "180000"),
        ("parallel-syncs", "1"),
        ("down-after-milliseconds", "30000"),
    ];
    array([flat(&fields), map(&[("name", "other"), ("ip", "::1"), ("port", "1"), ("quorum", "x")])])
}

fn lists() -> Vec<Value> {
    let list = |flags: &[&str]| array(flags.iter().map(|flags| flat(&[("name", "x"), ("flags", flags)])));
    let no_quorum = "NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the majority";
    let gone = "ERR No such master with that name";
    let [no_quorum, gone] = [no_quorum, gone].map(error);
    vec![
        no_quorum,
        list(&["sentinel", "s_down,sentinel,disconnected"]),
        list(&["slave", "s_down,slave", "slave,o_down", "slave,disconnected"]),
        gone.clone(),
        gone.clone(),
        gone,
    ]
}

fn samples(question: &mut SentinelMasters, port: &str) -> Vec<String> {
    let mut heard = question.read(vec![masters(port)]).unwrap();
    let request = question.more(&heard, &Facts::default()).unwrap();
    assert_eq!(request.commands.len(), 2 * COMMANDS);
    question.read_more(&mut heard, lists()).unwrap();
    let answer = question.answer(heard, &Facts::default());
    let mut families = Families::new();
    SentinelMasters::export(&answer, &mut families);
    let text = exposition(&families.into_sorted(), Format::Prometheus);
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn masters_have_their_settings_and_the_verdict_of_their_quorum() {
    let of_main = "{master_name=\"main\",master_address=\"10.0.0.7:6379\"}";
    let expected = [
        "redis_sentinel_master_ckquorum_status{master_name=\"main\"} 0".to_owned(),
        format!("redis_sentinel_master_config_epoch{of_main} 7"),
        "redis_sentinel_master_failovers_total{master_name=\"main\"} 0".to_owned(),
        "redis_sentinel_master_failovers_total{master_name=\"other\"} 0".to_owned(),
        format!("redis_sentinel_master_last_ok_ping_reply_seconds{of_main} 0.25"),
        format!("redis_sentinel_master_ok_sentinels{of_main} 2"),
        format!("redis_sentinel_master_ok_slaves{of_main} 2"),
        format!("redis_sentinel_master_setting_ckquorum{of_main} 2"),
        format!("redis_sentinel_master_setting_down_after_milliseconds{of_main} 30000"),
        format!("redis_sentinel_master_setting_failover_timeout{of_main} 180000"),
        format!("redis_sentinel_master_setting_parallel_syncs{of_main} 1"),
    ];
    assert_eq!(samples(&mut SentinelMasters::default(), "6379"), expected);
}

#[test]
fn another_address_is_a_failover() {
    let mut question = SentinelMasters::default();
    let count = |samples: Vec<String>| samples.into_iter().find(|line| line.contains("failovers_total")).unwrap();
    assert!(count(samples(&mut question, "6379")).ends_with(" 0"));
    assert!(count(samples(&mut question, "6380")).ends_with(" 1"));
    assert!(count(samples(&mut question, "6380")).ends_with(" 1"));
    assert!(count(samples(&mut question, "6379")).ends_with(" 2"));
}

#[test]
fn masters_are_bounded_and_other_shapes_are_errors() {
    let many = array((0..2000).map(|at| flat(&[("name", &at.to_string()), ("ip", "::1"), ("port", "1")])));
    assert_eq!(SentinelMasters::default().read(vec![many]).unwrap().len(), MAX_MASTERS);
    let error = SentinelMasters::default().read(vec![bulk("x")]).unwrap_err();
    assert_eq!(error.to_string(), "SENTINEL MASTERS: expected an array, got a string");
}
