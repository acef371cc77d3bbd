//! Rates from sweep to sweep.

use super::*;

/// The CPU ratio of each container that has one.
fn ratios(containers: &[Container], usage: &Usage) -> Vec<String> {
    let prefix = "container_cpu_usage_ratio";
    lines(containers, usage, prefix)
        .iter()
        .map(|line| line.replace(r#"image="image""#, "")[prefix.len()..].to_owned())
        .collect()
}

/// Containers of an agent that does not inspect.
fn setup(replies: &[(&str, Reply)]) -> Setup {
    Setup::new(replies, |target| target.inspect = false)
}

#[tokio::test(start_paused = true)]
async fn a_ratio_is_there_from_the_second_sample_on() {
    let mut setup = setup(&[("aa", Reply::Used(10.0, 0.0))]);
    let all = containers(&["aa"]);
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(ratios(&all, &usage), [""; 0]);
    // Three seconds of the four CPUs in 1.5 s.
    setup.fake.say("aa", Reply::Used(13.0, 1.5));
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(ratios(&all, &usage), [r#"{name="name-of-aa",} 0.5"#]);
    // The engine gave the same sample again.
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(ratios(&all, &usage), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_sample_is_bridged() {
    let mut setup = setup(&[("aa", Reply::Used(10.0, 0.0))]);
    let all = containers(&["aa"]);
    setup.sweep(&all).await;
    setup.fake.say("aa", Reply::Status(500));
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(ratios(&all, &usage), [""; 0]);
    setup.fake.say("aa", Reply::Used(14.0, 4.0));
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(ratios(&all, &usage), [r#"{name="name-of-aa",} 0.25"#]);
}

#[tokio::test(start_paused = true)]
async fn a_restarted_container_begins_anew() {
    let mut setup = setup(&[("aa", Reply::Used(10.0, 0.0))]);
    let run = |second| {
        let mut all = containers(&["aa"]);
        all[0].started = Some(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(second));
        all
    };
    setup.sweep(&run(100)).await;
    // It has used more since its restart than before it.
    setup.fake.say("aa", Reply::Used(12.0, 4.0));
    let (usage, _) = setup.sweep(&run(200)).await;
    assert_eq!(ratios(&run(200), &usage), [""; 0]);
    setup.fake.say("aa", Reply::Used(12.0, 8.0));
    let (usage, _) = setup.sweep(&run(200)).await;
    assert_eq!(ratios(&run(200), &usage), [r#"{name="name-of-aa",} 0"#]);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_of_a_container_goes_with_it() {
    let mut setup = setup(&[("aa", Reply::Used(10.0, 0.0)), ("bb", Reply::Used(10.0, 0.0)), ("cc", Reply::Hang)]);
    setup.sweep(&containers(&["aa", "bb", "cc"])).await;
    assert_eq!((setup.sweeper.previous.len(), setup.sweeper.unanswered.len()), (2, 1));
    let mut stopped = containers(&["aa"]);
    stopped[0].state = RunState::Exited;
    setup.sweep(&stopped).await;
    assert_eq!((setup.sweeper.previous.len(), setup.sweeper.unanswered.len()), (0, 0));
    let all = containers(&["aa"]);
    setup.fake.say("aa", Reply::Used(13.0, 4.0));
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(ratios(&all, &usage), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_still_to_be_inspected_is_waited_for() {
    let mut setup = Setup::new(&[("aa", Reply::Used(10.0, 0.0))], |_| {});
    let all = containers(&["aa"]);
    setup.sweep(&all).await;
    setup.fake.say("aa", Reply::Used(13.0, 1.5));
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(ratios(&all, &usage), [""; 0]);
    assert_eq!(lines(&all, &usage, "container_cpu_usage_cores").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_traffic_of_a_shared_network_is_counted_once() {
    let mut setup = setup(&[("aa", Reply::Used(1.0, 0.0)), ("bb", Reply::Used(1.0, 0.0))]);
    let mut all = containers(&["aa", "bb"]);
    all[1].shares_network = true;
    let (usage, _) = setup.sweep(&all).await;
    assert_eq!(
        lines(&all, &usage, "container_network_"),
        [
            r#"container_network_receive_bytes_total{name="name-of-aa",image="image",interface="eth0"} 1"#,
            r#"container_network_transmit_bytes_total{name="name-of-aa",image="image",interface="eth0"} 2"#,
        ]
    );
}
