//! The query of a Redis URL, in the keys of the clients that services use.
//!
//! A service's own URL works here as it is. What concerns the way to the server means here what it means there; what
//! concerns the service's own use of its connections (`client_name`, `health_check_interval`, `decode_responses`,
//! `socket_timeout`, pools, retries) has no meaning for who watches, and is passed over: the agent keeps its own connection
//! name above all, or it would count itself among the application's connections. Nothing in a query makes TLS weaker.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::tls_settings::TlsSettings;

/// What a key says.
#[derive(Clone, Copy)]
enum Meaning {
    Database,
    Username,
    Password,
    ConnectTimeout,
    CaFile,
    CertFile,
    KeyFile,
    /// Which checks of the server's certificate are left out, by the words that leave out none.
    Checks(&'static [&'static str]),
    /// How the service uses its connections.
    OfTheService,
}

/// Words for "yes", as a boolean has them.
const YES: &[&str] = &["true", "1", "yes", "on", "t", "y"];
const NO: &[&str] = &["false", "0", "no", "off", "f", "n"];

/// Every key that is known, of redis-py, Celery, go-redis, Lettuce, Jedis and ioredis.
const KEYS: &[(Meaning, &[&str])] = &[
    (Meaning::Database, &["db", "database"]),
    (Meaning::Username, &["username", "user"]),
    (Meaning::Password, &["password", "pass"]),
    (Meaning::ConnectTimeout, &["socket_connect_timeout", "dial_timeout"]),
    (Meaning::CaFile, &["ssl_ca_certs"]),
    (Meaning::CertFile, &["ssl_certfile"]),
    (Meaning::KeyFile, &["ssl_keyfile"]),
    (Meaning::Checks(&["required", "cert_required"]), &["ssl_cert_reqs"]),
    (Meaning::Checks(YES), &["ssl_check_hostname"]),
    (Meaning::Checks(NO), &["skip_verify"]),
    (Meaning::Checks(&["full", "true"]), &["verifyPeer"]),
    (
        Meaning::OfTheService,
        &[
            "client_name",
            "clientName",
            "connectionName",
            "decode_responses",
            "encoding",
            "encoding_errors",
            "health_check_interval",
            "lib_name",
            "lib_version",
            "max_connections",
            "max_retries",
            "min_idle_conns",
            "pool_size",
            "pool_timeout",
            "protocol",
            "read_timeout",
            "retry_on_error",
            "retry_on_timeout",
            "socket_keepalive",
            "socket_read_size",
            "socket_timeout",
            "timeout",
            "write_timeout",
        ],
    ),
];

/// What the query says.
#[derive(Default)]
pub(super) struct Query {
    pub(super) database: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) files: TlsSettings,
    /// What is not obeyed, and why.
    pub(super) notes: Vec<String>,
}

impl Query {
    /// Reads it. Where a key stands twice the first one counts, as in redis-py.
    pub(super) fn read(url: &Url) -> Self {
        let mut query = Self::default();
        let mut unknown = Vec::new();
        for (key, value) in url.query_pairs() {
            let known = KEYS.iter().find(|(_, keys)| keys.contains(&key.as_ref()));
            match known {
                // An empty value is none, in redis-py too.
                _ if value.is_empty() && is_word(&key) => {}
                Some((meaning, _)) => query.take(*meaning, &key, &value),
                None if is_word(&key) => unknown.push(key.into_owned()),
                // It may be a part of a password.
                None => unknown.push("a key that is not a word".to_owned()),
            }
        }
        match unknown.as_slice() {
            [] => {}
            [one] => query.notes.push(format!("{one} is not known here and ignored")),
            many => query.notes.push(format!("{} are not known here and ignored", many.join(", "))),
        }
        if query.files.key_file.is_none() {
            // So do Python's ssl and redis-py: the key stands in the certificate's file.
            query.files.key_file.clone_from(&query.files.cert_file);
        }
        query
    }

