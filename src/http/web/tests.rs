//! Whole files: the messages, agreement with `promtool check web-config`, and reload.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;

const HASH: &str = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

/// A directory with `server.crt`, `server.key`, `other.key`, `ca.crt` and `junk`.
fn directory() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_pair(dir.path());
    let write = |name: &str, text: String| std::fs::write(dir.path().join(name), text).unwrap();
    write("other.key", KeyPair::generate().unwrap().serialize_pem());
    write("ca.crt", self_signed().0);
    write("junk", "junk\n".to_owned());
    dir
}

fn write_pair(dir: &Path) {
    let (cert, key) = self_signed();
    std::fs::write(dir.join("server.crt"), cert).unwrap();
    std::fs::write(dir.join("server.key"), key).unwrap();
}

fn self_signed() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    (cert.pem(), key.serialize_pem())
}

fn load(dir: &TempDir, yaml: &str) -> Result<WebConfig, String> {
    let path = dir.path().join("web.yml");
    std::fs::write(&path, yaml).unwrap();
    WebConfig::load(&path).map_err(|error| {
        let problems: Vec<_> = error.problems.iter().map(ToString::to_string).collect();
        problems.join("\n").replace(&format!("{}/", dir.path().display()), "")
    })
}

/// What promtool says of the same file; `None` where it is not installed.
fn promtool(dir: &TempDir, yaml: &str) -> Option<bool> {
    let path = dir.path().join("web.yml");
    std::fs::write(&path, yaml).unwrap();
    Some(Command::new("promtool").args(["check", "web-config"]).arg(path).output().ok()?.status.success())
}

fn tls(more: &str) -> String {
    format!("tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n{more}")
}

#[test]
fn valid_files_agree_with_promtool() {
    let dir = directory();
    let valid = [
        (String::new(), false),
        ("tls_server_config: {}\n".to_owned(), false),
        ("http_server_config: {http2: false}\n".to_owned(), false),
        (format!("basic_auth_users: {{alice: {HASH}}}\n"), false),
        ("basic_auth_users: {}\n".to_owned(), false),
        (tls(""), true),
        (
            format!(
                "tls_server_config:\n  cert_file: {0}/server.crt\n  key_file: {0}/server.key\n",
                dir.path().display()
            ),
            true,
        ),
        (tls("  min_version: TLS13\n  max_version: TLS13\n"), true),
        (tls("  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n"), true),
        (tls("  curve_preferences: [CurveP384, CurveP256, X25519]\n  prefer_server_cipher_suites: false\n"), true),
        (tls("  client_auth_type: NoClientCert\n"), true),
        (tls("  client_auth_type: RequestClientCert\n"), true),
        (tls("  client_auth_type: RequireAnyClientCert\n"), true),
        (tls("  client_auth_type: RequireClientCert\n"), true),
        (tls("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.crt\n"), true),
        (tls("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"), true),
        (
            "http_server_config:\n  headers:\n    Content-Security-Policy: default-src 'self'\n    \
             Strict-Transport-Security: max-age=31536000\n    X-Content-Type-Options: nosniff\n    \
             X-Frame-Options: deny\n    X-XSS-Protection: '0'\n"
                .to_owned(),
            false,
        ),
    ];
    for (yaml, is_tls) in valid {
        assert_eq!(load(&dir, &yaml).map(|config| config.is_tls()), Ok(is_tls), "{yaml}");
        assert_ne!(promtool(&dir, &yaml), Some(false), "{yaml}");
    }
}

