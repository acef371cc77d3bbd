//! Reading the files of a configuration, whose content and kind are not trusted.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::time::SystemTime;

/// The text of a regular file of at most `limit` KiB; the error says what is wrong and how to mend it.
///
/// Links are followed: mounted secrets are links. A pipe or a terminal could keep the reader waiting for ever, and gives
/// its text only once, while every reload reads again.
pub fn read(path: &Path, limit: u64) -> Result<String, String> {
    String::from_utf8(read_bytes(path, limit)?).map_err(|_| "is not UTF-8; save it as UTF-8 text".to_owned())
}

/// The same for a file in an encoding of its own.
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| {
        let advice = match error.kind() {
            ErrorKind::PermissionDenied => "let the agent's user read it",
            ErrorKind::NotFound => "create the file, readable by the agent",
            _ => "is the path right, and the disk well?",
        };
        format!("cannot be read: {error}; {advice}")
    };
    // Before it is opened: opening a pipe waits for a writer.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("is not a regular file; give the path of one, not of a folder, a pipe or a device".to_owned());
    }
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(unreadable)?.take(limit * 1024 + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    if file.limit() == 0 {
        return Err(format!("is larger than {limit} KiB; is it the right file?"));
    }
    Ok(bytes)
}

/// What changes when a file does, also when another is renamed or linked to its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl Stamp {
    /// That of a file as it is now; `None` where it cannot be looked at.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self { modified: metadata.modified().ok(), length: metadata.len(), inode: metadata.ino() })
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const NOT_REGULAR: &str = "is not a regular file; give the path of one, not of a folder, a pipe or a device";

    #[test]
    fn a_file_is_read_up_to_the_limit_through_links() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        std::os::unix::fs::symlink(&file, &link).unwrap();
        std::fs::write(&file, "x".repeat(1024)).unwrap();
        assert_eq!(read(&link, 1).unwrap(), "x".repeat(1024));
        std::fs::write(&file, "x".repeat(1025)).unwrap();
        assert_eq!(read(&link, 1).unwrap_err(), "is larger than 1 KiB; is it the right file?");
        std::fs::write(&file, b"\xff").unwrap();
        assert_eq!(read(&file, 1).unwrap_err(), "is not UTF-8; save it as UTF-8 text");
    }

    #[test]
    fn what_is_no_file_is_refused_unopened() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&pipe, dir.path(), Path::new("/dev/zero")] {
            assert_eq!(read(path, 1).unwrap_err(), NOT_REGULAR, "{}", path.display());
        }
        assert_eq!(
            read(&dir.path().join("none"), 1).unwrap_err(),
            "cannot be read: No such file or directory (os error 2); create the file, readable by the agent"
        );
    }
}
