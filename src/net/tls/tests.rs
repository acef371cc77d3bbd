use std::path::PathBuf;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{HandshakeKind, ServerConfig};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::net::Fingerprint;

/// A certificate that signed itself, for `localhost`, and its key.
struct SelfSigned {
    dir: TempDir,
    acceptor: TlsAcceptor,
    fingerprint: Fingerprint,
}

impl SelfSigned {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(dir.path().join("crt"), certificate.pem()).unwrap();
        std::fs::write(dir.path().join("key"), key.serialize_pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let fingerprint = Fingerprint::of(certificate.der());
        Self { dir, acceptor: TlsAcceptor::from(Arc::new(config)), fingerprint }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn trusted(&self) -> TlsSettings {
        TlsSettings { ca_file: Some(self.file("crt")), ..TlsSettings::default() }
    }

    /// A handshake with this server; a byte follows it, and with it the ticket of the session.
    async fn shake(&self, settings: &TlsSettings, host: &str) -> Result<TlsStream<DuplexStream>, TlsError> {
        let (here, there) = tokio::io::duplex(1 << 16);
        let acceptor = self.acceptor.clone();
        tokio::spawn(async move {
            let mut stream = acceptor.accept(there).await?;
            stream.write_all(b"x").await?;
            stream.read_u8().await
        });
        let mut stream = handshake(settings, host, here).await?;
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
        Ok(stream)
    }
}

#[tokio::test]
async fn a_configuration_is_built_once_and_sessions_are_resumed() {
    let server = SelfSigned::new();
    let settings = server.trusted();
    let kind = |stream: TlsStream<DuplexStream>| stream.get_ref().1.handshake_kind().unwrap();
    let first = kind(server.shake(&settings, "localhost").await.unwrap());
    assert_ne!(first, HandshakeKind::Resumed);
    // A clone of the settings is the same target.
    let second = kind(server.shake(&settings.clone(), "localhost").await.unwrap());
    assert_eq!(second, HandshakeKind::Resumed);
    assert_eq!(settings.not_after(), [("localhost".to_owned(), year_4096())], "of a resumed session too");
    assert!(Arc::ptr_eq(&config(&settings).await.unwrap(), &config(&settings.clone()).await.unwrap()));
    // Others have their own.
    let other = kind(server.shake(&server.trusted(), "localhost").await.unwrap());
    assert_ne!(other, HandshakeKind::Resumed);
}

/// The end of a certificate of rcgen's.
fn year_4096() -> i64 {
    let end = humantime::parse_rfc3339("4096-01-01T00:00:00Z").unwrap();
    i64::try_from(end.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

#[tokio::test]
async fn the_very_certificate_is_trusted_for_its_names_and_its_time() {
    let (server, stranger) = (SelfSigned::new(), SelfSigned::new());
    let error = server.shake(&server.trusted(), "other.example").await.unwrap_err();
    assert_eq!(error.cause, "the server's certificate is for localhost, and not for other.example");
    let error = server.shake(&stranger.trusted(), "localhost").await.unwrap_err();
    assert!(!error.cause.contains("invalid peer"), "{error}");

    let pinned = |server: &SelfSigned| TlsSettings { fingerprints: vec![server.fingerprint], ..TlsSettings::default() };
    server.shake(&pinned(&server), "other.example").await.unwrap();
    let error = server.shake(&pinned(&stranger), "localhost").await.unwrap_err();
    let shown = server.fingerprint;
    assert_eq!(
        error.cause,
        format!("the server's certificate has the SHA-256 {shown}, which is not the fingerprint that is configured")
    );

    let past = SelfSigned::with(|params| params.not_after = rcgen::date_time_ymd(2001, 1, 2));
    for settings in [past.trusted(), pinned(&past)] {
        let error = past.shake(&settings, "localhost").await.unwrap_err();
        assert_eq!(error.cause, "the server's certificate was valid until 2001-01-02T00:00:00Z");
        assert_eq!(settings.not_after(), [("localhost".to_owned(), 978_393_600)], "what is refused is seen");
        settings.forget("localhost");
        assert_eq!(settings.not_after(), []);
    }
    let future = SelfSigned::with(|params| params.not_before = rcgen::date_time_ymd(4000, 1, 2));
    let error = future.shake(&future.trusted(), "localhost").await.unwrap_err();
    assert_eq!(error.cause, "the server's certificate is valid from 4000-01-02T00:00:00Z on");
}

/// A server that has the certificate and not its key is not the server.
#[tokio::test]
async fn the_signature_of_the_handshake_is_verified() {
    let (real, thief) = (SelfSigned::new(), SelfSigned::new());
    let pem = std::fs::read(real.file("crt")).unwrap();
    let stolen = crate::net::pem::certificates(&pem).unwrap();
    let key = crate::net::pem::private_key(&std::fs::read(thief.file("key")).unwrap()).unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let certified = rustls::sign::CertifiedKey::new(stolen, key);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = ServerConfig::builder_with_provider(Arc::new(provider.clone()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified.clone())));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let settings = TlsSettings { fingerprints: vec![real.fingerprint], ..TlsSettings::default() };
        let (here, there) = tokio::io::duplex(1 << 16);
        let accepting = tokio::spawn(async move { acceptor.accept(there).await.map(drop) });
        let error = handshake(&settings, "localhost", here).await.unwrap_err();
        assert_eq!(error.cause, "a signature does not belong to the server's certificate", "{version:?}");
        accepting.await.unwrap().unwrap_err();
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_read_without_a_restart() {
    let (old, new) = (SelfSigned::new(), SelfSigned::new());
    let settings = old.trusted();
    old.shake(&settings, "localhost").await.unwrap();
    std::fs::rename(new.file("crt"), old.file("crt")).unwrap();
    settings.shared.config.expire();
    new.shake(&settings, "localhost").await.unwrap();
    old.shake(&settings, "localhost").await.unwrap_err();
}

#[test]
fn what_is_wrong_with_a_file_is_told_and_no_key_with_it() {
    let (server, other) = (SelfSigned::new(), SelfSigned::new());
    let file = |name: &str, text: &str| {
        let path = server.file(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (empty, torn) = (file("empty", ""), file("torn", "-----BEGIN PRIVATE KEY\nsesame\n"));
    let good =
        TlsSettings { cert_file: Some(server.file("crt")), key_file: Some(server.file("key")), ..server.trusted() };
    build::config(&good).unwrap();
    let none = server.file("none");
    let cases = [
        (TlsSettings { ca_file: Some(none.clone()), ..good.clone() }, "ca_file", &none, "cannot be read: No such file"),
        (TlsSettings { ca_file: Some(empty.clone()), ..good.clone() }, "ca_file", &empty, "holds no certificate"),
        (
            TlsSettings { ca_file: Some("/dev/zero".into()), ..good.clone() },
            "ca_file",
            &"/dev/zero".into(),
            "is not a regular file",
        ),
        (TlsSettings { cert_file: Some(empty.clone()), ..good.clone() }, "cert_file", &empty, "holds no certificate"),
        (
            TlsSettings { key_file: Some(torn.clone()), ..good.clone() },
            "key_file",
            &torn,
            "holds no unencrypted private key in PEM",
        ),
        (
            TlsSettings { cert_file: Some(other.file("crt")), ..good.clone() },
            "cert_file",
            &other.file("crt"),
            "is not the certificate of the key in key_file",
        ),
    ];
    for (settings, key, path, cause) in cases {
        let error = build::config(&settings).unwrap_err();
        assert!(error.starts_with(&format!("{key} {}: {cause}", path.display())), "{error}");
        assert!(!error.contains("sesame"), "{error}");
    }
}

#[tokio::test]
async fn a_name_that_no_certificate_can_have_is_told_from_a_failed_handshake() {
    let settings = SelfSigned::new();
    let (here, _there) = tokio::io::duplex(64);
    let error = handshake(&settings.trusted(), "not a name", here).await.unwrap_err();
    assert_eq!(error.cause, "\"not a name\" cannot stand in a certificate: invalid dns name");
    let (here, there) = tokio::io::duplex(64);
    drop(there);
    let error = handshake(&settings.trusted(), "localhost", here).await.unwrap_err();
    assert!(error.advice.starts_with("does the port speak TLS?"), "{error:?}");
}

#[test]
fn a_fingerprint_is_read_however_it_is_written() {
    let plain = "00ff".repeat(16);
    let expected: Fingerprint = plain.parse().unwrap();
    assert_eq!(expected.to_string(), ["00:FF"; 16].join(":"));
    for text in [expected.to_string(), format!("sha256 Fingerprint={expected}"), plain.to_uppercase()] {
        assert_eq!(text.parse(), Ok(expected), "{text}");
    }
    for text in ["", "00", &"zz".repeat(32), &"00".repeat(33)] {
        assert!(text.parse::<Fingerprint>().unwrap_err().starts_with("is not a SHA-256; "), "{text}");
    }
}
