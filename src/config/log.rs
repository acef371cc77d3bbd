//! `[log]`: which lines are logged, and how they are written.

use clap::ValueEnum;
use serde::Serialize;

use reader::Table;

/// `[log]`.
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
    pub(super) fn read(mut table: Table<'_>) -> Self {
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
