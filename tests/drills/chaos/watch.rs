//! Looks at `/metrics` all the time, and holds it against what is so.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use super::truth::{Fact, Is};
use crate::support::exposition::Exposition;
use crate::support::http::Request;

/// Something that is up or not, as the agent tells it.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    /// Its name in the truth.
    pub(crate) name: &'static str,
    pub(crate) metric: &'static str,
    /// The label that has its name.
    pub(crate) label: &'static str,
    /// The target whose polls tell of it.
    pub(crate) target: &'static str,
    pub(crate) interval: Duration,
    /// What else must be up, and for how long, before it is known how this is.
    pub(crate) on: Option<&'static str>,
}

/// Polls that must be begun anew until the agent knows: the one that is under way, and the one after it.
const POLLS: f64 = 2.0;
/// Two intervals, and the time that a poll of a target that does not answer takes to give up.
const INTERVALS: u32 = 2;
const GRACE: Duration = Duration::from_millis(1500);
/// How long after Redis the service on it is itself again.
const DEPENDENT: Duration = Duration::from_secs(20);
/// A scrape that is worth being named.
pub(crate) const SLOW: Duration = Duration::from_millis(100);

/// What was seen of an element since it changed last.
#[derive(Debug, Clone, Copy)]
struct Seen {
    change: u64,
    /// When it was first looked at, and the polls there were by then.
    since: Instant,
    polls: f64,
    is_right: bool,
    /// It is up, and what is shown was read since.
    is_settled: bool,
    is_told: bool,
}

/// What is not as it should be.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub(crate) at: Instant,
    pub(crate) text: String,
    /// It is about a moment: a busy machine may be the reason.
    pub(crate) is_late: bool,
}

/// All that was seen.
#[derive(Debug, Default)]
pub(crate) struct Seeing {
    elements: BTreeMap<&'static str, Seen>,
    counters: HashMap<(String, BTreeMap<String, String>), f64>,
    lives: BTreeMap<&'static str, u64>,
    /// What has begun anew, and has not been seen since.
    anew: BTreeSet<&'static str>,
    /// What was shown of a target that was down.
    stale: BTreeSet<(&'static str, String)>,
    pub(crate) scrapes: Vec<(Instant, Duration)>,
    /// How long it took until an element was shown as it is.
    pub(crate) reactions: BTreeMap<&'static str, Vec<Duration>>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) samples: Vec<Sampled>,
}

/// What the agent takes of its machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sampled {
    pub(crate) at: Instant,
    /// Which of its lives.
    pub(crate) life: u64,
    pub(crate) resident: f64,
    pub(crate) files: f64,
    pub(crate) series: usize,
}

type Facts = BTreeMap<&'static str, Fact>;

impl Seeing {
    fn violation(&mut self, is_late: bool, text: String) {
        self.violations.push(Violation { at: Instant::now(), text, is_late });
    }

    /// Scrapes once. `facts` tells what is so.
    pub(crate) fn look(&mut self, address: std::net::SocketAddr, elements: &[Element], facts: impl Fn() -> Facts) {
        let (before, started) = (facts(), Instant::now());
        let answer = Request::get("/metrics").try_send(address);
        let (took, after) = (started.elapsed(), facts());
        let (agent, later) = (before["agent"], after["agent"]);
        if agent.is != Is::Up || later.change != agent.change {
            return;
        }
        let text = match answer {
            Ok(answer) if answer.status == 200 => answer.text(),
            Ok(answer) => return self.violation(false, format!("/metrics is answered by {}", answer.status)),
            Err(error) => return self.violation(false, format!("/metrics is not answered: {error}")),
        };
        self.scrapes.push((started, took));
        if took > SLOW {
            self.violation(true, format!("/metrics took {} ms", took.as_millis()));
        }
        match Exposition::parse(&text) {
            Ok(exposition) => self.check(&exposition, elements, started, &before, &after),
            Err(error) => self.violation(false, format!("/metrics is wrong: {error}")),
        }
    }

    fn check(&mut self, seen: &Exposition, elements: &[Element], at: Instant, before: &Facts, after: &Facts) {
        self.samples.push(Sampled {
            at,
            life: before["agent"].lives,
            resident: seen.value("process_resident_memory_bytes", &[]),
            files: seen.value("process_open_fds", &[]),
            series: seen.samples().count(),
        });
        for element in elements {
            self.element(seen, element, at, before, after);
        }
        for element in elements.iter().filter(|element| element.name == element.target) {
            if seen.get(element.metric, &[("target", element.target)]) == Some(0.0) {
                self.stale(seen, element.target);
            }
        }
        self.counters(seen, elements, after);
    }

    /// A target that is down has no numbers.
    fn stale(&mut self, seen: &Exposition, target: &'static str) {
        for sample in seen.samples() {
            let is_of_it = sample.labels.get("target").is_some_and(|of| of == target);
            if is_of_it && !outlives(&sample.name) && self.stale.insert((target, sample.name.clone())) {
                self.violation(false, format!("{target} is down, and {} is shown", sample.name));
            }
        }
    }

