//! The same over TLS.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::*;

/// An authority and what it signed: `ca.crt`, and `localhost.crt` and `.key` for servers and clients alike.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: TempDir,
}

impl Authority {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        // A name of its own: another authority must not pass for this one with a bad signature.
        params.distinguished_name.push(DnType::CommonName, dir.path().display().to_string());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(dir.path().join("ca.crt"), issuer.pem()).unwrap();
        Self { issuer, dir }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn trusted(&self) -> TlsSettings {
        TlsSettings { ca_file: Some(self.file("ca.crt")), ..TlsSettings::default() }
    }

    /// Settings with a client certificate.
    fn identified(&self, trusted: &TlsSettings) -> TlsSettings {
        self.issue();
        let (cert_file, key_file) = (Some(self.file("localhost.crt")), Some(self.file("localhost.key")));
        TlsSettings { cert_file, key_file, ..trusted.clone() }
    }

    fn issue(&self) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.file("localhost.crt"), certificate.pem()).unwrap();
        std::fs::write(self.file("localhost.key"), key.serialize_pem()).unwrap();
        (certificate, key)
    }

    /// A server for `localhost` that gives two answers a connection and may ask for a certificate of the authority.
    async fn serve(&self, asks: bool) -> Server {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = if asks {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.unwrap().with_client_cert_verifier(verifier)
        } else {
            builder.unwrap().with_no_client_auth()
        };
        let (certificate, key) = self.issue();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                all.lock().unwrap().push(Vec::new());
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                play(&mut stream, [answer(OK), answer(OK)].concat(), &all).await;
            }
        });
        Server { address, heard, task }
    }
}

/// The error of a GET with these settings, without the address in its text.
async fn error_of(server: &Server, tls: TlsSettings) -> PollError {
    let mut client = client(&format!("https://{}", server.address), Settings { tls, ..Settings::default() });
    let error = client.get("/", PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::Tls, "{error}");
    assert_eq!(error.attempt, format!("GET https://{}/", server.address));
    error
}

#[tokio::test]
async fn the_connection_is_kept_and_the_handshake_is_timed() {
    let authority = Authority::new();
    let server = authority.serve(false).await;
    let settings = Settings { tls: authority.trusted(), ..Settings::default() };
    for host in ["localhost", "127.0.0.1"] {
        let mut client = client(&format!("https://{host}:{}", server.address.port()), settings.clone());
        let first = client.get("/", PATIENCE).await.unwrap();
        assert_eq!(first.body, "ok");
        assert!(!first.phases.tls.is_zero());
        let second = client.get("/", PATIENCE).await.unwrap();
        assert_eq!((second.phases.connect, second.phases.tls), (Duration::ZERO, Duration::ZERO));
        // The server closed it after two.
        assert_eq!(client.get("/", PATIENCE).await.unwrap().body, "ok");
    }
    assert_eq!(server.counts(), [2, 1, 2, 1]);
}

#[tokio::test]
async fn the_server_is_not_the_one_that_is_trusted() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = authority.serve(false).await;
    let error = error_of(&server, stranger.trusted()).await;
    assert_eq!(error.cause, "TLS handshake: the server's certificate is signed by an authority that is not trusted");
    assert_eq!(
        error.advice,
        "set ca_file to the certificate of that authority, or fingerprint to the SHA-256 of the server's"
    );
    let other_name = TlsSettings { server_name: Some("other.example".to_owned()), ..authority.trusted() };
    let error = error_of(&server, other_name).await;
    assert_eq!(
        error.cause,
        "TLS handshake: the server's certificate is for localhost, 127.0.0.1, and not for other.example"
    );
}

#[tokio::test]
async fn settings_that_cannot_be_used() {
    let authority = Authority::new();
    let server = authority.serve(false).await;
    let missing = TlsSettings { ca_file: Some(authority.file("none")), ..TlsSettings::default() };
    let error = error_of(&server, missing).await;
    let file = authority.file("none");
    assert!(
        error.cause.starts_with(&format!("TLS handshake: ca_file {}: cannot be read: ", file.display())),
        "{error}"
    );
    assert_eq!(error.advice, "check the files of the tls table, and that the agent may read them");
    let no_name = TlsSettings { server_name: Some("no name".to_owned()), ..authority.trusted() };
    let error = error_of(&server, no_name).await;
    assert_eq!(error.cause, "TLS handshake: \"no name\" cannot stand in a certificate: invalid dns name");
    assert_eq!(error.advice, "set server_name to the name in the certificate");
}

#[tokio::test]
async fn client_certificates() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = authority.serve(true).await;
    let url = format!("https://{}", server.address);
    let tls = authority.identified(&authority.trusted());
    let mut client = client(&url, Settings { tls, ..Settings::default() });
    assert_eq!(client.get("/", PATIENCE).await.unwrap().body, "ok");
    drop(client);
    // In TLS 1.3 the server's verdict comes after the handshake.
    let error = error_of(&server, authority.trusted()).await;
    assert_eq!(error.cause, "TLS handshake: the server wants a certificate of the agent");
    let error = error_of(&server, stranger.identified(&authority.trusted())).await;
    assert!(error.cause.starts_with("TLS handshake: the server refuses the agent's certificate ("), "{error}");
}

#[tokio::test]
async fn tls_to_a_port_that_speaks_none() {
    let server = Server::start([vec![Step::Say(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), Step::Hang]]).await;
    let error = error_of(&server, Authority::new().trusted()).await;
    assert_eq!(error.cause, "TLS handshake: the server's answer is not TLS");
}

#[tokio::test]
async fn http_to_a_port_that_speaks_tls() {
    let authority = Authority::new();
    let server = authority.serve(false).await;
    let error = server.client().get("/", PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::Protocol, "{error}");
    assert_eq!(error.advice, "does the port speak HTTP, and is it http or https?");
}
