//! Files as a whole: each is written beside its place and moved there when all of them are complete.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::policy::render::{File, HEADER};
use reader::file;

/// The size of a page in KiB beyond which it is refused.
const PAGE_LIMIT: u64 = 1024;

/// That of a file that this command wrote.
const RENDERED_LIMIT: u64 = 16 * 1024;

/// The texts of the Markdown pages of a folder by their names, without the index.
pub(super) fn read_pages(folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", folder.display());
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|ending| ending == "md") && name != "README" {
            let text = file::read(&path, PAGE_LIMIT).map_err(|message| format!("{}: {message}", path.display()))?;
            pages.insert(name.to_owned(), text);
        }
    }
    Ok(pages)
}

/// Whether the file is there as it should be.
pub(super) fn is_written(out: &Path, file: &File) -> bool {
    file::read(&out.join(&file.path), RENDERED_LIMIT).is_ok_and(|text| text == file.text)
}

/// Files that were rendered once and are no more, in the folders of those that are.
pub(super) fn left_over(out: &Path, files: &[File]) -> Vec<PathBuf> {
    let paths: BTreeSet<&Path> = files.iter().map(|file| file.path.as_path()).collect();
    let folders: BTreeSet<&Path> = paths.iter().filter_map(|path| path.parent()).collect();
    let mut left = Vec::new();
    for folder in folders {
        // A folder that is not there has nothing left in it.
        let Ok(entries) = fs::read_dir(out.join(folder)) else { continue };
        for entry in entries.flatten() {
            let path = folder.join(entry.file_name());
            if !paths.contains(path.as_path()) && is_rendered(&out.join(&path)) {
                left.push(out.join(path));
            }
        }
    }
    left
}

/// Whether a file is one that this command wrote: others keep files of their own in the same folders.
fn is_rendered(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // The header is broken into lines somewhere; its first words are not.
    let begins = |text: String| text.strip_prefix("# ").is_some_and(|text| text.starts_with(&HEADER[..40]));
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("yml" | "yaml") => file::read(path, PAGE_LIMIT).is_ok_and(begins),
        // JSON has no comments.
        Some("json") => name.starts_with("manometer-"),
        _ => false,
    }
}

/// Writes all of them, or none.
pub(super) fn write_all(out: &Path, files: &[&File]) -> Result<(), String> {
    let mut staged = Staged::default();
    for file in files {
        let path = out.join(&file.path);
        staged.stage(&path, &file.text).map_err(|error| {
            format!(
                "cannot write {}: {error}; nothing was changed: make room, or let this user write there",
                path.display()
            )
        })?;
    }
    staged.commit()
}

/// Files that are written beside their places; what has not been moved when this ends is removed.
#[derive(Default)]
struct Staged {
    /// What was written, and where it belongs.
    files: Vec<(PathBuf, PathBuf)>,
    /// Folders that were made, the outermost first.
    folders: Vec<PathBuf>,
}

impl Staged {
    fn stage(&mut self, path: &Path, text: &str) -> std::io::Result<()> {
        // What a link leads to is replaced, not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        self.make(folder)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = folder.join(format!(".{name}.{}.new", std::process::id()));
        let mut file = fs::File::create_new(&beside)?;
        self.files.push((beside, path.clone()));
        file.write_all(text.as_bytes())?;
        if let Ok(old) = fs::metadata(&path) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()
    }

    fn make(&mut self, folder: &Path) -> std::io::Result<()> {
        let missing: Vec<&Path> =
            folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()).collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder)?;
            self.folders.push(folder.to_owned());
        }
        Ok(())
    }

    fn commit(mut self) -> Result<(), String> {
        let mut folders = BTreeSet::new();
        while let Some((beside, path)) = self.files.pop() {
            if let Err(error) = fs::rename(&beside, &path) {
                self.files.push((beside, path.clone()));
                return Err(format!("cannot replace {}: {error}; render again when that is mended", path.display()));
            }
            folders.extend(path.parent().map(Path::to_owned));
        }
        self.folders.clear();
        for folder in folders {
            // The files are there; that their names are on the disk too is all that is left.
            let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        for (beside, _) in &self.files {
            let _ = fs::remove_file(beside);
        }
        // A folder in which something is stays.
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests;
