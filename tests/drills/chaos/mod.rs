//! A random schedule of faults against the agent and all that stands around it, and what must hold all the while.
//!
//! `make chaos` runs it for `TIME` seconds with `SEED`; `make test` for less than half a minute with a seed that stays. What is done, to what,
//! when and for how long follows from the seed. docs/RELIABILITY.md says what must hold.

mod pages;
mod parts;
mod plan;
mod report;
mod truth;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use self::parts::agent::Agent;
use self::parts::engine::{self, Engine};
use self::parts::redis::{self, Redis};
use self::parts::service::{self, Example, Orders};
use self::plan::{About, Act, Kind, Needs, Rhythm, acts};
use self::report::Report;
use self::truth::{Is, Truth};
use self::watch::{Element, Seeing, Violation};
use crate::judges::Judges;
use crate::scale::Scale;
use crate::support::agent::{faketime, target};
use crate::support::docker;
use crate::support::ticker::Ticker;
use crate::support::wait::pause;

/// The Redis that the example stands on.
const MAIN: &str = "main";
/// Between two scrapes of the watcher.
const LOOK: Duration = Duration::from_millis(200);

/// How long, and by what chance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) time: Duration,
    pub(crate) seed: u64,
    /// In `make test`: what is about moments is only said.
    pub(crate) is_quick: bool,
    pub(crate) scale: Scale,
}

impl Options {
    pub(crate) const fn quick(scale: Scale) -> Self {
        Self { time: Duration::from_secs(15), seed: 20_261_128, is_quick: true, scale }
    }

    /// `TIME` and `SEED` of the environment.
    pub(crate) fn of_environment(scale: Scale) -> Result<Self, String> {
        let number = |name: &str, usual: u64| match std::env::var(name).ok().filter(|text| !text.is_empty()) {
            Some(text) => text.parse().map_err(|_| format!("{name} is {text:?}; it must be a whole number")),
            None => Ok(usual),
        };
        let time = Duration::from_secs(number("TIME", 3600)?);
        Ok(Self { time, seed: number("SEED", fastrand::u64(..1_000_000_000))?, is_quick: false, scale })
    }

    fn rhythm(&self) -> Rhythm {
        let calm = if self.is_quick { Duration::from_secs(5) } else { Duration::from_mins(1).min(self.time / 5) };
        let until = self.time.saturating_sub(calm);
        if self.is_quick {
            return Rhythm { calm: [(1, 4); 2], until, restarts: until, longest: 4 };
        }
        // What is disturbed again at once, and what has had time to be forgotten.
        Rhythm { calm: [(5, 20), (60, 180)], until, restarts: self.time / 6, longest: 40 }
    }
}

/// What an act is told.
pub(crate) struct Scene<'s> {
    truth: &'s Truth,
    lasts: Duration,
}

/// An act that was done.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    part: &'static str,
    about: About,
    /// From poll to poll of what it was done to.
    interval: Duration,
    begun: Instant,
    healed: Instant,
}

/// What all who take part share.
struct Show {
    options: Options,
    started: Instant,
    truth: Truth,
    done: Mutex<Vec<Done>>,
    violations: Mutex<Vec<Violation>>,
    has: fn(Needs) -> bool,
}

impl Show {
    fn wait_until(&self, at: Duration) {
        loop {
            let left = at.saturating_sub(self.started.elapsed());
            if left.is_zero() {
                return;
            }
            pause(left.min(Duration::from_millis(100)));
        }
    }

    /// Does to `part` what is planned for it.
    fn play<P>(&self, part: &mut P, name: &'static str, interval: Duration, kinds: &[&[Kind<P>]]) {
        let kinds: Vec<&Kind<P>> = kinds.iter().copied().flatten().collect();
        let plan = acts(self.options.seed, name, &kinds, self.options.rhythm());
        let played = catch_unwind(AssertUnwindSafe(|| {
            for act in &plan {
                self.act(part, name, interval, kinds[act.kind], act);
            }
        }));
        if let Err(panic) = played {
            let text = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
            let text = format!("the schedule of {name} could not go on: {text}");
            self.violations.lock().unwrap().push(Violation { at: Instant::now(), text, is_late: false });
        }
    }

    fn act<P>(&self, part: &mut P, name: &'static str, interval: Duration, kind: &Kind<P>, act: &Act) {
        self.wait_until(act.at);
        if !(self.has)(kind.about.needs) {
            return;
        }
        let scene = Scene { truth: &self.truth, lasts: act.lasts };
        let begun = Instant::now();
        let number = {
            let mut done = self.done.lock().unwrap();
            // Until it is known: it is not over.
            let healed = begun + Duration::from_secs(1_000_000);
            let number = done.len();
            done.push(Done { part: name, about: kind.about, interval, begun, healed });
            number
        };
        (kind.begin)(part, &scene);
        self.wait_until(act.at + act.lasts);
        (kind.heal)(part, &scene);
        self.done.lock().unwrap()[number].healed = Instant::now();
    }
}

fn has(needs: Needs) -> bool {
    match needs {
        Needs::Nothing | Needs::Restart => true,
        Needs::Disk => parts::agent::has_disk(),
        Needs::Clock => faketime().is_some(),
    }
}

