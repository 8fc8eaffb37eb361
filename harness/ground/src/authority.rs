//! The run's own certificate authority. Nothing else is trusted, and nothing outside the run trusts it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::Secret;

/// Why a certificate or a TLS configuration could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A certificate could not be issued.
    #[error("the run's authority could not issue a certificate for {subject}: {source}")]
    Issue {
        /// Whom the certificate was for.
        subject: String,
        /// What the certificate library said.
        source: rcgen::Error,
    },
    /// A TLS configuration was refused.
    #[error("the TLS configuration was refused: {0}")]
    Tls(#[from] rustls::Error),
    /// A file of trusted certificates holds none, or is not PEM.
    #[error("{0} holds no PEM certificate to trust")]
    NoRoots(String),
}

/// An ECDSA P-256 authority, made anew for each run, whose leaves share one key (they live in one process and end
/// with it). Making one takes about a millisecond; clones are the same authority.
#[derive(Clone)]
pub struct Authority {
    shared: Arc<Shared>,
}

struct Shared {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
    leaf_key: KeyPair,
    leaves: Mutex<HashMap<String, Leaf>>,
}

/// A certificate that was issued, and when, in real time.
struct Leaf {
    key: Arc<CertifiedKey>,
    issued: time::OffsetDateTime,
}

impl Leaf {
    /// Whether it is far from its end: servers that stand for weeks must not show what has run out.
    fn is_fresh(&self, now: time::OffsetDateTime) -> bool {
        now - self.issued < LIFETIME / 2
    }
}

/// How long certificates live, in real time, to each side of now.
const LIFETIME: time::Duration = time::Duration::days(7);

impl Authority {
    /// A new authority.
    pub fn new() -> Result<Self, AuthorityError> {
        Self::living(LIFETIME)
    }

    /// A new authority that is to be kept ([`to_pem`](Self::to_pem)) over the end of the process: it lives for ten
    /// years. Its leaves live as short as others'.
    pub fn lasting() -> Result<Self, AuthorityError> {
        Self::living(time::Duration::days(3650))
    }

    /// The authority that [`to_pem`](Self::to_pem) wrote.
    pub fn from_pem(pem: &Secret) -> Result<Self, AuthorityError> {
        let unreadable = || AuthorityError::NoRoots("what was kept of the authority".to_owned());
        let pem = pem.expose();
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| unreadable())?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| unreadable())?;
        let key = KeyPair::try_from(&key).map_err(itself)?;
        let begin = pem.find(BEGIN_CERTIFICATE).ok_or_else(unreadable)?;
        Self::with(params(LIFETIME), key, certificate, pem[begin..].to_owned())
    }

    fn living(lifetime: time::Duration) -> Result<Self, AuthorityError> {
        let (params, key) = (params(lifetime), KeyPair::generate().map_err(itself)?);
        let certificate = params.self_signed(&key).map_err(itself)?;
        let pem = certificate.pem();
        Self::with(params, key, certificate.der().clone(), pem)
    }

    fn with(
        params: CertificateParams,
        key: KeyPair,
        certificate: CertificateDer<'static>,
        certificate_pem: String,
    ) -> Result<Self, AuthorityError> {
        let leaf_key = KeyPair::generate().map_err(itself)?;
        let issuer = Issuer::new(params, key);
        let shared = Shared { certificate, certificate_pem, issuer, leaf_key, leaves: Mutex::default() };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The authority itself, its key included, to keep it.
    pub fn to_pem(&self) -> Secret {
        let key = self.shared.issuer.key().serialize_pem();
        Secret::new("authority", format!("{key}{}", self.shared.certificate_pem))
    }

    /// The authority's own certificate, to hand to whoever shall trust it.
    pub fn certificate_pem(&self) -> String {
        self.shared.certificate_pem.clone()
    }

    /// A server's TLS configuration that answers each server name which `serves` accepts with a certificate for just
    /// that name, and clients that name no server (they dialled an address) with one for `localhost`, `127.0.0.1` and
    /// `::1`. Other names get no certificate: the handshake fails. `alpn` is in order of preference.
    pub fn server_config(
        &self,
        alpn: &[&[u8]],
        serves: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Result<Arc<ServerConfig>, AuthorityError> {
        let resolver = ByServerName { authority: self.clone(), serves: Box::new(serves) };
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Arc::new(config))
    }

    /// A client's TLS configuration that trusts this authority alone.
    pub fn client_config(&self, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, AuthorityError> {
        let mut roots = RootCertStore::empty();
        roots.add(self.shared.certificate.clone())?;
        trusting(roots, alpn)
    }

    fn leaf(&self, host: &str) -> Result<Arc<CertifiedKey>, AuthorityError> {
        let mut leaves = self.shared.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        let issued = time::OffsetDateTime::now_utc();
        if let Some(leaf) = leaves.get(host).filter(|leaf| leaf.is_fresh(issued)) {
            return Ok(Arc::clone(&leaf.key));
        }
        // Bounded: a client that asks for endless names under a served domain only costs time.
        if leaves.len() >= 1024 {
            leaves.clear();
        }
        let key = Arc::new(self.issue(host)?);
        leaves.insert(host.to_owned(), Leaf { key: Arc::clone(&key), issued });
        Ok(key)
    }

    fn issue(&self, host: &str) -> Result<CertifiedKey, AuthorityError> {
        let issue = |source| AuthorityError::Issue { subject: host.to_owned(), source };
        let names = match host {
            LOOPBACK => vec![LOOPBACK.to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()],
            host => vec![host.to_owned()],
        };
        let mut params = dated(LIFETIME, CertificateParams::new(names).map_err(issue)?);
        params.distinguished_name.push(DnType::CommonName, host);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = params.signed_by(&self.shared.leaf_key, &self.shared.issuer).map_err(issue)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.shared.leaf_key.serialize_der()));
        Ok(CertifiedKey::new(vec![leaf.der().clone()], any_supported_type(&key)?))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}

