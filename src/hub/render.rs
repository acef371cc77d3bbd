//! Joining the targets' samples to one exposition.

use std::iter::Peekable;
use std::sync::OnceLock;

use bytes::Bytes;

use super::gzip::gzip;
use crate::metric::text::{self, Format, Origin};
use crate::metric::{Family, Iter, Samples};

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

    /// The text, compressed, if it has been compressed already.
    #[must_use]
    pub fn gzip_at_hand(&self) -> Option<Bytes> {
        self.gzip.get().cloned()
    }

    /// The text, compressed at the first call.
    #[must_use]
    pub fn gzip(&self) -> Bytes {
        self.gzip.get_or_init(|| gzip(&self.plain)).clone()
    }
}

/// The samples of all targets, each in the order of its names, on their way into one text.
///
/// A family whose type differs from that of a target before is left out: two types of one name would make the whole scrape
/// invalid. Fixed names cannot differ (the catalog is checked), so this is only about names that a server or a service made up.
#[derive(Default)]
pub(super) struct Joined<'a>(Vec<Part<'a>>);

/// What is left of a target.
struct Part<'a> {
    target: &'a str,
    origin: &'a Origin,
    families: Peekable<Iter<'a>>,
}

impl<'a> Joined<'a> {
    /// Adds what a target has, after that of the targets before it.
    pub(super) fn add(&mut self, target: &'a str, origin: &'a Origin, samples: &'a Samples) {
        self.0.push(Part { target, origin, families: samples.iter().peekable() });
    }

    /// The text, for which there is `room`, and what is left out of it: name and target.
    pub(super) fn write(mut self, format: Format, room: usize) -> (String, Vec<(String, String)>) {
        let mut out = String::with_capacity(room);
        let mut left_out = Vec::new();
        // All go through their names together, so that nothing is kept of a family beside its samples.
        let mut next = self.0.iter_mut().filter_map(Part::name).min();
        while let Some(name) = next.take() {
            let mut of_all = None;
            for part in &mut self.0 {
                if let Some(family) = part.families.next_if(|family| family.name() == name) {
                    let kind = *of_all.get_or_insert_with(|| {
                        text::write_header(&mut out, format, name, family.kind(), family.help());
                        family.kind()
                    });
                    if kind == family.kind() {
                        text::write_samples(&mut out, family, part.origin);
                    } else {
                        left_out.push((name.to_owned(), part.target.to_owned()));
                    }
                }
                next = next.into_iter().chain(part.name()).min();
            }
        }
        if format == Format::OpenMetrics {
            out.push_str("# EOF\n");
        }
        (out, left_out)
    }
}

impl<'a> Part<'a> {
    /// The name of its next family.
    fn name(&mut self) -> Option<&'a str> {
        self.families.peek().map(Family::name)
    }
}
