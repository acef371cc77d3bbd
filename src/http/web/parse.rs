//! The text of the web configuration file -> a typed document. Nothing is checked here beyond its form.

use std::collections::BTreeMap;

use reader::{Problem, Secret};
use serde::Deserialize;
use serde_saphyr::Error as YamlError;

use super::problem_of;

/// The file as it is written. A key that is not there, and one without a value, is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawWebConfig {
    /// TLS of the server; without it HTTP is served in the clear.
    pub tls_server_config: Option<RawTls>,
    /// HTTP/2 and response headers.
    pub http_server_config: Option<RawHttp>,
    /// User name to bcrypt hash; without a user nobody is asked.
    pub basic_auth_users: Option<BTreeMap<String, Option<Secret>>>,
    /// Token bucket over all requests.
    pub rate_limit: Option<RawRateLimit>,
}

/// `tls_server_config`. An empty string is the same as no value, so that a template may leave a key blank.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawTls {
    /// Certificate chain in PEM, in the file itself.
    pub cert: Option<String>,
    /// Private key in PEM, in the file itself.
    pub key: Option<Secret>,
    /// Certificates in PEM that client certificates must descend from, in the file itself.
    pub client_ca: Option<String>,
    /// Path of the certificate chain.
    pub cert_file: Option<String>,
    /// Path of the private key.
    pub key_file: Option<String>,
    /// Path of the certificates that client certificates must descend from.
    pub client_ca_file: Option<String>,
    /// Go's `tls.ClientAuthType` by name.
    pub client_auth_type: Option<String>,
    /// One of these must stand among the client certificate's subject alternative names.
    pub client_allowed_sans: Option<Vec<String>>,
    /// `TLS12` or `TLS13`.
    pub min_version: Option<String>,
    /// `TLS12` or `TLS13`.
    pub max_version: Option<String>,
    /// TLS 1.2 suites by their Go names.
    pub cipher_suites: Option<Vec<String>>,
    /// Key exchange groups by their Go names.
    pub curve_preferences: Option<Vec<String>>,
    /// Whether the server's order of suites counts.
    pub prefer_server_cipher_suites: Option<bool>,
}

/// `http_server_config`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawHttp {
    /// Accepted for the sake of shared files; the server speaks HTTP/1.1 either way.
    pub http2: Option<bool>,
    /// Headers added to every response.
    pub headers: Option<BTreeMap<String, Option<String>>>,
}

/// `rate_limit`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawRateLimit {
    /// Go duration between two requests: `1s`, `1m30s`, `0`.
    pub interval: Option<String>,
    /// Requests that may come at once.
    pub burst: Option<u32>,
}

/// Reads the text of a web configuration file. An empty one is valid: no TLS, no users.
pub fn parse(yaml: &str) -> Result<RawWebConfig, Problem> {
    // The parser's own excerpt of the text around an error could show a key or a hash.
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options::<Option<RawWebConfig>>(yaml, options)
        .map(Option::unwrap_or_default)
        .map_err(|error| problem(&error))
}

/// What is wrong with the form of the file, in words that quote keys but no values.
fn problem(error: &YamlError) -> Problem {
    let error = error.without_snippet();
    let place = error
        .location()
        .map_or_else(|| "the file".to_owned(), |at| format!("line {}, column {}", at.line(), at.column()));
    let misformed = |fix: &str| problem_of(&place, None, "not of the expected form", fix);
    match error {
        YamlError::SerdeUnknownField { field, expected, .. } => {
            let fix = match reader::nearest(expected.iter().copied(), field) {
                Some(known) => format!("did you mean {known}?"),
                None => format!("the keys here are {}", expected.join(", ")),
            };
            problem_of(field, None, format!("unknown key ({place})"), &fix)
        }
        YamlError::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("a key");
            problem_of(key, None, format!("is there twice ({place})"), "remove one of them")
        }
        YamlError::SerdeInvalidType { expected, .. } | YamlError::SerdeInvalidValue { expected, .. } => {
            misformed(&format!("the value must be {expected}"))
        }
        YamlError::InvalidScalar { ty, .. } => misformed(&format!("the value must be {}", in_words(ty))),
        YamlError::Unexpected { expected, .. } => misformed(&format!("the value must be {}", in_words(expected))),
        _ => misformed("check the YAML at that place"),
    }
}

