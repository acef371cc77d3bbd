//! `MongoDB` addresses as people write them.

use std::path::PathBuf;

use reader::Secret;
use url::Url;

use super::endpoint::Endpoint;
use super::url_checks::{self, Form, decoded};

/// The port of `MongoDB` where none is given.
const DEFAULT_PORT: u16 = 27_017;

/// How to write the path of a socket.
const SOCKET: &str = "unix:/tmp/mongodb-27017.sock";

const FORM: Form = Form {
    query: true,
    example: "write it like mongodb://127.0.0.1:27017",
    fix: "percent-encode # / ? @ in user and password, or use password_file",
};

/// How the agent can show who it is.
pub const MECHANISMS: [&str; 4] = ["SCRAM-SHA-256", "SCRAM-SHA-1", "MONGODB-X509", "PLAIN"];

/// Keys of a query that concern how a service uses its connections, or that have no meaning for one server.
const OF_THE_SERVICE: &[&str] = &[
    "appname",
    "compressors",
    "connecttimeoutms",
    "directconnection",
    "heartbeatfrequencyms",
    "journal",
    "journaltimeoutms",
    "localthresholdms",
    "maxconnecting",
    "maxidletimems",
    "maxpoolsize",
    "maxstalenessseconds",
    "minpoolsize",
    "readconcernlevel",
    "readpreference",
    "readpreferencetags",
    "replicaset",
    "retryreads",
    "retrywrites",
    "servermonitoringmode",
    "serverselectiontimeoutms",
    "sockettimeoutms",
    "timeoutms",
    "uuidrepresentation",
    "w",
    "waitqueuetimeoutms",
    "wtimeoutms",
    "zlibcompressionlevel",
];

/// A parsed address: `mongodb://user:password@host:port/database?authSource=admin&tls=true`, of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MongoUrl {
    /// Where to connect.
    pub endpoint: Endpoint,
    /// Whether to speak TLS.
    pub tls: bool,
    /// The user.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The database that knows the user.
    pub auth_source: Option<String>,
    /// How the agent shows who it is; agreed with the server without it.
    pub auth_mechanism: Option<String>,
    /// Certificates that the server's must descend from.
    pub ca_file: Option<PathBuf>,
    /// The agent's own certificate and its key, in one file.
    pub cert_key_file: Option<PathBuf>,
    notes: Vec<String>,
}

impl MongoUrl {
    /// Parses an address. The error says how to write one and never repeats the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        FORM.check(text)?;
        if let Some(path) = text.strip_prefix("unix:") {
            return url_checks::socket(path.to_owned(), SOCKET).map(|path| Self::plain(Endpoint::Unix(path)));
        }
        match text.split_once("://") {
            None => return Self::parse(&format!("mongodb://{text}")),
            Some(("mongodb", rest)) => check_single(rest)?,
            Some(("mongodb+srv", _)) => {
                return Err(
                    "mongodb+srv names many servers; write a [[mongodb]] for each, with mongodb://host:port and \
                            ?tls=true"
                        .to_owned(),
                );
            }
            Some(_) => return Err("has an unknown scheme; use mongodb, or unix:/path/to.sock".to_owned()),
        }
        let (url, host) = FORM.parse(text)?;
        let port = url.port().unwrap_or(DEFAULT_PORT);
        let host = decoded(&host)?;
        let endpoint = if host.starts_with('/') { Endpoint::Unix(host.into()) } else { Endpoint::Tcp { host, port } };
        let database = given(url.path().trim_matches('/'))?;
        let mut parsed = Self {
            username: given(url.username())?,
            password: url.password().map(given).transpose()?.flatten().map(Secret::new),
            ..Self::plain(endpoint)
        };
        parsed.read_query(&url)?;
        // The database of the service; its user is known there unless authSource says otherwise. Certificates are known to the
        // server as a whole, and the driver refuses any database.
        let is_by_certificate = parsed.auth_mechanism.as_deref() == Some("MONGODB-X509");
        if parsed.username.is_some() && !is_by_certificate {
            parsed.auth_source = parsed.auth_source.or(database);
        }
        Ok(parsed)
    }

    /// One of which only the place is known.
    #[must_use]
    pub fn plain(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            tls: false,
            username: None,
            password: None,
            auth_source: None,
            auth_mechanism: None,
            ca_file: None,
            cert_key_file: None,
            notes: Vec::new(),
        }
    }

    /// What of the query is not obeyed.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        (!self.notes.is_empty()).then(|| format!("of the query, {}", self.notes.join("; ")))
    }

    /// The names of options are in any case, as the drivers read them.
    fn read_query(&mut self, url: &Url) -> Result<(), String> {
        for (key, value) in url.query_pairs() {
            let is_on = value.eq_ignore_ascii_case("true");
            match key.to_ascii_lowercase().as_str() {
                "tls" | "ssl" => self.tls |= is_on,
                "authsource" => self.auth_source = Some(value.into_owned()),
                "authmechanism" => self.auth_mechanism = Some(mechanism(&value)?),
                "tlscafile" => (self.tls, self.ca_file) = (true, Some(value.into_owned().into())),
                "tlscertificatekeyfile" => (self.tls, self.cert_key_file) = (true, Some(value.into_owned().into())),
                "tlsinsecure" | "tlsallowinvalidcertificates" | "tlsallowinvalidhostnames" | "sslvalidate" if is_on => {
                    self.notes.push(format!(
                        "{key} is not obeyed: the server's certificate is always verified; where it is not signed by a \
                         known authority, name it in ca_file"
                    ));
                }
                known if known.starts_with("tlsallow") || OF_THE_SERVICE.contains(&known) => {}
                word if word.len() <= 40 && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                    self.notes.push(format!("{key} is not known here and ignored"));
                }
                // It may be a part of a password.
                _ => self.notes.push("a key that is not a word is not known here and ignored".to_owned()),
            }
        }
        Ok(())
    }
}

