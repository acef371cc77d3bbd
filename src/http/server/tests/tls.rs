//! The same over TLS.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use tempfile::TempDir;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ALL_VERSIONS, ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::*;

struct Authority(CertifiedIssuer<'static, KeyPair>);

struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    pem: (String, String),
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity {
            certificate: certificate.der().clone(),
            pem: (certificate.pem(), key.serialize_pem()),
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        }
    }
}

impl Identity {
    fn write(&self, dir: &Path) {
        std::fs::write(dir.join("server.crt"), &self.pem.0).unwrap();
        std::fs::write(dir.join("server.key"), &self.pem.1).unwrap();
    }
}

/// A server with a certificate of `authority`, for `localhost`, and its files.
async fn start(authority: &Authority, more: &str) -> (Server, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    authority.issue("localhost").write(dir.path());
    std::fs::write(dir.path().join("ca.crt"), authority.0.pem()).unwrap();
    let path = dir.path().join("web.yml");
    std::fs::write(&path, format!("tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n{more}"))
        .unwrap();
    let web = WebConfig::load(&path).unwrap();
    (Server::start(Limits::default(), web, up).await, dir)
}

struct Client<'a> {
    trusts: &'a Authority,
    identity: Option<&'a Identity>,
    versions: &'a [&'static SupportedProtocolVersion],
}

impl<'a> Client<'a> {
    fn new(trusts: &'a Authority) -> Self {
        Self { trusts, identity: None, versions: ALL_VERSIONS }
    }

    async fn connect(&self, server: &Server) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusts.0.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match self.identity {
            None => config.with_no_client_auth(),
            Some(identity) => {
                config.with_client_auth_cert(vec![identity.certificate.clone()], identity.key.clone_key()).unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, server.connect().await).await
    }

    /// The status line, or why there is none. In TLS 1.3 a client learns only with the first read that it was refused.
    async fn get(&self, server: &Server) -> Result<String, String> {
        let mut stream = self.connect(server).await.map_err(|error| error.to_string())?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.map_err(|e| e.to_string())?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.map_err(|error| error.to_string())?;
        Ok(status(&String::from_utf8(response).unwrap()).to_owned())
    }
}

const OK: Result<&str, &str> = Ok("HTTP/1.1 200 OK");

fn as_str(result: &Result<String, String>) -> Result<&str, &str> {
    result.as_deref().map_err(String::as_str)
}

#[tokio::test]
async fn good_and_wrong_authority() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (server, _dir) = start(&authority, "").await;
    assert_eq!(as_str(&Client::new(&authority).get(&server).await), OK);
    let error = Client::new(&stranger).get(&server).await.unwrap_err();
    assert!(error.contains("invalid peer certificate"), "{error}");
    server.until(|stats| stats.connections == 0).await;
    assert_eq!(server.rejected("tls"), 1);
}

#[tokio::test]
async fn http_1_1_is_negotiated_and_the_connection_is_kept() {
    let authority = Authority::new();
    let (server, _dir) = start(&authority, "").await;
    let mut stream = Client::new(&authority).connect(&server).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    for _ in 0..2 {
        assert_eq!(status(&request_on(&mut stream).await), "HTTP/1.1 200 OK");
    }
    assert_eq!(server.stats.snapshot().accepted, 1);
}

#[tokio::test]
async fn versions() {
    let authority = Authority::new();
    let (server, _dir) = start(&authority, "  min_version: TLS13\n").await;
    assert_eq!(as_str(&Client { versions: &[&TLS13], ..Client::new(&authority) }.get(&server).await), OK);
    let error = Client { versions: &[&TLS12], ..Client::new(&authority) }.get(&server).await.unwrap_err();
    assert!(error.contains("ProtocolVersion"), "{error}");
}

