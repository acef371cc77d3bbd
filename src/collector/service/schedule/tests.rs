use super::*;
use crate::mapping::profile::find;

const INTERVAL: Duration = Duration::from_secs(15);

/// The ticker profile with a clock.
struct Schedule {
    endpoints: Vec<Endpoint>,
    timings: Vec<Timing>,
    now: Instant,
}

impl Schedule {
    fn ticker() -> Self {
        let endpoints = find("ticker").unwrap().mapping().unwrap().endpoints.clone();
        Self { timings: vec![Timing::default(); endpoints.len()], endpoints, now: Instant::now() }
    }

    fn due(&self) -> Vec<&str> {
        let due = due(&self.endpoints, &self.timings, INTERVAL, self.now, 3);
        due.into_iter().map(|index| self.endpoints[index].name.as_str()).collect()
    }

    fn timing(&mut self, name: &str) -> &mut Timing {
        let at = self.endpoints.iter().position(|endpoint| endpoint.name == name).unwrap();
        &mut self.timings[at]
    }

    /// A poll in which everything that is asked answers usefully.
    fn poll(&mut self) -> Vec<String> {
        let asked: Vec<String> = self.due().into_iter().map(str::to_owned).collect();
        let now = self.now;
        for name in &asked {
            self.timing(name).succeeded(now, None, 0.0);
        }
        self.now += INTERVAL;
        asked
    }
}

#[test]
fn a_poll_asks_three_and_forgets_none() {
    let mut schedule = Schedule::ticker();
    let mut asked = Vec::new();
    for _ in 0..9 {
        let names = schedule.poll();
        assert_eq!(names[..2], ["series", "publisher-stats"]);
        assert_eq!(names.len(), 3);
        asked.push(names[2].clone());
    }
    // What is meant for each poll takes turns with what was never asked, and then with what is longest overdue.
    let turns = ["health", "subscriptions", "websocket-pool", "health"];
    for (turn, name) in asked.iter().enumerate() {
        assert_eq!(name, if turn % 2 == 0 { "metrics" } else { turns[turn / 2] }, "{asked:?}");
    }
}

