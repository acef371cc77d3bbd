//! Log lines on stderr, as the Prometheus family writes them.

mod logfmt;
mod queue;

use std::io;
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tracing::error;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use self::logfmt::{Logfmt, Visible};
use self::queue::Queue;
use crate::app::DROPPED_LOG_LINES;
use crate::config::{LogFormat, LogLevel, LogSettings};

/// What a line of stderr begins with that is for people.
pub(super) const NOTE: &str = "manometer: ";
/// How long the end of the process waits for whoever reads the log.
const FLUSH: Duration = Duration::from_millis(300);

/// The log of a running agent.
#[must_use = "what is in the queue is written when it is dropped"]
pub(super) struct Log(Arc<Queue>);

/// Starts logging. Called once, before the agent runs.
pub(super) fn init(settings: LogSettings) -> io::Result<Log> {
    let level = match settings.level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let queue = Queue::new(&DROPPED_LOG_LINES);
    let layer = match settings.format {
        LogFormat::Logfmt => fmt::layer().event_format(Visible(Logfmt)).with_writer(Arc::clone(&queue)).boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_target(false)
            .map_event_format(Visible)
            .with_writer(Arc::clone(&queue))
            .boxed(),
    };
    let writing = Arc::clone(&queue);
    thread::Builder::new().name("log".to_owned()).spawn(move || writing.write_to(io::stderr()))?;
    tracing_subscriber::registry().with(layer.with_filter(level)).init();
    panic::set_hook(Box::new(panicked));
    Ok(Log(queue))
}

impl Log {
    /// Says why the agent ends, for people. It goes the way of the log: whoever does not read that holds up nothing.
    pub(super) fn note(&self, message: &str) {
        for line in message.lines() {
            self.0.push(format!("{NOTE}{line}\n").as_bytes());
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.0.flush(FLUSH);
    }
}

/// A panic is a line of the log like any other: the hook of the standard library writes to stderr itself, and waits there.
fn panicked(info: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let cause = info.payload_as_str().unwrap_or_default();
    error!(thread = thread.name().unwrap_or_default(), location, cause, "panicked; this is a fault of the agent");
}