#[tokio::test]
async fn suites_and_groups() {
    let authority = Authority::new();
    let more = "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, \
                TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n  curve_preferences: [CurveP384]\n";
    let (server, _dir) = start(&authority, more).await;
    let stream = Client::new(&authority).connect(&server).await.unwrap();
    let (_, session) = stream.get_ref();
    let suite = session.negotiated_cipher_suite().unwrap().suite();
    assert_eq!(suite.as_str(), Some("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"), "the server's order");
    let group = session.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(format!("{group:?}"), "secp384r1");
}

#[tokio::test]
async fn client_certificates() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (ours, theirs) = (authority.issue("prom.example"), stranger.issue("prom.example"));
    let ca = "  client_ca_file: ca.crt\n";
    let sans = "  client_allowed_sans: [prom.example]\n";
    let other = "  client_allowed_sans: [other.example, '*.example']\n";
    // Whether a client may pass without a certificate, with ours, with a stranger's.
    let cases = [
        ("NoClientCert", String::new(), [true, true, true]),
        ("RequestClientCert", String::new(), [true, true, true]),
        ("RequireAnyClientCert", String::new(), [false, true, true]),
        ("RequireAnyClientCert", sans.to_owned(), [false, true, true]),
        ("RequireAnyClientCert", other.to_owned(), [false, false, false]),
        ("VerifyClientCertIfGiven", ca.to_owned(), [true, true, false]),
        ("RequireAndVerifyClientCert", ca.to_owned(), [false, true, false]),
        ("RequireAndVerifyClientCert", format!("{ca}{sans}"), [false, true, false]),
        ("RequireAndVerifyClientCert", format!("{ca}{other}"), [false, false, false]),
    ];
    for (auth, more, expected) in cases {
        let (server, _dir) = start(&authority, &format!("  client_auth_type: {auth}\n{more}")).await;
        for versions in [&[&TLS12][..], &[&TLS13]] {
            let mut passed = Vec::new();
            for identity in [None, Some(&ours), Some(&theirs)] {
                let response = Client { identity, versions, ..Client::new(&authority) }.get(&server).await;
                passed.push(as_str(&response) == OK);
            }
            assert_eq!(passed, expected, "{auth} {more} {versions:?}");
        }
    }
}

#[tokio::test]
async fn plain_http_to_a_tls_port_is_closed() {
    let authority = Authority::new();
    let (server, _dir) = start(&authority, "").await;
    let response = server.get("").await;
    assert!(!response.contains("HTTP/1.1"), "{response}");
    server.until(|stats| stats.connections == 0).await;
    assert_eq!(server.rejected("tls"), 1);
}

#[tokio::test]
async fn a_silent_handshake_is_cut_off() {
    let authority = Authority::new();
    let (server, _dir) = start(&authority, "").await;
    let limits = Limits { header_timeout: Duration::from_millis(50), ..Limits::default() };
    let server = Server::start(limits, Arc::into_inner(server.web.swap(Arc::default())).unwrap(), up).await;
    assert_eq!(server.exchange(b"").await, "");
    assert_eq!(server.stats.snapshot().timed_out, 1);
}

#[tokio::test]
async fn certificates_are_rotated() {
    let (old, new) = (Authority::new(), Authority::new());
    let (server, dir) = start(&old, "").await;
    assert_eq!(as_str(&Client::new(&old).get(&server).await), OK);
    let mut kept = Client::new(&old).connect(&server).await.unwrap();
    request_on(&mut kept).await;

    let look = || server.web.load().tls.as_ref().unwrap().expire();
    std::fs::write(dir.path().join("server.key"), "broken").unwrap();
    look();
    assert_eq!(as_str(&Client::new(&old).get(&server).await), OK, "the old pair stays");

    new.issue("localhost").write(dir.path());
    look();
    assert_eq!(as_str(&Client::new(&new).get(&server).await), OK);
    assert!(Client::new(&old).get(&server).await.is_err());
    assert_eq!(status(&request_on(&mut kept).await), "HTTP/1.1 200 OK", "an open connection stays");
}