/// Runs the schedule; whether all held.
pub(crate) fn run(options: Options) -> bool {
    let scale = options.scale;
    if faketime().is_none() {
        assert!(std::env::var_os("CI").is_none(), "libfaketime is not installed (Debian: faketime)");
        eprintln!("SKIPPED, chaos: libfaketime is not installed (Debian: faketime), clocks are left alone");
    }
    if !parts::agent::has_disk() {
        eprintln!("SKIPPED, chaos: only root can mount a small disk, none is filled");
    }
    let mut servers = [
        Redis::start(MAIN, 0),
        Redis::start("held", if options.is_quick { 200 } else { 3000 }),
        Redis::start("jobs", 0),
    ];
    servers[2].server.command::<()>(&["RPUSH", "jobs:mail", "1", "2", "3"]);
    let mut engine = (!docker::unavailable()).then(Engine::start);
    let mut orders = Orders::start();
    let url = servers[0].server.url();
    let arguments = ["--window".to_owned(), scale.text(60, 1), "--breaker-open".to_owned(), scale.text(30, 1)];
    let mut example = Example::start(move || Ticker::on(&url, &arguments.each_ref().map(String::as_str)));

    let canary = format!("canary = true\nhit_ratio_window = \"{}s\"\n", scale.whole(300, 10));
    let tables = [
        target(MAIN, &servers[0].server.url()) + &canary,
        target("held", &servers[1].server.url()),
        target("jobs", &servers[2].server.url()),
        orders.table(),
        format!(
            "[[service]]\nname = \"{}\"\nprofile = \"ticker\"\nurl = \"http://{}\"\ninterval = \"5s\"\nuses = [\"{MAIN}\"]\n\
             window = \"{}s\"\n[[service.endpoint]]\nname = \"health\"\nevery = \"5s\"\n",
            Example::NAME,
            example.address(),
            scale.whole(300, 10)
        ),
        engine.as_ref().map(Engine::table).unwrap_or_default(),
    ];
    let more = target("more", &servers[2].server.url());
    let mut agent = Agent::start(&(tables.concat() + &scale.thresholds()), &more);
    let judges = Judges::start(scale, &[agent.address.to_string()], false);

    let truth = Truth::default();
    let elements = elements(engine.is_some());
    for element in &elements {
        truth.set(element.name, Is::Up);
    }
    truth.set(Agent::NAME, Is::Up);
    let show =
        Show { options, started: Instant::now(), truth, done: Mutex::default(), violations: Mutex::default(), has };
    eprintln!("chaos: TIME={} SEED={}", options.time.as_secs(), options.seed);
    let (address, second) = (agent.address, Duration::from_secs(1));
    let mut seeing = Seeing::default();
    std::thread::scope(|scope| {
        let [main, held, jobs] = &mut servers;
        let show = &show;
        scope.spawn(|| show.play(main, MAIN, second, &[redis::KINDS, redis::WRITES_PAUSED]));
        scope.spawn(|| show.play(held, "held", second, &[redis::KINDS]));
        scope.spawn(|| show.play(jobs, "jobs", second, &[redis::KINDS]));
        scope.spawn(|| show.play(&mut orders, Orders::NAME, 5 * second, &[service::ORDERS]));
        scope.spawn(|| show.play(&mut example, Example::NAME, 5 * second, &[service::TICKER]));
        if let Some(engine) = &mut engine {
            scope.spawn(|| show.play(engine, Engine::NAME, 2 * second, &[engine::KINDS]));
        }
        scope.spawn(|| show.play(&mut agent, Agent::NAME, second, &[parts::agent::KINDS]));
        while show.started.elapsed() < options.time {
            seeing.look(address, &elements, || show.truth.all());
            pause(LOOK);
        }
    });
    let ended = Instant::now();
    let is_calm = options.is_quick || judges.ends_within(scale.clock(1800));
    let end = agent.terminate();
    agent.ends.push(end);
    let mut report = Report::new(&show, seeing, &judges, &agent, ended);
    if !is_calm {
        let told = judges.receivers.firing("page");
        report.violation(format!(
            "it does not end: {:?} fire, and of {told:?} nobody said that it is over",
            judges.firing()
        ));
    }
    eprint!("{}", report.text());
    report.holds()
}

/// What the watcher looks at.
fn elements(has_engine: bool) -> Vec<Element> {
    let second = Duration::from_secs(1);
    let target = |name, metric, interval| Element { name, metric, label: "target", target: name, interval, on: None };
    let container = |name| Element {
        name,
        metric: "container_up",
        label: "name",
        target: Engine::NAME,
        interval: 2 * second,
        on: None,
    };
    let mut elements = vec![
        target(MAIN, "redis_up", second),
        target("held", "redis_up", second),
        target("jobs", "redis_up", second),
        target(Orders::NAME, "service_up", 5 * second),
        Element { on: Some(MAIN), ..target(Example::NAME, "service_up", 5 * second) },
    ];
    if has_engine {
        elements.push(target(Engine::NAME, "docker_up", 2 * second));
        elements.extend([Engine::WEB, Engine::WORKER].map(container));
    }
    elements
}