#[test]
fn invalid_files_agree_with_promtool() {
    let dir = directory();
    let pair = "  cert_file: server.crt\n  key_file: server.key\n";
    let cases = [
        (
            "tls_config: {}\n",
            "tls_config: unknown key (line 1, column 1); the keys here are tls_server_config, \
              http_server_config, basic_auth_users, rate_limit",
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n",
            "tls_server_config.key_file: TLS is configured without a private key; \
          set it, or remove tls_server_config to serve plain HTTP",
        ),
        (
            "tls_server_config:\n  key_file: server.key\n",
            "tls_server_config.cert_file: TLS is configured without a certificate; \
          set it, or remove tls_server_config to serve plain HTTP",
        ),
        (
            "tls_server_config:\n  cert_file: none.crt\n  key_file: none.key\n",
            "tls_server_config.cert_file = none.crt: cannot be read: No such file or directory (os error 2); create the file, \
          readable by the agent\ntls_server_config.key_file = none.key: cannot be read: No such file or directory \
          (os error 2); create the file, readable by the agent",
        ),
        (
            "tls_server_config:\n  cert_file: junk\n  key_file: junk\n",
            "tls_server_config.cert_file = junk: holds no certificate; give certificates in PEM (BEGIN CERTIFICATE)\n\
          tls_server_config.key_file = junk: holds no private key; give an unencrypted private key in PEM",
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: other.key\n",
            "tls_server_config.key_file = other.key: cannot be used with the certificate: keys may not be consistent: KeyMismatch; \
          give the key that the certificate was made for",
        ),
        (
            "{pair}  client_auth_type: Sometimes\n",
            "tls_server_config.client_auth_type = Sometimes: not a known type; use \
          NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert",
        ),
        (
            "{pair}  client_ca_file: ca.crt\n",
            "tls_server_config.client_auth_type = NoClientCert: client_ca_file is set, and no \
          certificate would be verified against it; use RequireAndVerifyClientCert, or remove client_ca_file",
        ),
        (
            "{pair}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: none.crt\n",
            "tls_server_config.client_ca_file = none.crt: cannot be read: No such file or directory (os error 2); create the file, \
          readable by the agent",
        ),
        (
            "{pair}  min_version: TLS14\n",
            "tls_server_config.min_version = TLS14: not a known version; use TLS12 or TLS13",
        ),
        (
            "{pair}  cipher_suites: [TLS_MADE_UP]\n",
            "tls_server_config.cipher_suites = TLS_MADE_UP: not supported; use some of \
          TLS_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256, TLS_CHACHA20_POLY1305_SHA256, \
          TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, \
          TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, \
          TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        ),
        (
            "{pair}  curve_preferences: [CurveP25519]\n",
            "tls_server_config.curve_preferences = CurveP25519: not supported; use \
          some of X25519, CurveP256, CurveP384",
        ),
        (
            "basic_auth_users:\n  alice: hunter2\n",
            "basic_auth_users.alice: not a bcrypt hash; make a hash with: htpasswd -nBC \
          10 \"\" | tr -d ':\\n'",
        ),
        (
            "basic_auth_users:\n  alice:\n",
            "basic_auth_users.alice: no password hash; make a hash with: htpasswd -nBC 10 \"\" | \
          tr -d ':\\n'",
        ),
        (
            "http_server_config: {headers: {Server: me}}\n",
            "http_server_config.headers.Server = me: not a header that can be set \
          here; use some of Content-Security-Policy, Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, \
          X-XSS-Protection",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}\n",
            "http_server_config.headers.X-Frame-Options = allow: not \
          an allowed value; use deny or sameorigin",
        ),
    ];
    for (yaml, message) in cases {
        let yaml = yaml.replace("{pair}", &format!("tls_server_config:\n{pair}"));
        assert_eq!(load(&dir, &yaml).unwrap_err(), message, "{yaml}");
        assert_ne!(promtool(&dir, &yaml), Some(true), "{yaml}");
    }
}

/// Files that promtool takes and the agent refuses: it could not do what they ask, or they protect nothing.
#[test]
fn refused_though_the_toolkit_takes_them() {
    let dir = directory();
    let cases = [
        (tls("  min_version: TLS10\n"), "an obsolete version that is not supported"),
        (tls("  max_version: TLS11\n"), "an obsolete version that is not supported"),
        (tls("  min_version: TLS13\n  max_version: TLS12\n"), "above max_version"),
        (tls("  cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]\n"), "not supported"),
        (tls("  max_version: TLS12\n  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"), "the only version that max_version"),
        (tls("  curve_preferences: [CurveP521]\n"), "not supported"),
        (tls("  client_auth_type: RequireAndVerifyClientCert\n"), "there is nothing to verify against"),
        (tls("  client_auth_type: VerifyClientCertIfGiven\n"), "there is nothing to verify against"),
        (
            tls("  client_auth_type: RequireAnyClientCert\n  client_ca_file: ca.crt\n"),
            "no certificate would be verified",
        ),
        (tls("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: junk\n"), "holds no certificate"),
        ("tls_server_config: {min_version: TLS13}\n".to_owned(), "TLS is configured without a certificate"),
        ("tls_server_config: {cert_file: '', key_file: ''}\n".to_owned(), "TLS is configured without a certificate"),
    ];
    for (yaml, cause) in cases {
        assert!(load(&dir, &yaml).unwrap_err().contains(cause), "{yaml}");
        assert_ne!(promtool(&dir, &yaml), Some(false), "{yaml}");
    }
}