    /// Whether an element is shown as it is.
    fn element(&mut self, seen: &Exposition, element: &Element, at: Instant, before: &Facts, after: &Facts) {
        let (Some(fact), agent) = (before.get(element.name), before["agent"]) else { return };
        let change = change(fact, &agent);
        let Some(polls) = seen.get("manometer_polls_total", &[("target", element.target)]) else {
            return self.violation(false, format!("nothing is shown of {}", element.target));
        };
        let first = Seen { change, since: at, polls, is_right: false, is_settled: false, is_told: false };
        let mut state =
            self.elements.get(element.name).copied().filter(|state| state.change == change).unwrap_or(first);
        let is_known =
            after.get(element.name).is_some_and(|later| later.change == fact.change) && fact.is != Is::Unknown;
        let is_alone = element.on.is_none_or(|on| {
            [before, after].iter().all(|facts| facts[on].is == Is::Up) && before[on].since.elapsed() > DEPENDENT
        });
        if !is_alone {
            // It begins when that is over.
            self.elements.remove(element.name);
            return;
        }
        if is_known {
            let value = seen.get(element.metric, &[(element.label, element.name)]);
            let (is_right, waited) = (value == Some(f64::from(u8::from(fact.is == Is::Up))), state.since.elapsed());
            if is_right && !state.is_right {
                self.reactions.entry(element.name).or_default().push(waited);
            }
            if !is_right && !state.is_told {
                let shown = value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
                let what = format!("{} is {:?} and {} shows {shown}", element.name, fact.is, element.metric);
                let why = seen.series("manometer_target_failing", &[("target", element.target)]);
                let why = why.first().map_or_else(String::new, |sample| format!(" ({})", sample.labels["reason"]));
                let since = waited.as_secs_f64();
                let polls = polls - state.polls;
                // Deadlines are times on the clock: a machine that is busy misses them.
                let is_busy = fact.is == Is::Up && why == " (timeout)";
                if waited > element.interval * INTERVALS + GRACE {
                    let text = format!("{what}{why}, {since:.1} s and {polls} polls after it");
                    self.violation(is_busy || polls < POLLS, text);
                    state.is_told = true;
                }
            }
            state.is_right = is_right;
            state.is_settled = is_right && fact.is == Is::Up && polls - state.polls >= POLLS;
        }
        self.elements.insert(element.name, state);
    }

    fn forget(&mut self, target: &str) {
        self.counters.retain(|(_, labels), _| labels.get("target").is_none_or(|of| of != target));
    }

    /// No counter goes back, but with what it counts.
    fn counters(&mut self, seen: &Exposition, elements: &[Element], facts: &Facts) {
        for element in elements {
            let lives = facts.get(element.name).map_or(0, |fact| fact.lives);
            if self.lives.insert(element.name, lives).is_some_and(|before| before != lives) {
                self.anew.insert(element.name);
            }
        }
        let lives = facts["agent"].lives;
        if self.lives.insert("agent", lives).is_some_and(|before| before != lives) {
            self.counters.clear();
        }
        let anew: Vec<&str> =
            elements.iter().filter(|element| self.anew.contains(element.name)).map(|element| element.target).collect();
        let mut back = Vec::new();
        for family in seen.families.iter().filter(|family| family.kind == "counter") {
            for sample in &family.samples {
                let key = (sample.name.clone(), sample.labels.clone());
                let last = self.counters.insert(key, sample.value).filter(|last| *last > sample.value);
                // A target that comes and goes with the configuration begins anew each time.
                let is_anew = sample.labels.get("target").is_some_and(|target| {
                    anew.contains(&target.as_str()) || elements.iter().all(|element| element.target != target)
                });
                if let Some(last) = last.filter(|_| !is_anew) {
                    back.push(format!("{} {:?} went from {last} to {}", sample.name, sample.labels, sample.value));
                }
            }
        }
        for text in back {
            self.violation(false, text);
        }
        // What it counted in its last life was shown until now. What was seen before it began anew says nothing about that.
        for element in elements {
            let change = facts.get(element.name).map(|fact| change(fact, &facts["agent"]));
            let is_of_now = |state: &&Seen| Some(state.change) == change;
            let is_seen = self.elements.get(element.name).filter(is_of_now).is_some_and(|state| state.is_settled);
            if is_seen && self.anew.remove(element.name) {
                self.forget(element.target);
            }
        }
    }
}

/// The number of the state in which something is. A stopped agent knows nothing new.
fn change(fact: &Fact, agent: &Fact) -> u64 {
    fact.change + (agent.change << 32)
}

/// What is shown of a target that is down: that it is, why, and what its collector itself counts.
fn outlives(name: &str) -> bool {
    let own = ["redis_up", "service_up", "docker_up", "redis_connection_status", "redis_server_state"];
    let of_the_agent = [
        "redis_ping_seconds_",
        "redis_publish_canary_delivery_seconds_",
        "manometer_",
        "service_endpoint_",
        "service_mapping_errors_",
        "redis_exporter_",
    ];
    // What it has seen happen is counted on.
    let counted = [
        "container_exits_",
        "container_last_exit_code",
        "container_log_",
        "container_oom_events_",
        "container_restarts_",
        "container_scrape_error",
        "container_starts_",
    ];
    own.contains(&name) || of_the_agent.iter().chain(&counted).any(|beginning| name.starts_with(beginning))
}