/// The YAML library names some types as Rust does.
fn in_words(expected: &'static str) -> &'static str {
    match expected {
        "u32" => "a whole number",
        "bool" | "boolean" => "true or false",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_key() {
        let raw = parse(
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_auth_type: NoClientCert\n  \
             client_allowed_sans: [prom.example]\n  min_version: TLS12\n  max_version: TLS13\n  \
             cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n  curve_preferences: [X25519]\n  \
             prefer_server_cipher_suites: false\n\
             http_server_config: {http2: true, headers: {X-Frame-Options: deny}}\n\
             basic_auth_users: {alice: $2y$10$abc, bob: }\nrate_limit: {interval: 1s, burst: 5}\n",
        )
        .unwrap();
        let tls = raw.tls_server_config.unwrap();
        assert_eq!(tls.cert_file.as_deref(), Some("server.crt"));
        assert_eq!(tls.client_allowed_sans.unwrap(), ["prom.example"]);
        assert_eq!(tls.prefer_server_cipher_suites, Some(false));
        assert_eq!(raw.http_server_config.unwrap().http2, Some(true));
        let users = raw.basic_auth_users.unwrap();
        assert_eq!(users["alice"].as_ref().unwrap().reveal(), "$2y$10$abc");
        assert_eq!(users["bob"], None);
        assert_eq!(raw.rate_limit, Some(RawRateLimit { interval: Some("1s".to_owned()), burst: Some(5) }));
    }

    #[test]
    fn an_empty_file_is_valid() {
        for empty in ["", "\n", "# nothing\n", "---\n", "{}"] {
            assert_eq!(parse(empty), Ok(RawWebConfig::default()), "{empty:?}");
        }
        assert_eq!(parse("tls_server_config:\n").unwrap().tls_server_config, None);
    }

    #[test]
    fn a_number_is_a_duration_too() {
        assert_eq!(parse("rate_limit: {interval: 0}").unwrap().rate_limit.unwrap().interval.as_deref(), Some("0"));
    }

    #[test]
    fn names_the_wrong_key() {
        let cases = [
            (
                "tls_config: {}",
                "tls_config: unknown key (line 1, column 1); the keys here are tls_server_config, \
              http_server_config, basic_auth_users, rate_limit",
            ),
            (
                "tls_server_config:\n  certfile: x\n",
                "certfile: unknown key (line 2, column 3); did you mean cert_file?",
            ),
            ("rate_limit: {burst: 1, burst: 2}", "burst: is there twice (line 1, column 24); remove one of them"),
            (
                "rate_limit: {burst: many}",
                "line 1, column 21: not of the expected form; the value must be a whole number",
            ),
            (
                "http_server_config: {http2: maybe}",
                "line 1, column 29: not of the expected form; the value must be true or false",
            ),
        ];
        for (yaml, message) in cases {
            assert_eq!(parse(yaml).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn no_value_is_ever_quoted() {
        let wrong = [
            "basic_auth_users: hunter2",
            "basic_auth_users: [hunter2]",
            "basic_auth_users: {alice: {hunter2: hunter2}}",
            "tls_server_config: {key: [hunter2]}",
            "tls_server_config: {key: 'hunter2}",
            "tls_server_config: hunter2",
            "rate_limit: {burst: hunter2}",
            "basic_auth_users: {alice: *hunter2}",
            "basic_auth_users: {alice: !hunter2 hunter2}\nhttp_server_config: 1",
        ];
        for yaml in wrong {
            let problem = parse(yaml).unwrap_err();
            assert!(!problem.to_string().contains("hunter2"), "{problem}");
        }
        assert_eq!(
            format!("{:?}", parse("basic_auth_users: {a: hunter2}").unwrap().basic_auth_users.unwrap()),
            r#"{"a": Some(<redacted>)}"#
        );
    }
}