    fn take(&mut self, meaning: Meaning, key: &str, value: &str) {
        let text = || Some(value.to_owned());
        let path = || Some(PathBuf::from(value));
        match meaning {
            Meaning::Database => fill(&mut self.database, text),
            Meaning::Username => fill(&mut self.username, text),
            Meaning::Password => fill(&mut self.password, text),
            Meaning::CaFile => fill(&mut self.files.ca_file, path),
            Meaning::CertFile => fill(&mut self.files.cert_file, path),
            Meaning::KeyFile => fill(&mut self.files.key_file, path),
            Meaning::ConnectTimeout => match seconds(value) {
                Some(time) => fill(&mut self.connect_timeout, || Some(time)),
                None => self.notes.push(format!("{key} is not a time from 10 ms to a day and ignored")),
            },
            Meaning::Checks(all) if all.contains(&value.to_ascii_lowercase().as_str()) => {}
            Meaning::Checks(_) => self.notes.push(format!(
                "{key} is not obeyed: the server's certificate is always verified; where it is not signed by a known \
                 authority, name it in ca_file (or ssl_ca_certs), or its SHA-256 in fingerprint"
            )),
            Meaning::OfTheService => {}
        }
    }
}

fn fill<T>(field: &mut Option<T>, value: impl FnOnce() -> Option<T>) {
    if field.is_none() {
        *field = value();
    }
}

/// Whether the key looks like one, so that it may be shown.
fn is_word(key: &str) -> bool {
    let letters = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    letters && key.len() <= 40 && key.starts_with(|first: char| first.is_ascii_alphabetic())
}

/// A number of seconds, or a duration as Go writes it.
fn seconds(text: &str) -> Option<Duration> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = seconds.or_else(|| humantime::parse_duration(text).ok())?;
    (Duration::from_millis(10)..=Duration::from_hours(24)).contains(&time).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Query {
        Query::read(&Url::parse(&format!("rediss://h?{query}")).unwrap())
    }

    #[test]
    fn what_concerns_the_way_to_the_server_is_obeyed() {
        let query = read(
            "db=3&db=4&username=u&password=p%26w&socket_connect_timeout=0.5&ssl_cert_reqs=required&ssl_ca_certs=/ca&\
             ssl_certfile=/crt",
        );
        assert_eq!(query.database.as_deref(), Some("3"));
        assert_eq!((query.username.as_deref(), query.password.as_deref()), (Some("u"), Some("p&w")));
        assert_eq!(query.connect_timeout, Some(Duration::from_millis(500)));
        let files = TlsSettings {
            ca_file: Some("/ca".into()),
            cert_file: Some("/crt".into()),
            key_file: Some("/crt".into()),
            ..TlsSettings::default()
        };
        assert_eq!((query.files, query.notes.len()), (files, 0));
        assert_eq!(read("dial_timeout=2s&ssl_certfile=/c&ssl_keyfile=/k").files.key_file, Some("/k".into()));
    }

    #[test]
    fn what_concerns_the_service_alone_is_passed_over() {
        let own = "client_name=web&health_check_interval=30&socket_timeout=5&protocol=3&decode_responses=true&db=";
        let query = read(own);
        assert_eq!((query.notes.len(), query.database, query.connect_timeout), (0, None, None));
    }

    #[test]
    fn what_is_not_obeyed_is_said_and_no_value_with_it() {
        assert_eq!(read("x=hunter2&y=1").notes, ["x, y are not known here and ignored"]);
        assert_eq!(read("hunter-2=1").notes, ["a key that is not a word is not known here and ignored"]);
        assert_eq!(
            read("socket_connect_timeout=soon").notes,
            ["socket_connect_timeout is not a time from 10 ms to a day and ignored"]
        );
        for weak in
            ["ssl_cert_reqs=none", "ssl_cert_reqs=CERT_OPTIONAL", "ssl_check_hostname=False", "skip_verify=true"]
        {
            let notes = read(weak).notes;
            let key = weak.split('=').next().unwrap();
            assert!(notes[0].starts_with(&format!("{key} is not obeyed: ")), "{notes:?}");
            assert!(notes[0].contains("ca_file") && notes[0].contains("fingerprint"), "{notes:?}");
        }
        for strong in ["ssl_cert_reqs=CERT_REQUIRED", "ssl_check_hostname=1", "skip_verify=false", "verifyPeer=FULL"] {
            assert!(read(strong).notes.is_empty(), "{strong}");
        }
    }
}