#[test]
fn a_fallback_is_asked_only_while_the_other_does_not_answer() {
    let mut schedule = Schedule::ticker();
    schedule.poll();
    let now = schedule.now;
    schedule.timing("metrics").failed(now, None, 0.0);
    assert_eq!(schedule.due()[..2], ["series", "publisher-stats"]);
    let (endpoints, timings) = (&schedule.endpoints, &schedule.timings);
    let names = |of| {
        let found = fallbacks(endpoints, timings, INTERVAL, now, of);
        found.into_iter().map(|index| endpoints[index].name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(names(2), ["status"]);
    assert_eq!(names(1), ["circuit-breaker"]);
    assert_eq!(names(0), [""; 0]);
    // Half a second later "metrics" still has its pause, and "status" stands in for it without waiting for its failure.
    schedule.now += Duration::from_millis(500);
    let waiting = super::due(&schedule.endpoints, &schedule.timings, INTERVAL, schedule.now, 10);
    let names: Vec<&str> = waiting.iter().map(|index| schedule.endpoints[*index].name.as_str()).collect();
    assert!(
        names.contains(&"status") && !names.contains(&"metrics") && !names.contains(&"circuit-breaker"),
        "{names:?}"
    );
}

#[test]
fn pauses_double_up_to_a_minute() {
    let (mut timing, now) = (Timing::default(), Instant::now());
    let mut pauses = Vec::new();
    for _ in 0..8 {
        timing.failed(now, None, 0.0);
        pauses.push((timing.not_before.unwrap() - now).as_secs());
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    timing.succeeded(now, None, 0.0);
    timing.failed(now, None, 0.0);
    assert_eq!(timing.not_before.unwrap() - now, FIRST_PAUSE);
}

#[test]
fn a_pause_that_the_service_asks_for_is_kept_and_never_cut_short() {
    let (mut timing, now) = (Timing::default(), Instant::now());
    timing.failed(now, Some(Duration::from_mins(2)), 0.5);
    assert_eq!(timing.held_off.unwrap() - now, Duration::from_secs(126));
    timing.succeeded(now, Some(Duration::from_secs(5)), 0.0);
    assert!(timing.useful);
    assert_eq!(timing.held_off.unwrap() - now, Duration::from_secs(5));
    assert!(timing.is_held_off(now) && !timing.is_held_off(now + Duration::from_secs(5)));
}

#[test]
fn what_decides_how_the_service_is_shown_is_asked_every_two_polls() {
    let mut schedule = Schedule::ticker();
    let hour = Some(Duration::from_hours(1));
    let place = |schedule: &Schedule, name: &str| schedule.endpoints.iter().position(|of| of.name == name).unwrap();
    // While another one answers, an endpoint of numbers is left alone, and the health is not.
    let asked = |schedule: &mut Schedule, name: &str| {
        let at = place(schedule, name);
        let mut polls = Vec::new();
        for poll in 1..=5 {
            schedule.now += INTERVAL;
            if due(&schedule.endpoints, &schedule.timings, INTERVAL, schedule.now, 10).contains(&at) {
                let now = schedule.now;
                schedule.timings[at].failed(now, hour, 0.0);
                polls.push(poll);
            }
        }
        polls
    };
    let now = schedule.now;
    schedule.timing("series").succeeded(now, None, 0.0);
    for name in ["metrics", "health"] {
        schedule.timing(name).failed(now, hour, 0.0);
    }
    let health = place(&schedule, "health");
    schedule.endpoints[health].every = None;
    assert_eq!(asked(&mut schedule, "metrics"), [0; 0]);
    assert_eq!(asked(&mut schedule, "health"), [1, 3, 5]);
    // With nothing else there, whatever there is decides; and a long pause of the agent's own counts no more than theirs.
    schedule.timing("series").failed(now, None, 0.0);
    schedule.timing("metrics").failed(now, None, 0.0);
    let now = schedule.now;
    schedule.timing("metrics").failed(now, hour, 0.0);
    assert_eq!(asked(&mut schedule, "metrics"), [2, 4]);
    schedule.timing("metrics").release();
    assert_eq!(asked(&mut schedule, "metrics"), [1, 3, 5]);
}

#[test]
fn what_the_service_has_not_is_looked_for_every_ten_minutes() {
    let mut schedule = Schedule::ticker();
    let now = schedule.now;
    schedule.timing("series").absent(now, 0.0);
    let second = Duration::from_secs(1);
    schedule.now += ABSENT_PAUSE.saturating_sub(second);
    let all = |schedule: &Schedule| due(&schedule.endpoints, &schedule.timings, INTERVAL, schedule.now, 10);
    assert!(!all(&schedule).contains(&0));
    schedule.now += second;
    assert!(all(&schedule).contains(&0));
}

#[test]
fn what_is_skipped_is_never_asked_and_its_fallback_always() {
    let mut schedule = Schedule::ticker();
    schedule.endpoints[2].skipped = true;
    schedule.timings[2].useful = true;
    let due = due(&schedule.endpoints, &schedule.timings, INTERVAL, schedule.now, 10);
    assert!(!due.contains(&2));
    assert!(due.contains(&3), "the fallback stands in: {due:?}");
}

#[test]
fn what_is_forgotten_is_asked_at_once() {
    let mut schedule = Schedule::ticker();
    for _ in 0..3 {
        schedule.poll();
    }
    assert!(!schedule.due().contains(&"health"));
    schedule.timing("health").forget();
    assert!(schedule.due().contains(&"health"));
}

#[test]
fn an_answer_is_outdated_a_minute_after_it_should_have_been_renewed() {
    let mut schedule = Schedule::ticker();
    let hour = Some(Duration::from_hours(1));
    let start = schedule.now;
    // Of one that is asked at each poll, and of one that is asked once a minute.
    for (name, seconds) in [("metrics", 75), ("health", 120)] {
        let at = schedule.endpoints.iter().position(|endpoint| endpoint.name == name).unwrap();
        let endpoint = schedule.endpoints[at].clone();
        let outdated =
            |timing: &Timing, second: u64| timing.is_outdated(&endpoint, INTERVAL, start + Duration::from_secs(second));
        let timing = schedule.timing(name);
        timing.succeeded(start, hour, 0.0);
        assert_eq!(
            [seconds, seconds + 1, 3599, 3600].map(|at| outdated(timing, at)),
            [false, true, true, false],
            "{name}"
        );
        // Who is not held off is only waiting for its turn.
        timing.succeeded(start, None, 0.0);
        assert!(!outdated(timing, 3000), "{name}");
    }
}
