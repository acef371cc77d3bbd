//! What takes the place of redis_exporter's flags and variables: one table for the command line, for the environment and
//! (by a test) for docs/COMPATIBILITY.md.

/// One flag a line: its name, its variable or `-`, `read` where the agent reads the variable too, and what replaces it.
const TABLE: &str = include_str!("redis_exporter.tsv");

/// A flag of redis_exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// Without hyphens.
    pub name: &'static str,
    /// The variable of the same meaning.
    pub variable: Option<&'static str>,
    /// Whether the variable means the same to the agent.
    pub is_read: bool,
    /// What to write in its place, or why nothing is needed.
    pub instead: &'static str,
}

/// Every flag.
pub fn flags() -> impl Iterator<Item = Flag> {
    TABLE.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let (name, variable, read) = (fields.next()?, fields.next()?, fields.next()?);
        let variable = (variable != "-").then_some(variable);
        Some(Flag { name, variable, is_read: read == "read", instead: fields.next()? })
    })
}

/// What to write in place of those `arguments` that are flags of redis_exporter, a line each.
pub fn refused<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut lines = Vec::new();
    for argument in arguments {
        let Some(bare) = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')) else { continue };
        let name = bare.split('=').next().unwrap_or_default();
        // The value of this one is the agent's too.
        if argument.starts_with("--web.listen-address") {
            continue;
        }
        if let Some(flag) = flags().find(|flag| flag.name == name) {
            lines.push(format!("-{name} is a flag of redis_exporter; here: {}", flag.instead));
        }
    }
    lines
}

/// The variables of redis_exporter that are set and mean nothing to the agent, each with what to write in its place.
pub fn ignored(is_set: impl Fn(&str) -> bool) -> Vec<String> {
    let foreign = flags().filter(|flag| !flag.is_read);
    let set = foreign.filter_map(|flag| Some((flag.variable.filter(|variable| is_set(variable))?, flag.instead)));
    set.map(|(variable, instead)| format!("{variable} of redis_exporter is set and not used; here: {instead}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_answered_however_they_are_written() {
        assert_eq!(flags().count(), 59);
        assert_eq!(
            refused(["-check-keys=db0=*", "x", "--skip-tls-verification", "--web.listen-address=:1", "-unknown"]),
            [
                "-check-keys is a flag of redis_exporter; here: match of [[redis.key]]",
                "-skip-tls-verification is a flag of redis_exporter; here: ca_file or fingerprint of [redis.tls]; \
                 verification cannot be turned off",
            ]
        );
        assert_eq!(refused(["-web.listen-address", ":9121"]).len(), 1);
    }

    #[test]
    fn variables_that_mean_nothing_are_named() {
        let set = ["REDIS_ADDR", "REDIS_EXPORTER_DEBUG", "REDIS_EXPORTER_COUNT_KEYS"];
        assert_eq!(
            ignored(|name| set.contains(&name)),
            [
                "REDIS_EXPORTER_COUNT_KEYS of redis_exporter is set and not used; here: match of [[redis.key]] with top = 0",
                "REDIS_EXPORTER_DEBUG of redis_exporter is set and not used; here: --log.level debug",
            ]
        );
    }

    /// The page is for people, the table for the agent: they say the same.
    #[test]
    fn the_page_has_the_table() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/COMPATIBILITY.md")).unwrap();
        let begin = page.find("| flag | variable | here |").expect("the table is there");
        let rows: Vec<&str> = page[begin..].lines().skip(2).take_while(|line| line.starts_with('|')).collect();
        let expected: Vec<String> = flags()
            .map(|flag| {
                let variable = flag.variable.map(|variable| format!("`{variable}`")).unwrap_or_default();
                format!("| `-{}` | {variable} | {} |", flag.name, flag.instead)
            })
            .collect();
        if std::env::var_os("UPDATE_GOLDEN").is_some() && rows != expected {
            let old = rows.join("\n");
            std::fs::write(
                concat!(env!("CARGO_MANIFEST_DIR"), "/docs/COMPATIBILITY.md"),
                page.replace(&old, &expected.join("\n")),
            )
            .unwrap();
            return;
        }
        assert_eq!(rows, expected);
    }
}
