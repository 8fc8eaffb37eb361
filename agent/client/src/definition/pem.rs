//! The files that a definition names.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::{Result, wrong};

/// What a file says.
pub(super) fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file)
        .or_else(|error| wrong(format_args!("{} can't be read: {error}", file.display())))
}

/// The authorities in a file that was read.
pub(super) fn roots(pem: &str, file: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let added = certificate.ok().map(|certificate| roots.add(certificate));
        if !matches!(added, Some(Ok(()))) {
            return wrong(format_args!("{} holds a certificate that is none", file.display()));
        }
    }
    match roots.is_empty() {
        true => wrong(format_args!("{} holds no PEM certificate", file.display())),
        false => Ok(roots),
    }
}

/// The server that ends TLS at the agent.
pub(super) fn server(crt: &Path, key: &Path, client_cas: Option<&Path>) -> Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_slice_iter(read(crt)?.as_bytes()).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let Some(chain) = chain else {
        return wrong(format_args!("{} holds no PEM certificate", crt.display()));
    };
    let private = PrivateKeyDer::from_pem_slice(read(key)?.as_bytes());
    let Ok(private) = private else {
        return wrong(format_args!("{} holds no PEM private key", key.display()));
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.or_else(wrong)?;
    let builder = match client_cas {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let roots = Arc::new(roots(&read(file)?, file)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            builder.with_client_cert_verifier(verifier.or_else(wrong)?)
        }
    };
    let config = builder.with_single_cert(chain, private);
    let config = config.or_else(|error| {
        wrong(format_args!("{} and {} don't belong together: {error}", crt.display(), key.display()))
    })?;
    Ok(Arc::new(config))
}
