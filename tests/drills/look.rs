//! What `manometer check` says while a fault lasts.

use std::process::{Child, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::row::Row;
use crate::stack::Site;
use crate::support::agent::{command, config_file, in_network_of};

/// A look that is being taken.
pub(crate) struct Look {
    check: Child,
    _folder: TempDir,
}

impl Look {
    /// Looks with the configuration of the site's first agent.
    pub(crate) fn begin(site: &Site) -> Self {
        let (folder, file) = config_file(&site.agents[0].config);
        let mut check = command(&["check", "--json", "--config", file.to_str().unwrap()]);
        if let Some(containers) = &site.containers {
            check = in_network_of(containers.docker.host(), &check);
        }
        let check = check.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        Self { check, _folder: folder }
    }

    /// What it found, in a few words; or in what it contradicts those who were told.
    pub(crate) fn end(self, row: &Row) -> Result<String, String> {
        let shown = self.check.wait_with_output().unwrap();
        let report: Value = serde_json::from_slice(&shown.stdout).map_err(|error| format!("check: {error}"))?;
        let wanted = match row.told {
            [0, _, 0] => 0,
            [0, ..] => 1,
            _ => 2,
        };
        let causes = report["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let names: Vec<&str> = causes.iter().filter_map(|cause| cause["alert"].as_str()).collect();
        let text = format!("check {} {}", report["exit"], names.join(" "));
        let is_named = wanted == 0 || names.first().is_some_and(|name| name.starts_with(row.cause));
        if report["exit"] == wanted && is_named { Ok(text.trim_end().to_owned()) } else { Err(text) }
    }
}
