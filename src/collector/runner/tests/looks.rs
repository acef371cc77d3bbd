//! Looks: two polls, a moment apart, that end in time.

use super::*;
use crate::config::Look;

/// What a look at a fake that does these steps takes, and what it publishes: the values of the first poll and of the second.
async fn looked(steps: &[Step]) -> (Duration, [Option<String>; 2]) {
    let origin = Instant::now();
    let steps = Arc::new(Mutex::new(steps.iter().copied().collect()));
    let make = move || Fake { steps: Arc::clone(&steps), polled_at: Arc::default(), origin, reloads: 0 };
    let settings = TargetSettings { name: "t".to_owned(), ..TargetSettings::new(String::new(), &Defaults::USUAL) };
    let instance = Instance { collector: Fake::NAME, settings, address: "nowhere".to_owned(), tls: None };
    let [first, second] = [(); 2].map(|()| Arc::new(Hub::new(|_| {})));
    let all = Look { first, second, until: origin + Duration::from_millis(1_700) };
    look::look(Polled::new(instance, make), &all).await;
    let value = |hub: &Hub| {
        let text = String::from_utf8(hub.render(Format::Prometheus).plain().to_vec()).unwrap();
        let line =
            text.lines().find(|line| line.starts_with("fake_value{") || line.starts_with("fake_up{target=\"t\"} 0"));
        line.map(str::to_owned)
    };
    (origin.elapsed(), [value(&all.first), value(&all.second)])
}

#[tokio::test(start_paused = true)]
async fn a_look_is_two_polls_a_moment_apart() {
    let (took, values) = looked(&[Step::Value(1.0), Step::Value(2.0)]).await;
    assert_eq!(took, Duration::from_millis(600));
    assert_eq!(values, [1, 2].map(|value| Some(format!("fake_value{{target=\"t\"}} {value}"))));
}

#[tokio::test(start_paused = true)]
async fn a_look_ends_in_time_whatever_hangs() {
    let down = Some("fake_up{target=\"t\"} 0".to_owned());
    assert_eq!(looked(&[Step::Hang]).await, (Duration::from_millis(1_700), [down.clone(), None]));
    let one = Some("fake_value{target=\"t\"} 1".to_owned());
    // What was cut short says nothing; what failed by itself does.
    assert_eq!(looked(&[Step::Value(1.0), Step::Hang]).await, (Duration::from_millis(1_700), [one.clone(), None]));
    let refused = looked(&[Step::Value(1.0), Step::Fail(Reason::Refused)]).await;
    assert_eq!(refused, (Duration::from_millis(600), [one, down]));
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_an_answer_and_no_second_one_is_waited_for() {
    let one = Some("fake_value{target=\"t\"} 1".to_owned());
    assert_eq!(looked(&[Step::Slow(1_500)]).await, (Duration::from_millis(1_500), [one.clone(), None]));
    assert_eq!(looked(&[Step::Slow(400)]).await, (Duration::from_secs(1), [one.clone(), one]));
}
