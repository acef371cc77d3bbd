//! Where the configuration comes from, and what the command line sets over it.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::StartError;
use crate::config::{Config, KindEntry, LogFormat, LogLevel, clash};

/// Where the configuration comes from.
#[derive(Clone)]
pub struct Source {
    /// The file; `None` for the environment.
    pub file: Option<PathBuf>,
    /// What the command line sets, over what the file says.
    pub overrides: Overrides,
    /// The kinds of targets that it may have.
    pub kinds: &'static [KindEntry],
}

/// Settings of the command line.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--web.listen-address`.
    pub listen_addresses: Vec<SocketAddr>,
    /// `--web.config.file`.
    pub web_config_file: Option<PathBuf>,
    /// `--web.enable-lifecycle`.
    pub enable_lifecycle: bool,
    /// `--log.level`.
    pub log_level: Option<LogLevel>,
    /// `--log.format`.
    pub log_format: Option<LogFormat>,
}

impl Source {
    /// Reads and validates the configuration.
    pub fn read(&self) -> Result<Config, StartError> {
        let environment = |name: &str| std::env::var(name).ok();
        if let Some((one, other)) = clash(&self.overrides.listen_addresses) {
            return Err(StartError::Clash(one, other));
        }
        let mut config = match &self.file {
            Some(file) => Config::load(file, self.kinds)?,
            None => Config::from_environment(&environment, self.kinds)?.ok_or(StartError::NoConfig)?,
        };
        if !self.overrides.listen_addresses.is_empty() {
            config.web.listen_addresses.clone_from(&self.overrides.listen_addresses);
        }
        if let Some(file) = &self.overrides.web_config_file {
            config.web.config_file = Some(file.clone());
        }
        config.web.enable_lifecycle |= self.overrides.enable_lifecycle;
        config.log.level = self.overrides.log_level.unwrap_or(config.log.level);
        config.log.format = self.overrides.log_format.unwrap_or(config.log.format);
        Ok(config)
    }
}
