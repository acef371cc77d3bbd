//! Joining the targets' encoded blocks to one exposition.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::TargetSamples;
use crate::metric::text::{self, Format};
use crate::metric::{Family, Kind};

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

/// One family of the joined exposition: its header comes from the first target that has it.
struct Joined<'a> {
    kind: Kind,
    help: &'a str,
    blocks: Vec<&'a str>,
}

/// All families by name: the agent's own, with the labels `of_own`, then each target's block in the order of the targets' names.
///
/// A block whose type differs from the family's is left out: two types of one name would make the whole scrape invalid.
/// Fixed names cannot differ (the catalog is checked), so this is only about names that a server or a service made up. They
/// are returned beside the text, each with the target that lost it.
pub(super) fn join(
    own: &[Family],
    of_own: &[(&str, &str)],
    targets: &[Arc<TargetSamples>],
    format: Format,
) -> (String, Vec<(String, String)>) {
    let own_encoded = text::blocks(own, of_own);
    let mut families: BTreeMap<&str, Joined<'_>> = BTreeMap::new();
    let own_blocks = own.iter().zip(&own_encoded).map(|(family, block)| ("", family, block));
    let target_blocks = targets.iter().flat_map(|target| {
        let families = target.families.iter().zip(&target.encoded);
        families.map(|(family, block)| (target.status.key.target.as_str(), family, block))
    });
    let (mut size, mut left_out) = (0, Vec::new());
    for (target, family, block) in own_blocks.chain(target_blocks) {
        let joined = families.entry(family.name()).or_insert_with(|| {
            size += 2 * family.name().len() + family.help().len() + 32;
            Joined { kind: family.kind(), help: family.help(), blocks: Vec::new() }
        });
        if joined.kind == family.kind() {
            size += block.len();
            joined.blocks.push(block);
        } else {
            left_out.push((family.name().to_owned(), target.to_owned()));
        }
    }
    let mut out = String::with_capacity(size);
    for (name, family) in families {
        text::write_header(&mut out, format, name, family.kind, family.help);
        family.blocks.iter().for_each(|block| out.push_str(block));
    }
    if format == Format::OpenMetrics {
        out.push_str("# EOF\n");
    }
    (out, left_out)
}
