//! The file of the state: its form, and how it is written.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use reader::file::O_NONBLOCK;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::MAX_AGE;

/// What the file says that it is, and the version of its form.
const FORMAT: &str = "manometer state";
const VERSION: u64 = 1;

/// Its name in the folder.
const FILE: &str = "state.json";

/// Bytes beyond which it is neither read nor written: ten thousand positions are two of them.
const MAX_BYTES: u64 = 16 << 20;

/// What a part has handed in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Section {
    /// When, in seconds since 1970.
    pub(super) written: u64,
    pub(super) data: Value,
}

/// The file as a whole.
#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    version: u64,
    sections: &'a BTreeMap<String, Section>,
}

/// What of it says whether it is ours.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u64,
}

#[derive(Deserialize)]
struct Body {
    sections: BTreeMap<String, Section>,
}

/// A folder that is ours for as long as this lives.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Holds the lock.
    _lock: File,
}

impl Folder {
    /// Locks the folder against another agent.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let own = path.to_owned();
        // What is asked for is the folder: another thing beside it is on another disk.
        reader::file::bounded(&path.join(FILE), move || Self::open_here(&own))?
    }

    fn open_here(path: &Path) -> Result<Self, String> {
        let advice = "let the agent write there (under systemd: StateDirectory=manometer)";
        let failed = |what: &str, error: &io::Error| format!("{what}: {error}; {advice}");
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| failed("creating it", &error))?;
        let lock = private().create(true).truncate(false).open(path.join("lock"));
        let lock = lock.map_err(|error| failed("opening the file lock in it", &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err("another agent keeps its state there; give each its own state_dir".to_owned())
            }
            Err(TryLockError::Error(error)) => Err(failed("locking it", &error)),
        }
    }

    pub(super) fn file(&self) -> PathBuf {
        self.path.join(FILE)
    }

    /// What the last run has left.
    pub(super) fn read(&self, now: u64) -> Result<BTreeMap<String, Section>, String> {
        read(&self.path, now)
    }

    /// Writes beside the file and renames; the bytes that it has now.
    pub(super) fn write(&self, sections: &BTreeMap<String, Section>) -> Result<u64, String> {
        let written = Written { format: FORMAT, version: VERSION, sections };
        let text = serde_json::to_vec(&written).map_err(|error| error.to_string())?;
        let bytes = text.len() as u64;
        if bytes > MAX_BYTES {
            return Err(format!("it would be larger than {} MiB", MAX_BYTES >> 20));
        }
        let beside = self.path.join("state.json.new");
        let replaced = replace(&beside, &self.file(), &text).and_then(|()| File::open(&self.path)?.sync_all());
        if replaced.is_err() {
            // Half a file may be in the way of the next attempt on a full disk.
            let _ = fs::remove_file(&beside);
        }
        replaced.map(|()| bytes).map_err(|error| error.to_string())
    }
}

/// What was left in the folder, without what is too old; nothing if there is no file.
pub(super) fn read(folder: &Path, now: u64) -> Result<BTreeMap<String, Section>, String> {
    let text =
        reader::file::read_if_there(&folder.join(FILE), MAX_BYTES >> 10).map_err(|problem| format!("it {problem}"))?;
    let Some(text) = text else { return Ok(BTreeMap::new()) };
    let mut sections = parse(&text)?;
    sections.retain(|_, section| now.saturating_sub(section.written) <= MAX_AGE.as_secs());
    Ok(sections)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    // A pipe in the place of a file is refused at once.
    options.write(true).mode(0o600).custom_flags(O_NONBLOCK);
    options
}

fn replace(beside: &Path, place: &Path, text: &[u8]) -> io::Result<()> {
    // What an agent that was killed has left, or anybody else has put there.
    if let Err(error) = fs::remove_file(beside)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = private().create_new(true).open(beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(beside, place)
}

/// The sections of a file's text.
pub(super) fn parse(text: &[u8]) -> Result<BTreeMap<String, Section>, String> {
    let head: Head =
        serde_json::from_slice(text).map_err(|error| format!("it is cut off or not one of this program: {error}"))?;
    if head.format != FORMAT {
        return Err("it is one of another program".to_owned());
    }
    if head.version != VERSION {
        return Err(format!("it has version {}, and this agent writes version {VERSION}", head.version));
    }
    let body: Result<Body, _> = serde_json::from_slice(text);
    body.map(|body| body.sections).map_err(|error| format!("it is damaged: {error}"))
}
