//! Patterns of paths, and the files that they mean.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use serde::{Serialize, Serializer};

/// Entries of folders that one look goes over, and paths that it finds, at most.
const MAX_ENTRIES: usize = 50_000;

/// An absolute path, of which each part may be a pattern.
#[derive(Debug, Clone)]
pub struct PathGlob {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Name(String),
    Pattern(GlobMatcher),
}

/// What a look has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) paths: Vec<PathBuf>,
    /// Folders that could not be read.
    pub(super) problems: Vec<(PathBuf, io::Error)>,
    /// Entries that were looked at.
    entries: usize,
}

impl PathGlob {
    /// Reads a path or a pattern; what is wrong with it otherwise.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(relative) = text.strip_prefix('/') else {
            return Err("is not an absolute path; write it like \"/var/log/redis/redis-server.log\"".to_owned());
        };
        let parts = relative.split('/').filter(|part| !part.is_empty()).map(|part| {
            if matches!(part, "." | "..") {
                return Err("has a part . or ..; write the path without them".to_owned());
            }
            if part.contains("**") {
                return Err("has **, which would search whole trees; name each level: /var/log/*/*.log".to_owned());
            }
            if !part.contains(['*', '?', '[', '{', '\\']) {
                return Ok(Part::Name(part.to_owned()));
            }
            let glob = GlobBuilder::new(part).build().map_err(|error| format!("is not a pattern: {}", error.kind()))?;
            Ok(Part::Pattern(glob.compile_matcher()))
        });
        let parts: Vec<Part> = parts.collect::<Result<_, _>>()?;
        if parts.is_empty() || text.ends_with('/') {
            return Err("names a folder; write the files in it, like \"/var/log/redis/*.log\"".to_owned());
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The path that it is, if it has no pattern.
    pub(super) fn literal(&self) -> Option<PathBuf> {
        self.parts.iter().all(|part| matches!(part, Part::Name(_))).then(|| PathBuf::from(&self.text))
    }

    /// Whether it means a path.
    pub(super) fn means(&self, path: &Path) -> bool {
        let Some(path) = path.to_str() else { return false };
        let mut names = path.split('/').filter(|name| !name.is_empty());
        self.parts.iter().all(|part| names.next().is_some_and(|name| part.matches(name))) && names.next().is_none()
    }

    /// Looks for what it means. A plain path is found whether or not there is such a file.
    pub(super) fn find(&self, found: &mut Found) {
        found.go_on(PathBuf::from("/"), &self.parts);
    }
}

impl Part {
    /// As in a shell, a pattern means no hidden file unless it begins with a dot itself.
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Name(own) => own == name,
            Self::Pattern(glob) => {
                (!name.starts_with('.') || glob.glob().glob().starts_with('.')) && glob.is_match(name)
            }
        }
    }
}

impl Found {
    /// Whether there may be more than was found.
    pub(super) const fn is_cut(&self) -> bool {
        self.entries >= MAX_ENTRIES
    }

    fn go_on(&mut self, mut folder: PathBuf, parts: &[Part]) {
        let mut rest = parts;
        while let [Part::Name(name), behind @ ..] = rest {
            folder.push(name);
            rest = behind;
        }
        let [pattern, behind @ ..] = rest else {
            if !self.paths.contains(&folder) {
                self.paths.push(folder);
            }
            return;
        };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                // One that is not there has nothing in it, and one level of several may be a file.
                if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
                    self.problems.push((folder, error));
                }
                return;
            }
        };
        for entry in entries.flatten() {
            self.entries += 1;
            if self.is_cut() {
                return;
            }
            let name = entry.file_name();
            if !name.to_str().is_some_and(|name| pattern.matches(name)) {
                continue;
            }
            if behind.is_empty() {
                self.paths.push(folder.join(name));
            } else {
                self.go_on(folder.join(name), behind);
            }
        }
    }
}

impl PartialEq for PathGlob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Serialize for PathGlob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap();
        for file in ["a/x.log", "a/y.txt", "b/x.log", ".c/x.log", "d.log", "a/.h.log", "a/deep/x.log"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let find = |glob: &str| {
            let glob = PathGlob::parse(&format!("{root}/{glob}")).unwrap();
            let mut found = Found::default();
            glob.find(&mut found);
            assert!(found.problems.is_empty() && !found.is_cut(), "{found:?}");
            assert!(found.paths.iter().all(|path| glob.means(path)), "{found:?}");
            let mut names: Vec<String> =
                found.paths.iter().map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect();
            names.sort();
            names
        };
        assert_eq!(find("*/*.log"), ["a/x.log", "b/x.log"]);
        assert_eq!(find("*.log"), ["d.log"]);
        assert_eq!(find("{a,b}/[xy].*"), ["a/x.log", "a/y.txt", "b/x.log"]);
        assert_eq!(find(".c/*"), [".c/x.log"]);
        assert_eq!(find("gone/x.log"), ["gone/x.log"]);
        assert_eq!(find("gone/*.log"), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "a", "/", "/a/", "/a/../b", "/a/**/b", "/a/[b"] {
            assert!(PathGlob::parse(text).is_err(), "{text}");
        }
        assert_eq!(PathGlob::parse("/a//b").unwrap().literal(), Some(PathBuf::from("/a//b")));
        assert_eq!(PathGlob::parse("/a/*").unwrap().literal(), None);
    }
}
