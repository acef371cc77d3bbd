//! `tls_server_config` -> a rustls server configuration.

use std::path::Path;
use std::sync::Arc;

use reader::{Problem, Secret};
use tokio_rustls::rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{NamedGroup, RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};

use super::client_cert::{self, ClientAuth};
use super::parse::RawTls;
use super::pem::Pem;
use super::problem_of;
use crate::net::tls::{Clock, not_after};

const CERT: &str = "tls_server_config.cert";
const CERT_FILE: &str = "tls_server_config.cert_file";
const KEY: &str = "tls_server_config.key";
const KEY_FILE: &str = "tls_server_config.key_file";
const CLIENT_CA: &str = "tls_server_config.client_ca";
const CLIENT_CA_FILE: &str = "tls_server_config.client_ca_file";
const CLIENT_AUTH_TYPE: &str = "tls_server_config.client_auth_type";
const CLIENT_ALLOWED_SANS: &str = "tls_server_config.client_allowed_sans";
const MIN_VERSION: &str = "tls_server_config.min_version";
const MAX_VERSION: &str = "tls_server_config.max_version";
const CIPHER_SUITES: &str = "tls_server_config.cipher_suites";
const CURVE_PREFERENCES: &str = "tls_server_config.curve_preferences";

/// The checked settings. The files that they name are read by [`server_config`](Self::server_config), again and again.
#[derive(Debug)]
pub(super) struct TlsSettings {
    cert: Pem,
    key: Pem,
    client_ca: Option<Pem>,
    client_auth: ClientAuth,
    allowed_sans: Vec<String>,
    versions: Vec<&'static SupportedProtocolVersion>,
    provider: Arc<CryptoProvider>,
    server_order: bool,
}

impl TlsSettings {
    /// Checks all that can be checked without a file. `None` when nothing is set, or when a problem was added.
    pub(super) fn new(raw: &RawTls, dir: &Path, problems: &mut Vec<Problem>) -> Option<Self> {
        if *raw == RawTls::default() {
            return None;
        }
        let before = problems.len();
        let inline = |text: &Option<String>| text.clone().map(Secret::new);
        let cert = Pem::new((CERT, inline(&raw.cert)), (CERT_FILE, raw.cert_file.as_deref()), dir, problems);
        let key = Pem::new((KEY, raw.key.clone()), (KEY_FILE, raw.key_file.as_deref()), dir, problems);
        let client_ca = Pem::new(
            (CLIENT_CA, inline(&raw.client_ca)),
            (CLIENT_CA_FILE, raw.client_ca_file.as_deref()),
            dir,
            problems,
        );
        if problems.len() == before {
            for (half, key, what) in [(&cert, CERT_FILE, "certificate"), (&key, KEY_FILE, "private key")] {
                if half.is_none() {
                    problems.push(problem_of(
                        key,
                        None,
                        format!("TLS is configured without a {what}"),
                        "set it, or remove tls_server_config to serve plain HTTP",
                    ));
                }
            }
        }
        let client_auth = client_auth(raw, client_ca.is_some(), problems);
        let versions = versions(raw, problems);
        let provider = provider(raw, &versions, problems);
        let (Some(cert), Some(key), true) = (cert, key, problems.len() == before) else { return None };
        Some(Self {
            cert,
            key,
            client_ca,
            client_auth,
            allowed_sans: raw.client_allowed_sans.clone().unwrap_or_default(),
            versions,
            provider: Arc::new(provider),
            server_order: raw.prefer_server_cipher_suites.unwrap_or(true),
        })
    }

    /// The files to watch.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()].into_iter().flatten().filter_map(Pem::file)
    }

    /// Reads the files.
    pub(super) fn served(&self) -> Result<Served, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut report = |problem| problems.push(problem);
        let chain = self.cert.certificates().map_err(&mut report).ok();
        let key = self.key.private_key().map_err(&mut report).ok();
        let roots = self.client_ca.as_ref().map(Pem::roots).transpose().map_err(&mut report).ok();
        let (Some(chain), Some(key), Some(roots)) = (chain, key, roots) else { return Err(problems) };
        let not_after = chain.first().and_then(not_after);
        let verifier = client_cert::verifier(
            self.client_auth,
            roots.unwrap_or_else(RootCertStore::empty),
            &self.allowed_sans,
            &self.provider,
        )
        .map_err(|cause| vec![problem_of(CLIENT_AUTH_TYPE, None, cause, "check client_ca_file")])?;
        let mut config = ServerConfig::builder_with_details(Arc::clone(&self.provider), Arc::new(Clock))
            .with_protocol_versions(&self.versions)
            .map_err(|error| vec![problem_of(CIPHER_SUITES, None, error.to_string(), "remove the key")])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(|error| {
                let cause = format!("cannot be used with the certificate: {error}");
                vec![self.key.problem(cause, "give the key that the certificate was made for")]
            })?;
        config.ignore_client_order = self.server_order;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Served { config: Arc::new(config), not_after })
    }
}

/// What connections are served with.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) config: Arc<ServerConfig>,
    /// The end of the certificate, in seconds since 1970.
    pub(super) not_after: Option<i64>,
}

