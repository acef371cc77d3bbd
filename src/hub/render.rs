//! Joining the targets' samples to one exposition.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use bytes::Bytes;

use super::SHORT;
use super::gzip::gzip;
use crate::metric::text::{self, Format, Origin};
use crate::metric::{Iter, Samples};

/// A rendered exposition, plain and (from the first time it is asked for) gzip.
#[derive(Debug)]
pub struct Exposition {
    plain: Bytes,
    gzip: OnceLock<Bytes>,
}

impl Exposition {
    pub(super) fn new(body: String) -> Self {
        Self { plain: Bytes::from(body), gzip: OnceLock::new() }
    }

    /// The text.
    #[must_use]
    pub fn plain(&self) -> Bytes {
        self.plain.clone()
    }

    /// The text, compressed, if it has been compressed already or is short.
    #[must_use]
    pub fn gzip_at_hand(&self) -> Option<Bytes> {
        if self.plain.len() <= SHORT { Some(self.gzip()) } else { self.gzip.get().cloned() }
    }

    /// The text, compressed at the first call.
    #[must_use]
    pub fn gzip(&self) -> Bytes {
        self.gzip.get_or_init(|| gzip(&self.plain)).clone()
    }
}

/// The samples of all targets, on their way into one text.
///
/// A family whose type differs from that of a target before is left out: two types of one name would make the whole scrape
/// invalid. Fixed names cannot differ (the catalog is checked), so this is only about names that a server or a service made up.
#[derive(Default)]
pub(super) struct Joined<'a> {
    parts: Vec<Part<'a>>,
    /// Every name, with the places of the parts that have it.
    names: Vec<(&'a str, Vec<u32>)>,
    by_name: HashMap<&'a str, usize>,
}

/// What is left of a target.
struct Part<'a> {
    target: &'a str,
    origin: &'a Origin,
    /// By name, as they are written: what is next here is next in the text.
    families: Iter<'a>,
}

impl<'a> Joined<'a> {
    /// Adds what a target has, after that of the targets before it.
    pub(super) fn add(&mut self, target: &'a str, origin: &'a Origin, samples: &'a Samples) {
        let part = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        // Targets of one kind have much the same families in the same order: the next one is likely the one behind the last.
        let mut likely = 0;
        for family in samples {
            let place = match self.names.get(likely) {
                Some((name, _)) if *name == family.name() => likely,
                _ => *self.by_name.entry(family.name()).or_insert_with(|| {
                    self.names.push((family.name(), Vec::new()));
                    self.names.len() - 1
                }),
            };
            likely = place + 1;
            self.names[place].1.push(part);
        }
        self.parts.push(Part { target, origin, families: samples.iter() });
    }

    /// The text, for which there is `room`, and what is left out of it: name and target.
    pub(super) fn write(mut self, format: Format, room: usize) -> (String, HashSet<(String, String)>) {
        self.names.sort_unstable_by_key(|(name, _)| *name);
        let mut out = String::with_capacity(room);
        let mut left_out = HashSet::new();
        for (name, parts) in self.names {
            let mut of_all = None;
            for part in parts {
                let part = &mut self.parts[part as usize];
                let Some(family) = part.families.next() else { continue };
                let kind = *of_all.get_or_insert_with(|| {
                    let head = (name, family.kind(), family.help());
                    text::write_header(&mut out, format, head, |name| self.by_name.contains_key(name));
                    family.kind()
                });
                if kind == family.kind() {
                    text::write_samples(&mut out, family, part.origin);
                } else {
                    left_out.insert((name.to_owned(), part.target.to_owned()));
                }
            }
        }
        if format == Format::OpenMetrics {
            out.push_str("# EOF\n");
        }
        (out, left_out)
    }
}