/// Keys of newer versions of the toolkit than the promtool that may be installed.
#[test]
fn newer_keys() {
    let dir = directory();
    let (cert, key) = self_signed();
    let indent = |text: &str| text.replace('\n', "\n    ");
    let inline = format!("tls_server_config:\n  cert: |\n    {}\n  key: |\n    {}\n", indent(&cert), indent(&key));
    let sans = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n  client_allowed_sans: [prom.example]\n";
    assert!(load(&dir, &inline).unwrap().is_tls());
    assert!(load(&dir, &tls(sans)).unwrap().is_tls());
    assert!(load(&dir, "rate_limit: {interval: 1s, burst: 5}\n").unwrap().rate_limit.is_some());
    let cases = [
        (
            format!("{inline}  cert_file: server.crt\n"),
            "tls_server_config.cert_file = server.crt: set together with tls_server_config.cert; keep one of the two",
        ),
        (
            tls("  client_allowed_sans: [prom.example]\n"),
            "tls_server_config.client_allowed_sans: with client_auth_type NoClientCert a client may come without a \
             certificate; set client_auth_type to RequireAndVerifyClientCert",
        ),
        (
            tls("  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: []\n"),
            "tls_server_config.client_allowed_sans: nobody is allowed; list a name, or remove the key",
        ),
    ];
    for (yaml, message) in cases {
        assert_eq!(load(&dir, &yaml).unwrap_err(), message);
    }
}

#[test]
fn all_problems_at_once() {
    let dir = directory();
    let yaml = "tls_server_config:\n  cert_file: server.crt\n  min_version: TLS10\n  cipher_suites: [A, B]\n\
                basic_auth_users: {alice: x, bob: }\nrate_limit: {interval: 1s}\nhttp_server_config: {headers: {A: b}}\n";
    let keys: Vec<_> =
        load(&dir, yaml).unwrap_err().lines().map(|line| line.split([':', ' ']).next().unwrap().to_owned()).collect();
    assert_eq!(
        keys,
        [
            "tls_server_config.key_file",
            "tls_server_config.min_version",
            "tls_server_config.cipher_suites",
            "tls_server_config.cipher_suites",
            "basic_auth_users.alice",
            "basic_auth_users.bob",
            "http_server_config.headers.A",
            "rate_limit.burst",
        ]
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = WebConfig::load(Path::new("/nonexistent/web.yml")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "web configuration file /nonexistent/web.yml:\n  --web.config.file = /nonexistent/web.yml: cannot be read: No such \
         file or directory (os error 2); create the file, readable by the agent"
    );
}

#[tokio::test]
async fn certificates_are_reloaded_and_broken_ones_are_not_used() {
    let dir = directory();
    let source = load(&dir, &tls("")).unwrap().tls.unwrap();
    let looked = async || {
        source.expire();
        source.current().await
    };
    let first = source.current().await;
    assert!(Arc::ptr_eq(&first, &looked().await), "nothing changed");

    std::fs::write(dir.path().join("server.crt"), self_signed().0 + "\n").unwrap();
    assert!(Arc::ptr_eq(&first, &looked().await), "the key does not match yet");
    std::fs::remove_file(dir.path().join("server.crt")).unwrap();
    assert!(Arc::ptr_eq(&first, &looked().await), "the certificate is gone");

    write_pair(dir.path());
    assert!(!Arc::ptr_eq(&first, &looked().await));
}

#[tokio::test]
async fn the_end_of_the_certificate_that_is_served_is_told() {
    const NAME: &str = "manometer_server_certificate_not_after_seconds";
    let dir = directory();
    let shown = |config: &WebConfig| {
        let mut families = Families::new();
        config.export(&mut families);
        families.get(NAME).and_then(|family| family.value(&[]))
    };
    let config = load(&dir, &tls("")).unwrap();
    assert_eq!(shown(&config), Some(67_090_118_400.0), "the first second of 4096");
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2030, 1, 2);
    std::fs::write(dir.path().join("server.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(dir.path().join("server.key"), key.serialize_pem()).unwrap();
    let source = config.tls.clone().unwrap();
    source.expire();
    source.current().await;
    assert_eq!(shown(&config), Some(1_893_542_400.0), "it follows a rotation");
    assert_eq!(shown(&WebConfig::default()), None);
}

#[tokio::test]
async fn files_are_looked_at_once_an_interval() {
    let dir = directory();
    let source = load(&dir, &tls("")).unwrap().tls.unwrap();
    let first = source.current().await;
    write_pair(dir.path());
    assert!(Arc::ptr_eq(&first, &source.current().await));
}