fn client_auth(raw: &RawTls, has_ca: bool, problems: &mut Vec<Problem>) -> ClientAuth {
    let name = raw.client_auth_type.as_deref().filter(|name| !name.is_empty()).unwrap_or("NoClientCert");
    let mut problem = |key, cause, fix| problems.push(problem_of(key, Some(name), cause, fix));
    let Some(auth) = ClientAuth::by_name(name) else {
        problem(
            CLIENT_AUTH_TYPE,
            "not a known type",
            "use NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or \
             RequireAndVerifyClientCert",
        );
        return ClientAuth::None;
    };
    if auth.verifies() && !has_ca {
        problem(CLIENT_AUTH_TYPE, "there is nothing to verify against", "set client_ca_file");
    }
    if has_ca && !auth.verifies() {
        problem(
            CLIENT_AUTH_TYPE,
            "client_ca_file is set, and no certificate would be verified against it",
            "use RequireAndVerifyClientCert, or remove client_ca_file",
        );
    }
    if raw.client_allowed_sans.is_some() && !auth.mandatory() {
        problems.push(problem_of(
            CLIENT_ALLOWED_SANS,
            None,
            format!("with client_auth_type {name} a client may come without a certificate"),
            "set client_auth_type to RequireAndVerifyClientCert",
        ));
    }
    if raw.client_allowed_sans.as_ref().is_some_and(Vec::is_empty) {
        problems.push(problem_of(CLIENT_ALLOWED_SANS, None, "nobody is allowed", "list a name, or remove the key"));
    }
    auth
}

/// The versions from `min_version` to `max_version`; empty when a problem was added.
fn versions(raw: &RawTls, problems: &mut Vec<Problem>) -> Vec<&'static SupportedProtocolVersion> {
    const KNOWN: [(&str, &SupportedProtocolVersion); 2] = [("TLS12", &TLS12), ("TLS13", &TLS13)];
    let mut position = |key, name: &Option<String>, default| {
        let Some(name) = name.as_deref().filter(|name| !name.is_empty()) else { return Some(default) };
        let found = KNOWN.iter().position(|(known, _)| *known == name);
        if found.is_none() {
            let cause = match name {
                "TLS10" | "TLS11" => "an obsolete version that is not supported",
                _ => "not a known version",
            };
            problems.push(problem_of(key, Some(name), cause, "use TLS12 or TLS13"));
        }
        found
    };
    let min = position(MIN_VERSION, &raw.min_version, 0);
    let max = position(MAX_VERSION, &raw.max_version, 1);
    let (Some(min), Some(max)) = (min, max) else { return Vec::new() };
    if min > max {
        problems.push(problem_of(MIN_VERSION, raw.min_version.as_deref(), "above max_version", "swap the two"));
        return Vec::new();
    }
    KNOWN[min..=max].iter().map(|(_, version)| *version).collect()
}

/// ring with the suites and groups that were asked for.
fn provider(
    raw: &RawTls,
    versions: &[&'static SupportedProtocolVersion],
    problems: &mut Vec<Problem>,
) -> CryptoProvider {
    let mut provider = ring::default_provider();
    let suites: Vec<_> = provider.cipher_suites.iter().map(|suite| (suite_name(suite), *suite)).collect();
    let listed = by_name(CIPHER_SUITES, raw.cipher_suites.as_ref(), &suites, problems);
    if !listed.is_empty() {
        // As in Go, the list is of TLS 1.2: the suites of TLS 1.3 are all good and cannot be chosen.
        provider.cipher_suites.retain(|suite| suite.tls13().is_some());
        provider.cipher_suites.extend(listed.into_iter().filter(|suite| suite.tls13().is_none()));
        if !versions.is_empty() && !provider.cipher_suites.iter().any(|suite| versions.contains(&suite_version(suite)))
        {
            problems.push(problem_of(
                CIPHER_SUITES,
                None,
                "none of them is for TLS 1.2, the only version that max_version allows",
                "add a suite whose name begins with TLS_ECDHE, or remove max_version",
            ));
        }
    }
    let groups: Vec<_> = provider.kx_groups.iter().map(|group| (group_name(*group), *group)).collect();
    let listed = by_name(CURVE_PREFERENCES, raw.curve_preferences.as_ref(), &groups, problems);
    if !listed.is_empty() {
        provider.kx_groups = listed;
    }
    provider
}

/// What the listed names stand for, in their order; each name that is not known is a problem.
fn by_name<T: Copy>(
    key: &str,
    names: Option<&Vec<String>>,
    known: &[(String, T)],
    problems: &mut Vec<Problem>,
) -> Vec<T> {
    let mut found = Vec::new();
    for name in names.into_iter().flatten() {
        if let Some((_, value)) = known.iter().find(|(known, _)| known == name) {
            found.push(*value);
        } else {
            let known: Vec<_> = known.iter().map(|(known, _)| known.as_str()).collect();
            let fix = format!("use some of {}", known.join(", "));
            problems.push(problem_of(key, Some(name), "not supported", &fix));
        }
    }
    found
}

/// The suite's name in Go, which has no version in it.
fn suite_name(suite: &SupportedCipherSuite) -> String {
    suite.suite().as_str().unwrap_or_default().replacen("TLS13_", "TLS_", 1)
}

fn suite_version(suite: &SupportedCipherSuite) -> &'static SupportedProtocolVersion {
    if suite.tls13().is_some() { &TLS13 } else { &TLS12 }
}

/// The group's name in Go.
fn group_name(group: &dyn SupportedKxGroup) -> String {
    match group.name() {
        NamedGroup::secp256r1 => "CurveP256".to_owned(),
        NamedGroup::secp384r1 => "CurveP384".to_owned(),
        NamedGroup::X25519 => "X25519".to_owned(),
        other => format!("{other:?}"),
    }
}
