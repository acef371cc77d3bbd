//! Joining the targets' samples to one exposition.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::metric::text::{self, Format, Origin};
use crate::metric::{Family, Samples};

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

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8 + 64), Compression::fast());
    // Writing to a Vec cannot fail.
    let _ = encoder.write_all(body);
    Bytes::from(encoder.finish().unwrap_or_default())
}

/// The families of all targets, by name.
///
/// A block whose type differs from the family's is left out: two types of one name would make the whole scrape invalid.
/// Fixed names cannot differ (the catalog is checked), so this is only about names that a server or a service made up.
#[derive(Default)]
pub(super) struct Joined<'a> {
    /// The blocks of each, of which the first says name, type and help.
    families: Vec<Vec<(&'a Origin, Family<'a>)>>,
    by_name: HashMap<&'a str, usize>,
    /// The names that are left out, each with the target that lost it.
    left_out: Vec<(String, String)>,
}

impl<'a> Joined<'a> {
    /// Adds what a target has, after that of the targets before it.
    pub(super) fn add(&mut self, target: &str, origin: &'a Origin, samples: &'a Samples) {
        // Targets of one kind have much the same families in the same order: the next one is likely the one behind the last.
        let mut likely = 0;
        for family in samples {
            let known = self.families.get(likely).and_then(|blocks| blocks.first());
            let place = match known.filter(|(_, first)| first.name() == family.name()) {
                Some(_) => likely,
                None => *self.by_name.entry(family.name()).or_insert_with(|| {
                    self.families.push(Vec::new());
                    self.families.len() - 1
                }),
            };
            likely = place + 1;
            let blocks = &mut self.families[place];
            if blocks.first().is_none_or(|(_, first)| first.kind() == family.kind()) {
                blocks.push((origin, family));
            } else {
                self.left_out.push((family.name().to_owned(), target.to_owned()));
            }
        }
    }

    /// The text, for which there is `room`, and what is left out of it.
    pub(super) fn write(mut self, format: Format, room: usize) -> (String, Vec<(String, String)>) {
        let name = |blocks: &[(&Origin, Family<'a>)]| blocks.first().map(|(_, first)| first.name());
        self.families.sort_unstable_by(|one, other| name(one).cmp(&name(other)));
        let mut out = String::with_capacity(room);
        for blocks in self.families {
            if let Some((_, first)) = blocks.first() {
                text::write_header(&mut out, format, first.name(), first.kind(), first.help());
            }
            for (origin, family) in blocks {
                text::write_samples(&mut out, family, origin);
            }
        }
        if format == Format::OpenMetrics {
            out.push_str("# EOF\n");
        }
        (out, self.left_out)
    }
}
