//! A place in a file, and what tells that file from others.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::net::descriptors::unkept;

/// Bytes at a file's beginning that tell it from others: a log begins with a time.
const PRINT_BYTES: usize = 256;

/// Entries of a folder among which a rotated file is looked for.
const MAX_SIBLINGS: usize = 10_000;

/// Bytes before a file's end among which the beginning of its last line is looked for.
const MAX_TAIL: u64 = crate::collector::lines::MAX_LINE as u64;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FilePlace {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) offset: u64,
    pub(super) print: Print,
}

/// What the first bytes of a file are: an inode is used again, and a file may be written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Print {
    /// How many there were to look at.
    bytes: usize,
    hash: u64,
}

impl FilePlace {
    /// Whether it is a place in `file`.
    pub(super) fn is_of(&self, file: &File) -> bool {
        let is_it = |now: Metadata| id(&now) == (self.device, self.inode) && now.len() >= self.offset;
        file.metadata().is_ok_and(is_it) && self.print.renewed(file).is_ok_and(|print| print.is_some())
    }
}

impl Print {
    /// Of a file's beginning.
    pub(super) fn read(file: &File) -> io::Result<Self> {
        let mut bytes = [0; PRINT_BYTES];
        let length = read_full(file, &mut bytes)?;
        Ok(Self::of(&bytes[..length]))
    }

    /// The print as it is now, which may be of more bytes; `None` if the file does not begin as it did.
    pub(super) fn renewed(self, file: &File) -> io::Result<Option<Self>> {
        let mut bytes = [0; PRINT_BYTES];
        let length = read_full(file, &mut bytes)?;
        let is_same = length >= self.bytes && Self::of(&bytes[..self.bytes.min(length)]) == self;
        Ok(is_same.then(|| Self::of(&bytes[..length])))
    }

    /// Whether it tells a file from others: logs may begin with the same few words.
    pub(super) const fn tells(&self) -> bool {
        self.bytes >= 24
    }

    fn of(bytes: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let mut hash = [0; 8];
        hash.copy_from_slice(&digest.as_ref()[..8]);
        Self { bytes: bytes.len(), hash: u64::from_be_bytes(hash) }
    }
}

fn read_full(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < bytes.len() {
        match file.read_at(&mut bytes[length..], length as u64) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// Device and inode.
pub(super) fn id(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Opens a regular file, unless it takes a descriptor that is kept; `None` if it is anything else.
pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
    reader::file::open(path)?.map(unkept).transpose()
}

/// Where the last line begins that is not complete, so that nobody takes half of a line for one; the end otherwise.
pub(super) fn end(file: &File) -> io::Result<u64> {
    let size = file.metadata()?.len();
    let mut bytes = vec![0; usize::try_from(size.min(MAX_TAIL)).unwrap_or_default()];
    let start = size - bytes.len() as u64;
    let read = file.read_at(&mut bytes, start)?;
    Ok(memchr::memrchr(b'\n', &bytes[..read]).map_or(size, |at| start + at as u64 + 1))
}

/// Looks for the file of a place beside `path`: under another name after a rotation by rename, or as a copy that is as long at
/// least after one by truncation.
pub(super) fn find_rotated(path: &Path, place: &FilePlace) -> Option<(PathBuf, File)> {
    let (folder, name) = (path.parent()?, path.file_name()?.to_str()?);
    let mut copy = None;
    for entry in fs::read_dir(folder).ok()?.flatten().take(MAX_SIBLINGS) {
        let sibling = entry.path();
        let has_name = entry.file_name().to_str().is_some_and(|other| other != name && stem(other) == stem(name));
        let Ok(metadata) = entry.metadata() else { continue };
        let is_it = id(&metadata) == (place.device, place.inode);
        // The inode is asked of every entry: a file may be renamed to anything.
        if !metadata.is_file() || sibling == path || !(is_it || has_name) || metadata.len() < place.offset {
            continue;
        }
        let Ok(Some(file)) = open(&sibling) else { continue };
        // A place without a print is one in an empty file: anything begins like that.
        if (place.print.bytes == 0 && !(is_it && has_name))
            || !place.print.renewed(&file).is_ok_and(|print| print.is_some())
        {
            continue;
        }
        if is_it {
            return Some((sibling, file));
        }
        copy = Some((sibling, file));
    }
    copy
}

/// What a file and its rotated ones have in common: `redis.log`, `redis.log.1`, `redis.log-20251102` and `redis-20251102.log`.
fn stem(name: &str) -> &str {
    let end = name.find(['.', '-', '_']).filter(|end| *end > 0).unwrap_or(name.len());
    &name[..end]
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_print_grows_with_its_file_and_tells_it_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut file = OpenOptions::new().create(true).append(true).read(true).open(&path).unwrap();
        let empty = Print::read(&file).unwrap();
        assert_eq!(empty.bytes, 0);
        file.write_all(b"first\n").unwrap();
        let short = empty.renewed(&file).unwrap().unwrap();
        assert_eq!(short.bytes, 6);
        file.write_all(&[b'x'; 1000]).unwrap();
        let long = short.renewed(&file).unwrap().unwrap();
        assert_eq!((long.bytes, long.renewed(&file).unwrap()), (PRINT_BYTES, Some(long)));
        file.set_len(0).unwrap();
        assert_eq!(short.renewed(&file).unwrap(), None);
        file.write_all(b"second\nthird").unwrap();
        assert_eq!(short.renewed(&file).unwrap(), None);
        assert_eq!(end(&file).unwrap(), 7);
    }

    #[test]
    fn a_rotated_file_is_found_by_its_inode_or_as_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("redis.log");
        fs::write(&path, "first\nsecond\n").unwrap();
        let file = File::open(&path).unwrap();
        let (device, inode) = id(&file.metadata().unwrap());
        let place = FilePlace { device, inode, offset: 6, print: Print::read(&file).unwrap() };
        let found = || find_rotated(&path, &place).map(|(path, _)| path.file_name().unwrap().to_owned());
        assert_eq!(found(), None);
        // Others that begin otherwise, are shorter, or have nothing to do with it.
        fs::write(folder.path().join("redis.log.2"), "other\nsecond\n").unwrap();
        fs::write(folder.path().join("redis.log.3"), "first").unwrap();
        fs::write(folder.path().join("celery.log.1"), "first\nsecond\nthird\n").unwrap();
        assert_eq!(found(), None);
        fs::copy(&path, folder.path().join("redis.log.1")).unwrap();
        assert_eq!(found().unwrap(), "redis.log.1");
        fs::rename(&path, folder.path().join("zzz")).unwrap();
        assert_eq!(found().unwrap(), "zzz");
    }
}
