//! What the agent says of how it finds targets.

use super::{REFUSALS, Told};
use crate::metric::{Families, metrics};

metrics! {
    pub fn metrics;
    TARGETS: gauge "manometer_discovered_targets" ["source"] Count,
        "Targets that are watched and that the configuration does not name, by what names them: file, srv or container.",
        "targets_files, [[discover]] srv, Docker labels";
    REFUSED: gauge "manometer_discovery_refused_targets" ["reason"] Count,
        "Targets that were found and are not watched. not_allowed: no match of a [[discover]] fits their address. invalid: \
         what is said of them is wrong. name_taken: another target has their name. unresolved: their host has no address. \
         limit: they are over max_discovered.", "targets_files, [[discover]] srv, Docker labels";
    READ: gauge "manometer_discovery_source_last_read_successful" ["source"] Bool,
        "Whether the last reading of a targets file or an SRV name succeeded; 0 means that its older list is in force.",
        "targets_files, [[discover]] srv";
    READ_AT: gauge "manometer_discovery_source_last_read_success_timestamp_seconds" ["source"] UnixSeconds,
        "When the list of a targets file or an SRV name that is in force was read.", "targets_files, [[discover]] srv";
}

/// Names what is known; nothing where nothing may be found.
pub fn export(told: &Told, out: &mut Families) {
    if !told.is_on {
        return;
    }
    for source in ["file", "srv", "container"] {
        let count = told.targets.iter().filter(|of| **of == source).count();
        out.push(&TARGETS, [source], count as f64);
    }
    for reason in REFUSALS {
        let count =
            told.refused.iter().filter(|refused| refused.reason == reason).map(|refused| refused.count).sum::<usize>();
        out.push(&REFUSED, [reason.as_str()], count as f64);
    }
    for source in &told.sources {
        out.push_bool(&READ, [&source.name], source.error.is_none());
        out.push_time(&READ_AT, [&source.name], source.at);
    }
}
