//! Secrets that rotate.

use std::path::PathBuf;
use std::sync::Arc;

use reader::file::Stamp;
use reader::{Secret, Table};
use serde::{Serialize, Serializer};

use super::kept::Kept;
use super::redis_url::RedisUrl;

/// A secret as it is configured: a text, or a file, which is read again when it changes. Clones share what was read.
///
/// Two are equal if they are the same text or the same file: a target whose file has other content goes on, and takes it.
#[derive(Debug, Clone)]
pub struct Credential {
    /// What was read with the configuration.
    first: Secret,
    file: Option<File>,
    kept: Kept<Secret>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    path: PathBuf,
    /// Whose password it is, where the file may hold those of several servers.
    of: Option<(String, Option<String>)>,
}

impl Credential {
    /// Reads the secret `key`, or the file that `file_key` names.
    pub fn read(table: &mut Table<'_>, key: &'static str, file_key: &'static str) -> Option<Self> {
        let (first, file) = table.secret(key, file_key)?;
        let Some((path, stamp)) = file else { return Some(first.into()) };
        Some(Self { kept: Kept::holding(first.clone(), vec![stamp]), first, file: Some(File { path, of: None }) })
    }

    /// The password of the server at `url` in a file that may be redis_exporter's: a JSON object with one for each address.
    pub fn of_server(path: PathBuf, url: &RedisUrl, username: Option<&str>) -> Result<Self, String> {
        let file = File { path, of: Some((url.endpoint.to_string(), username.map(str::to_owned))) };
        let stamp = Stamp::bounded(&file.path);
        let first = file.read()?;
        Ok(Self { kept: Kept::holding(first.clone(), vec![stamp]), first, file: Some(file) })
    }

    /// The secret as it is now. A file that cannot be read is said, and what was read before stays.
    pub async fn current(&self) -> Arc<Secret> {
        let file = self.file.clone();
        let files = file.iter().map(|file| file.path.clone()).collect();
        let read = move || file.map_or_else(|| Err("is not a file".to_owned()), |file| file.read());
        self.kept.current(files, read).await.unwrap_or_else(|_| Arc::new(self.first.clone()))
    }

    /// The secret as it was when the configuration was read.
    #[must_use]
    pub const fn first(&self) -> &Secret {
        &self.first
    }

    /// Whether it can change.
    #[must_use]
    pub const fn rotates(&self) -> bool {
        self.file.is_some()
    }
}

impl File {
    fn read(&self) -> Result<Secret, String> {
        let secret = Secret::from_file(&self.path)?;
        if secret.reveal().is_empty() {
            return Err("is empty; write the secret into it".to_owned());
        }
        match &self.of {
            Some((address, username)) if secret.reveal().trim_start().starts_with('{') => {
                password_of(secret.reveal(), address, username.as_deref())
            }
            _ => Ok(secret),
        }
    }
}

/// The password of a server in redis_exporter's file: `{"redis://host:6379": "password"}`.
fn password_of(text: &str, address: &str, username: Option<&str>) -> Result<Secret, String> {
    // The parser's error may quote a secret.
    let passwords: std::collections::BTreeMap<String, String> = serde_json::from_str(text)
        .map_err(|_| "begins with { and is not a JSON object of addresses and passwords".to_owned())?;
    let found = passwords.into_iter().find(|(key, _)| {
        RedisUrl::parse(key).is_ok_and(|url| {
            url.endpoint.to_string() == address && (url.username.is_none() || url.username.as_deref() == username)
        })
    });
    let missing = || format!("has no password for {address}; add \"redis://{address}\": \"...\"");
    found.map(|(_, password)| Secret::new(password)).ok_or_else(missing)
}

impl From<Secret> for Credential {
    fn from(first: Secret) -> Self {
        Self { kept: Kept::holding(first.clone(), Vec::new()), first, file: None }
    }
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        match (&self.file, &other.file) {
            (None, None) => self.first == other.first,
            (one, another) => one == another,
        }
    }
}

impl Eq for Credential {}

impl Serialize for Credential {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.first.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_passwords_has_one_for_each_address() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let passwords = r#"{"redis://a:6379": "of a", "redis://u@a:6379": "of u", "b": "of b", "redis://[::1]:7": ""}"#;
        std::fs::write(file.path(), passwords).unwrap();
        let of = |url: &str, username: Option<&str>| {
            let url = RedisUrl::parse(url).unwrap();
            Credential::of_server(file.path().to_owned(), &url, username).map(|found| found.first().reveal().to_owned())
        };
        assert_eq!(of("redis://a", None), Ok("of a".to_owned()));
        assert_eq!(of("rediss://b:6379", None), Ok("of b".to_owned()));
        assert_eq!(of("c", None).unwrap_err(), "has no password for c:6379; add \"redis://c:6379\": \"...\"");
        std::fs::write(file.path(), "{sesame").unwrap();
        assert_eq!(of("a", None).unwrap_err(), "begins with { and is not a JSON object of addresses and passwords");
        std::fs::write(file.path(), "plain\n").unwrap();
        assert_eq!(of("a", None), Ok("plain".to_owned()));
        std::fs::write(file.path(), "\n").unwrap();
        assert_eq!(of("a", None).unwrap_err(), "is empty; write the secret into it");
    }

    #[test]
    fn the_same_file_is_the_same_secret_and_no_secret_is_shown() {
        let text = |text: &str| Credential::from(Secret::new(text));
        assert_eq!(text("a"), text("a"));
        assert_ne!(text("a"), text("b"));
        let file = tempfile::NamedTempFile::new().unwrap();
        let read = |content: &str| {
            std::fs::write(file.path(), content).unwrap();
            Credential::of_server(file.path().to_owned(), &RedisUrl::parse("h").unwrap(), None).unwrap()
        };
        let one = read("sesame");
        assert_eq!(one, read("other"));
        assert_ne!(one, text("sesame"));
        assert!(!format!("{one:?}").contains("sesame"));
    }
}
