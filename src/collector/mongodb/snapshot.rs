//! What one poll saw, and its names.

use super::metrics::{LABELLED, MEMBER_STATE, MY_STATE, NUMBERS, USED, VERSION};
use crate::metric::Families;
use crate::net::Reached;

/// Bytes of a version that is shown.
const MAX_VERSION: usize = 64;

metric::words! {
    /// What a server is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Member {
        /// The primary of its replica set.
        Primary = "primary",
        /// It copies the primary.
        Secondary = "secondary",
        /// It votes and has no data.
        Arbiter = "arbiter",
        /// It belongs to a replica set, and is none of these now.
        Other = "other",
        /// It is alone.
        Standalone = "standalone",
        /// It routes to shards.
        Mongos = "mongos",
        /// It does not answer.
        Unknown = "unknown",
    }
}

impl Member {
    /// As replSetGetStatus numbers the states, where hello tells them.
    const fn number(self) -> Option<f64> {
        match self {
            Self::Primary => Some(1.0),
            Self::Secondary => Some(2.0),
            Self::Arbiter => Some(7.0),
            Self::Other | Self::Standalone | Self::Mongos | Self::Unknown => None,
        }
    }

    /// What the fields of hello say; `is` tells whether one is true.
    #[must_use]
    pub fn read(is: impl Fn(&str) -> bool, is_router: bool, has_set: bool) -> Self {
        if is_router {
            return Self::Mongos;
        }
        match () {
            () if !has_set && is("isreplicaset") => Self::Other,
            () if !has_set => Self::Standalone,
            // Before MongoDB 4.4.2 it was asked, and answers, by another word.
            () if is("isWritablePrimary") || is("ismaster") => Self::Primary,
            () if is("secondary") => Self::Secondary,
            () if is("arbiterOnly") => Self::Arbiter,
            () => Self::Other,
        }
    }
}

/// What one poll saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// What the server is.
    pub member: Member,
    /// Its version.
    pub version: Option<String>,
    /// The numbers that it told.
    pub status: Status,
    /// Where it was reached.
    pub reached: Option<Reached>,
}

/// The numbers of serverStatus: each with the row of its table, and its word.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Status {
    numbers: Vec<(usize, f64)>,
    labelled: Vec<(usize, &'static str, f64)>,
}

impl Status {
    /// Reads the rows of the tables, and nothing else; `number` finds the one at a path whose parts stand between dots.
    pub fn read(number: impl Fn(&str) -> Option<f64>) -> Self {
        let numbers = NUMBERS.iter().enumerate();
        let numbers =
            numbers.filter_map(|(row, (field, _))| Some((row, field.paths.iter().find_map(|path| number(path))?)));
        let labelled = LABELLED.iter().enumerate().flat_map(|(row, (field, _))| {
            let number = &number;
            field.words.iter().filter_map(move |word| {
                let found = field.paths.iter().find_map(|path| number(&path.replacen('*', word, 1)));
                Some((row, *word, found?))
            })
        });
        Self { numbers: numbers.collect(), labelled: labelled.collect() }
    }

    /// Whether it is of a server that tells nothing that is known here.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.labelled.is_empty()
    }
}

impl Status {
    /// Of the connections that there may be, the part that is open.
    fn connections_used(&self) -> Option<f64> {
        let of = |wanted| {
            let is_it = |(row, word, _): &&(usize, &str, f64)| {
                LABELLED[*row].1.info().name == "mongodb_ss_connections" && *word == wanted
            };
            self.labelled.iter().find(is_it).map(|(.., value)| *value)
        };
        let (current, available) = (of("current")?, of("available")?);
        let most = current + available;
        (most > 0.0).then(|| current / most)
    }
}

/// Names what a poll saw.
pub(super) fn export(snapshot: &Snapshot, out: &mut Families) {
    export_member(snapshot.member, out);
    out.push_known(&MY_STATE, [], snapshot.member.number());
    out.push_known(&USED, [], snapshot.status.connections_used());
    if let Some(version) = snapshot.version.as_deref().filter(|version| is_version(version)) {
        out.push(&VERSION, [version], 1.0);
    }
    for (row, value) in &snapshot.status.numbers {
        out.push(&NUMBERS[*row].1, [], *value);
    }
    for (row, word, value) in &snapshot.status.labelled {
        out.push(&LABELLED[*row].1, [word], *value);
    }
}

/// Exports what the server is.
pub(super) fn export_member(member: Member, out: &mut Families) {
    out.push_state_set(&MEMBER_STATE, &Member::ALL.map(Member::as_str), member.as_str());
}

/// Whether a server's word for its version is one, and not any text.
fn is_version(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-+_".contains(&byte);
    (1..=MAX_VERSION).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_is_follows_from_hello() {
        let read =
            |fields: &[&str], is_router, has_set| Member::read(|field| fields.contains(&field), is_router, has_set);
        for (fields, is_router, has_set, member, number) in [
            (&["isWritablePrimary"][..], false, true, Member::Primary, Some(1.0)),
            (&["ismaster"], false, true, Member::Primary, Some(1.0)),
            (&["secondary"], false, true, Member::Secondary, Some(2.0)),
            (&["arbiterOnly"], false, true, Member::Arbiter, Some(7.0)),
            (&[], false, true, Member::Other, None),
            (&["isreplicaset"], false, false, Member::Other, None),
            (&["isWritablePrimary"], false, false, Member::Standalone, None),
            (&["isWritablePrimary"], true, false, Member::Mongos, None),
        ] {
            let read = read(fields, is_router, has_set);
            assert_eq!((read, read.number()), (member, number), "{fields:?}");
        }
    }

    #[test]
    fn of_several_places_the_first_that_is_there_counts() {
        let read =
            |there: &[&str]| Status::read(|path| there.iter().position(|other| *other == path).map(|at| at as f64));
        let tickets =
            |status: &Status| status.labelled.iter().map(|(_, word, value)| (*word, *value)).collect::<Vec<_>>();
        let new = read(&["queues.execution.read.out"]);
        assert_eq!(tickets(&new), [("read", 0.0)]);
        let both = read(&["queues.execution.write.out", "wiredTiger.concurrentTransactions.write.out"]);
        assert_eq!(tickets(&both), [("write", 1.0)]);
        assert!(read(&["connections.aNewOne", "uptimeMillis"]).is_empty());
    }

    #[test]
    fn a_version_is_no_text() {
        assert!(is_version("7.0.14") && is_version("8.0.0-rc1"));
        assert!(!is_version("") && !is_version("7 of 9") && !is_version(&"1".repeat(65)));
    }
}
