//! A folder for one run of the playground.

use std::fs::DirBuilder;
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// A folder that only this user can enter. Dropped without [`Folder::remove`] (a panic), it is removed.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes one among the temporary files. A name that exists already, whatever it is, is not used.
    pub(crate) fn make() -> io::Result<Self> {
        loop {
            let path = std::env::temp_dir().join(format!("manometer-playground-{:08x}", fastrand::u32(..)));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(io::Error::new(error.kind(), format!("making {}: {error}", path.display()))),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Removes it with all that is in it.
    pub(crate) fn remove(self) -> io::Result<()> {
        std::fs::remove_dir_all(&self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // After `remove` it is gone, and after a panic nobody is left who could be told.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
