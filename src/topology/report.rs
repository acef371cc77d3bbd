//! The topology for people and for programs.

use std::fmt;

use serde::Serialize;

use super::View;
use super::graph::{Edge, Node};

/// The topology as `manometer topology` prints it and `/api/v1/topology` serves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    targets: Vec<Target>,
    /// What would close a circle, and is left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    name: String,
    collector: &'static str,
    /// What it stands on directly.
    on: Vec<Standing>,
    /// All that it stands on, directly or not.
    depends_on: Vec<String>,
    /// Whether it is neither said nor seen what it uses.
    is_unknown: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    on: String,
    via: &'static str,
    reason: String,
    /// RFC 3339; absent of what is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<String>,
}

impl View {
    /// What is told of it.
    #[must_use]
    pub fn report(&self) -> Report {
        let standing = |edge: &Edge| Standing {
            on: edge.on.to_string(),
            via: edge.via.as_str(),
            reason: edge.reason.clone(),
            last_seen: edge.seen.map(|at| humantime::format_rfc3339_seconds(reader::in_calendar(at)).to_string()),
        };
        let targets = self.targets.iter().map(|said| {
            let node = Node::target(&said.name);
            Target {
                name: said.name.clone(),
                collector: said.collector,
                on: self.graph.of(&node).iter().map(standing).collect(),
                depends_on: self.graph.below(&node).iter().map(ToString::to_string).collect(),
                is_unknown: self.unknown.contains(&said.name),
            }
        });
        let refused = self.refused.iter().map(|edge| format!("{} on {}: {}", edge.from, edge.on, edge.reason));
        Report { targets: targets.collect(), refused: refused.collect() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for target in &self.targets {
            writeln!(f, "{} ({})", target.name, target.collector)?;
            for on in &target.on {
                writeln!(f, "  stands on {}: {}", on.on, on.reason)?;
            }
            let direct: Vec<&str> = target.on.iter().map(|on| on.on.as_str()).collect();
            let others: Vec<&str> =
                target.depends_on.iter().map(String::as_str).filter(|name| !direct.contains(name)).collect();
            if !others.is_empty() {
                writeln!(f, "  and so on {}", others.join(", "))?;
            }
            if target.is_unknown {
                writeln!(
                    f,
                    "  it is not known what it uses: write uses = [\"NAME\"] into its table, or uses = [] for nothing"
                )?;
            }
        }
        for refused in &self.refused {
            writeln!(f, "left out, since it would close a circle: {refused}")?;
        }
        Ok(())
    }
}
