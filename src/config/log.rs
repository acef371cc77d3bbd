//! `[logging]`: which lines the agent logs, and how they are written.

use clap::ValueEnum;
use serde::Serialize;

use reader::Table;

/// `[logging]`, or `[log]` in a file that has no `[[log]]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LogSettings {
    /// The least severe level that is logged.
    pub level: LogLevel,
    /// How a line is written.
    pub format: LogFormat,
}

/// Log levels, as the Prometheus family names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// Changes of state.
    Info,
    /// What needs attention.
    #[value(alias = "warning")]
    Warn,
    /// What does not work.
    Error,
}

/// Log formats, as the Prometheus family names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// `key=value` pairs.
    Logfmt,
    /// One JSON object a line.
    Json,
}

impl LogSettings {
    /// Reads it; `[log]` is its name too, where that is not the array of the logs that are watched.
    pub(super) fn read(root: &mut Table<'_>) -> Self {
        let is_short = root.is_table("log");
        if is_short && root.has("logging") {
            root.problem(root.line_of("logging"), "logging", None, "[log] is the same table; keep one of the two");
        }
        let table = if is_short { root.table("log") } else { root.table("logging") };
        let settings = Self::of(table);
        if is_short {
            // It is known, and reported above.
            let _ = root.table("logging");
        }
        settings
    }

    fn of(mut table: Table<'_>) -> Self {
        let default = Self::default();
        let settings = Self {
            level: table.choice("level").unwrap_or(default.level),
            format: table.choice("format").unwrap_or(default.format),
        };
        table.finish();
        settings
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: LogFormat::Logfmt }
    }
}
