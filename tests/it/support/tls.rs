//! Certificates made at run time: an authority, a server's for `localhost` and 127.0.0.1 or other names, a client's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, crypto};

/// An authority and what it signed, as files.
pub(crate) struct Certificates {
    dir: TempDir,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        Self::for_names(&["localhost", "127.0.0.1"])
    }

    /// The names that the server's and the client's have.
    pub(crate) fn for_names(names: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // A name of its own: another authority must not pass for this one with a bad signature.
        let mut params = named(names, &format!("authority of {}", dir.path().display()));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap();
        std::fs::write(dir.path().join("ca.crt"), authority.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        for (file, usage) in
            [("server", ExtendedKeyUsagePurpose::ServerAuth), ("client", ExtendedKeyUsagePurpose::ClientAuth)]
        {
            let mut params = named(names, file);
            params.extended_key_usages.push(usage);
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, &issuer).unwrap();
            std::fs::write(dir.path().join(format!("{file}.crt")), certificate.pem()).unwrap();
            std::fs::write(dir.path().join(format!("{file}.key")), key.serialize_pem()).unwrap();
        }
        Self { dir }
    }

    /// One of `ca.crt`, `server.crt`, `server.key`, `client.crt`, `client.key`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        let file = self.dir.path().join(name);
        assert!(Path::new(&file).exists(), "{name}");
        file
    }

    /// A server with the server's certificate.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        let chain = vec![CertificateDer::from_pem_file(self.file("server.crt")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.file("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Arc::new(config)
    }

    /// A client that trusts the authority.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.file("ca.crt")).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

fn named(names: &[&str], common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}
