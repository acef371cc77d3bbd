use super::*;

const fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_asked_again_once_an_hour_on_a_new_connection_and_on_a_reload() {
    let mut support = Support::new("t");
    let refused = |support: &mut Support| support.refused("SLOWLOG GET", "NOPERM");
    refused(&mut support);
    assert!(!support.may_ask("SLOWLOG GET") && support.may_ask("SLOWLOG LEN"));
    assert_eq!(support.snapshot(), [("SLOWLOG GET", false)]);
    assert_eq!(support.notes().collect::<Vec<_>>(), ["SLOWLOG GET is refused: NOPERM"]);
    tokio::time::advance(minutes(59)).await;
    assert!(!support.may_ask("SLOWLOG GET"));
    tokio::time::advance(minutes(1)).await;
    assert!(support.may_ask("SLOWLOG GET"));
    for happens in [Support::reconnecting, Support::reloaded] {
        refused(&mut support);
        assert!(!support.may_ask("SLOWLOG GET"));
        happens(&mut support);
        assert!(support.may_ask("SLOWLOG GET"));
        assert_eq!(support.snapshot(), [("SLOWLOG GET", false)], "until it is answered");
    }
    support.answered("SLOWLOG GET");
    assert_eq!(support.snapshot(), [("SLOWLOG GET", true)]);
    assert_eq!(support.notes().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_broke_the_connection_is_tried_again_after_pauses_that_double() {
    let mut support = Support::new("t");
    support.broke("CLIENT LIST", "the server closed it");
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        tokio::time::advance(Duration::from_secs(60 * pause - 1)).await;
        assert!(!support.may_ask("CLIENT LIST") && !support.is_due("CLIENT LIST"), "{pause}");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!support.may_ask("CLIENT LIST"), "never with the others");
        assert!(support.is_due("CLIENT LIST"), "{pause}");
        support.broke("CLIENT LIST", "the server closed it");
    }
    assert_eq!(
        support.notes().collect::<Vec<_>>(),
        [
            "CLIENT LIST is left out for some minutes: it broke the connection: the server closed it, 9 times; client_list = \
          false leaves it alone"
        ]
    );
    support.reconnecting();
    assert!(!support.is_due("CLIENT LIST"), "every break is followed by a new connection");
    support.reloaded();
    assert!(support.is_due("CLIENT LIST") && !support.may_ask("CLIENT LIST"));
    support.broke("CLIENT LIST", "the server closed it");
    tokio::time::advance(minutes(1)).await;
    assert!(support.is_due("CLIENT LIST"), "a reload begins the pauses anew");
    support.answered("CLIENT LIST");
    assert!(support.may_ask("CLIENT LIST") && !support.is_due("CLIENT LIST"));
}

#[tokio::test(start_paused = true)]
async fn late_once_is_forgiven_and_twice_running_is_not() {
    let mut support = Support::new("t");
    let late = |support: &mut Support| support.was_late("CLIENT LIST", Duration::from_secs(4));
    late(&mut support);
    assert!(support.may_ask("CLIENT LIST"));
    assert_eq!(support.notes().collect::<Vec<_>>(), ["CLIENT LIST failed in the last poll: no answer within 4s"]);
    support.answered("CLIENT LIST");
    late(&mut support);
    assert!(support.may_ask("CLIENT LIST"), "not twice running");
    late(&mut support);
    assert!(!support.may_ask("CLIENT LIST"));
    tokio::time::advance(minutes(1)).await;
    assert!(support.is_due("CLIENT LIST"));
    late(&mut support);
    assert!(!support.is_due("CLIENT LIST"), "a trial that is late is a failed one");
}

#[test]
fn an_error_that_may_pass_counts_for_its_poll() {
    let mut support = Support::new("t");
    support.answered("CLIENT LIST");
    support.failed("CLIENT LIST", "ERR upstream timed out");
    assert!(support.may_ask("CLIENT LIST"));
    assert_eq!(support.notes().collect::<Vec<_>>(), ["CLIENT LIST failed in the last poll: ERR upstream timed out"]);
    support.begin_poll();
    assert_eq!(support.notes().count(), 0, "not asked in this poll, for what reason ever");
    support.answered("CLIENT LIST");
    assert_eq!(support.notes().count(), 0);
}

#[test]
fn another_run_of_the_server_is_asked_everything() {
    let mut support = Support::new("t");
    support.observe_run(Some("a"));
    support.broke("CLIENT LIST", "closed");
    support.refused("SLOWLOG GET", "NOPERM");
    support.observe_run(Some("a"));
    support.observe_run(None);
    assert!(!support.may_ask("CLIENT LIST") && !support.may_ask("SLOWLOG GET"));
    support.observe_run(Some("b"));
    assert!(support.may_ask("CLIENT LIST") && support.may_ask("SLOWLOG GET"));
    assert_eq!(support.snapshot(), [("SLOWLOG GET", false)], "a refusal on the way to it is not forgotten");
}
