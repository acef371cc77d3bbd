//! Log lines on stderr, as the Prometheus family writes them.

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use super::logfmt::{Logfmt, Visible};
use crate::config::{LogFormat, LogLevel, LogSettings};

/// Starts logging. Called once, before the agent runs.
pub(super) fn init(settings: LogSettings) {
    let level = match settings.level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let layer = match settings.format {
        LogFormat::Logfmt => fmt::layer().event_format(Visible(Logfmt)).with_writer(std::io::stderr).boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_target(false)
            .map_event_format(Visible)
            .with_writer(std::io::stderr)
            .boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(level)).init();
}