/// Refuses a list of servers: each is a target of its own.
fn check_single(rest: &str) -> Result<(), String> {
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let hosts = authority.rsplit('@').next().unwrap_or_default();
    if hosts.contains(',') {
        return Err(
            "names several servers; write a [[mongodb]] for each: their connections are counted apart".to_owned()
        );
    }
    Ok(())
}

/// Reads the name of a mechanism. A wrong one is not repeated.
pub fn mechanism(text: &str) -> Result<String, String> {
    let known = MECHANISMS.iter().find(|known| known.eq_ignore_ascii_case(text));
    known.map(|known| (*known).to_owned()).ok_or_else(|| {
        format!("names an authentication mechanism that is not spoken here; there are {}", MECHANISMS.join(", "))
    })
}

/// Percent-decoded text; `None` if it is empty.
fn given(text: &str) -> Result<Option<String>, String> {
    decoded(text).map(|text| Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Endpoint {
        Endpoint::Tcp { host: host.to_owned(), port }
    }

    #[test]
    fn an_address_of_a_service_works_as_it_is() {
        let url = MongoUrl::parse(
            "mongodb://app:p%40ss@db.example:27018/shop?replicaSet=rs0&maxPoolSize=100&w=majority&tls=true&tlsCAFile=/ca.pem",
        )
        .unwrap();
        assert_eq!((url.endpoint.clone(), url.tls, url.warning()), (tcp("db.example", 27_018), true, None));
        assert_eq!((url.username.as_deref(), url.auth_source.as_deref()), (Some("app"), Some("shop")));
        assert_eq!(url.password.as_ref().map(Secret::reveal), Some("p@ss"));
        assert_eq!(url.ca_file, Some("/ca.pem".into()));
        let admin = MongoUrl::parse("mongodb://a:b@h/shop?authSource=admin&authMechanism=scram-sha-1").unwrap();
        assert_eq!(admin.auth_source.as_deref(), Some("admin"));
        assert_eq!(admin.auth_mechanism.as_deref(), Some("SCRAM-SHA-1"));
        let certificate = |query: &str| {
            MongoUrl::parse(&format!("mongodb://CN=x@h/shop?authMechanism=MONGODB-X509{query}")).unwrap().auth_source
        };
        assert_eq!(certificate(""), None, "no database knows who has a certificate");
        assert_eq!(certificate("&authSource=$external").as_deref(), Some("$external"));
    }

    #[test]
    fn short_forms() {
        for (text, endpoint) in [
            ("h", tcp("h", 27_017)),
            ("10.0.0.7:1", tcp("10.0.0.7", 1)),
            ("mongodb://[::1]:7", tcp("::1", 7)),
            ("mongodb://%2Ftmp%2Fmongodb-27017.sock", Endpoint::Unix("/tmp/mongodb-27017.sock".into())),
            ("unix:/tmp/m.sock", Endpoint::Unix("/tmp/m.sock".into())),
        ] {
            assert_eq!(MongoUrl::parse(text), Ok(MongoUrl::plain(endpoint)), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_the_password() {
        for (text, message) in [
            ("mongodb+srv://u:hunter2@h", "mongodb+srv names many servers"),
            ("mongodb://u:hunter2@a,b:1/", "names several servers"),
            ("http://u:hunter2@h", "has an unknown scheme"),
            (
                "mongodb://u:hunter2@h?authMechanism=hunter2",
                "names an authentication mechanism that is not spoken here",
            ),
            ("mongodb://u:hunter2@h@x", "has an @ where none belongs"),
            ("mongodb://u:hunter2@", "is not a URL (empty host)"),
        ] {
            let error = MongoUrl::parse(text).unwrap_err();
            assert!(error.contains(message) && !error.contains("hunter2"), "{text}: {error}");
        }
        let url = MongoUrl::parse("mongodb://h?tlsInsecure=true&hunter-2=1&x=hunter2").unwrap();
        let warning = url.warning().unwrap();
        assert!(warning.contains("tlsInsecure is not obeyed") && warning.contains("x is not known here"), "{warning}");
        assert!(!warning.contains("hunter"), "{warning}");
    }
}
