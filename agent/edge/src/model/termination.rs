//! How the edge ends TLS for an endpoint that asks for more than every site gets: a certificate of its own, clients that
//! show theirs.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest::{SHA256, digest};
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{ResolvesServerCert, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

/// How many certificates a chain or a list of authorities has at most.
const MOST_CERTIFICATES: usize = 64;

/// How the edge ends TLS for an endpoint.
pub(crate) struct Termination {
    /// The endpoint's own certificate; none: the edge's for the name.
    certificate: Option<Arc<CertifiedKey>>,
    clients: Option<ClientAuthorities>,
    alpn: &'static [&'static [u8]],
    /// Made at the first connection.
    config: OnceLock<Arc<ServerConfig>>,
}

/// Who issues the certificates that clients must show.
#[derive(Clone)]
pub(crate) struct ClientAuthorities {
    verifier: Arc<dyn ClientCertVerifier>,
    fingerprint: Fingerprint,
}

/// Which authorities they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl ClientAuthorities {
    /// The authorities in `pem`, of which there must be one.
    pub(crate) fn parse(pem: &[u8]) -> Result<Self, String> {
        let certificates = certificates(pem)?;
        let mut roots = RootCertStore::empty();
        let mut all = Vec::new();
        for certificate in &certificates {
            roots
                .add(certificate.clone())
                .map_err(|error| format!("a certificate is no authority's: {error}"))?;
            all.push(digest(&SHA256, certificate).as_ref().to_vec());
        }
        all.sort_unstable();
        all.dedup();
        let fingerprint = digest(&SHA256, &all.concat()).as_ref().try_into().map(Fingerprint);
        let provider = Arc::new(default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Ok(Self {
            verifier: verifier.map_err(|error| error.to_string())?,
            fingerprint: fingerprint.map_err(|_| "it could not be hashed".to_owned())?,
        })
    }
}

impl Termination {
    /// As for every HTTPS site, for those clients alone that show a certificate of these authorities.
    pub(crate) fn of_site(clients: ClientAuthorities) -> Self {
        let alpn: &[&[u8]] = &[b"h2", b"http/1.1"];
        Self { certificate: None, clients: Some(clients), alpn, config: OnceLock::new() }
    }

    /// For any bytes, with the given certificate or the edge's own.
    pub(crate) fn of_bytes(certificate: Option<CertifiedKey>, clients: Option<ClientAuthorities>) -> Self {
        Self { certificate: certificate.map(Arc::new), clients, alpn: &[], config: OnceLock::new() }
    }

    /// The authorities that a client's certificate must come from, when it must show one.
    pub(crate) fn clients(&self) -> Option<Fingerprint> {
        self.clients.as_ref().map(|clients| clients.fingerprint)
    }

    /// What to end TLS with, beside `site`, which is how the edge ends it for every site.
    pub(crate) fn config(&self, site: &ServerConfig) -> Result<Arc<ServerConfig>, rustls::Error> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let certificate: Arc<dyn ResolvesServerCert> = match &self.certificate {
            Some(certificate) => Arc::new(SingleCertAndKey::from(Arc::clone(certificate))),
            None => Arc::clone(&site.cert_resolver),
        };
        let verifier = match &self.clients {
            Some(clients) => Arc::clone(&clients.verifier),
            None => WebPkiClientVerifier::no_client_auth(),
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(certificate);
        config.alpn_protocols = self.alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Arc::clone(self.config.get_or_init(|| Arc::new(config))))
    }
}

/// Whether TLS is ended in the same way.
impl PartialEq for Termination {
    fn eq(&self, other: &Self) -> bool {
        let chain = |of: &Self| of.certificate.as_ref().map(|certificate| certificate.cert.clone());
        chain(self) == chain(other) && self.clients() == other.clients() && self.alpn == other.alpn
    }
}

impl fmt::Debug for Termination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let certificate = if self.certificate.is_some() { "its own certificate" } else { "the edge's" };
        write!(f, "Termination({certificate}, clients: {:?})", self.clients())
    }
}

/// A certificate chain and its key, both in PEM.
pub(crate) fn certified_key(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, String> {
    let chain = certificates(chain)?;
    // What a parser says of a key stays unsaid.
    let key =
        PrivateKeyDer::from_pem_slice(key).map_err(|_| "the key is no private key in PEM".to_owned())?;
    CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => "the key is not that of the certificate".to_owned(),
        error => error.to_string(),
    })
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).take(MOST_CERTIFICATES + 1).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => Err("it holds no certificate in PEM".to_owned()),
        Ok(certificates) if certificates.len() > MOST_CERTIFICATES => {
            Err(format!("it holds more than {MOST_CERTIFICATES} certificates"))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(format!("it is not PEM: {error}")),
    }
}