/// A client's TLS configuration that trusts the PEM certificates in `pem` alone; `origin` names them in errors.
pub fn client_config_trusting(
    pem: &str,
    origin: &str,
    alpn: &[&[u8]],
) -> Result<Arc<ClientConfig>, AuthorityError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| AuthorityError::NoRoots(origin.to_owned()))?;
        roots.add(certificate)?;
    }
    if roots.is_empty() {
        return Err(AuthorityError::NoRoots(origin.to_owned()));
    }
    trusting(roots, alpn)
}

fn trusting(roots: RootCertStore, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, AuthorityError> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(config))
}

/// What the authority's own certificate says.
fn params(lifetime: time::Duration) -> CertificateParams {
    let mut params = dated(lifetime, CertificateParams::default());
    params.distinguished_name.push(DnType::CommonName, "Gatewright run authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn dated(lifetime: time::Duration, mut params: CertificateParams) -> CertificateParams {
    let now = time::OffsetDateTime::now_utc();
    params.not_before = now - LIFETIME;
    params.not_after = now + lifetime;
    params
}

fn itself(source: rcgen::Error) -> AuthorityError {
    AuthorityError::Issue { subject: "itself".into(), source }
}

const BEGIN_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

const LOOPBACK: &str = "localhost";

struct ByServerName {
    authority: Authority,
    serves: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

impl ResolvesServerCert for ByServerName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = match hello.server_name() {
            None | Some(LOOPBACK) => LOOPBACK.to_owned(),
            Some(name) => {
                let name = name.to_ascii_lowercase();
                (self.serves)(&name).then_some(name)?
            }
        };
        self.authority.leaf(&host).ok()
    }
}

impl fmt::Debug for ByServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByServerName")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::ServerName;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    async fn handshake(server: &Authority, client: &Authority, name: &'static str) -> std::io::Result<()> {
        let acceptor =
            TlsAcceptor::from(server.server_config(&[b"h2"], |host| host.ends_with(".tunnel.test")).unwrap());
        let connector = TlsConnector::from(client.client_config(&[b"h2"]).unwrap());
        let (near, far) = tokio::io::duplex(16 * 1024);
        let name = ServerName::try_from(name).unwrap();
        let (accepted, connected) = tokio::join!(acceptor.accept(far), connector.connect(name, near));
        accepted?;
        connected.map(drop)
    }

    #[tokio::test]
    async fn a_leaf_is_good_for_the_name_that_was_asked_for() {
        let authority = Authority::new().unwrap();
        handshake(&authority, &authority, "app.tunnel.test").await.unwrap();
        handshake(&authority, &authority, "localhost").await.unwrap();
        handshake(&authority, &authority, "127.0.0.1").await.unwrap();
    }

    #[tokio::test]
    async fn names_that_are_not_served_and_other_authorities_are_refused() {
        let (authority, other) = (Authority::new().unwrap(), Authority::new().unwrap());
        assert!(handshake(&authority, &authority, "evil.test").await.is_err());
        assert!(handshake(&authority, &other, "app.tunnel.test").await.is_err());
    }

    #[tokio::test]
    async fn an_authority_that_was_kept_is_trusted_as_before() {
        let before = Authority::lasting().unwrap();
        let kept = before.to_pem();
        let after = Authority::from_pem(&kept).unwrap();
        assert_eq!(after.certificate_pem(), before.certificate_pem());
        assert!(!after.certificate_pem().contains("PRIVATE"));
        handshake(&after, &before, "app.tunnel.test").await.unwrap();
        assert_eq!(Authority::from_pem(&after.to_pem()).unwrap().certificate_pem(), before.certificate_pem());
        for damaged in ["", &before.certificate_pem(), &kept.expose().replace("PRIVATE", "PUBLIC")] {
            assert!(Authority::from_pem(&Secret::new("authority", damaged)).is_err());
        }
    }

    #[test]
    fn a_leaf_is_issued_anew_long_before_it_runs_out() {
        let authority = Authority::new().unwrap();
        let first = authority.leaf("app.tunnel.test").unwrap();
        assert!(Arc::ptr_eq(&first, &authority.leaf("app.tunnel.test").unwrap()));
        let mut leaves = authority.shared.leaves.lock().unwrap();
        leaves.get_mut("app.tunnel.test").unwrap().issued -= LIFETIME / 2;
        drop(leaves);
        assert!(!Arc::ptr_eq(&first, &authority.leaf("app.tunnel.test").unwrap()));
    }

    #[test]
    fn a_trust_file_without_a_certificate_is_named() {
        let error = client_config_trusting("nothing", "ca.pem", &[]).unwrap_err();
        assert_eq!(error.to_string(), "ca.pem holds no PEM certificate to trust");
        client_config_trusting(&Authority::new().unwrap().certificate_pem(), "ca.pem", &[]).unwrap();
    }
}
