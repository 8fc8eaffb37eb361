//! How an app's certificate is checked: not at all, as ngrok's agent does unless told otherwise, or against roots.

use std::sync::Arc;

use ground::authority::{AuthorityError, client_config_trusting};
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{self, CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use crate::endpoint::UpstreamProtocol;

fn alpn(protocol: UpstreamProtocol) -> &'static [u8] {
    match protocol {
        UpstreamProtocol::Http1 => b"http/1.1",
        UpstreamProtocol::Http2 => b"h2",
    }
}

/// Trusts the PEM certificates in `pem` alone; `origin` names them in errors.
pub(crate) fn checked(
    pem: &str,
    origin: &str,
    protocol: Option<UpstreamProtocol>,
) -> Result<Arc<ClientConfig>, AuthorityError> {
    let alpn: Vec<&[u8]> = protocol.map(alpn).into_iter().collect();
    client_config_trusting(pem, origin, &alpn)
}

/// Trusts whoever answers: the app is this machine's own, and what it serves is what its developer chose.
pub(crate) fn unchecked(protocol: Option<UpstreamProtocol>) -> Result<Arc<ClientConfig>, AuthorityError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Whoever { provider }))
        .with_no_client_auth();
    config.alpn_protocols = protocol.map(|protocol| alpn(protocol).to_vec()).into_iter().collect();
    Ok(Arc::new(config))
}

/// Asks that the server has the key of the certificate that it shows, and nothing of the certificate.
#[derive(Debug)]
struct Whoever {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Whoever {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
