//! What a client's verified certificate says, for rules and headers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use policy::facts::ClientCertificate;
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Name};

/// What it says; none when it can't be read.
pub(super) fn read(certificate: &CertificateDer<'_>) -> Option<ClientCertificate> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let names = parsed.subject_alternative_name().ok()?;
    let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
    let named = |pick: fn(&GeneralName<'_>) -> Option<String>| names.iter().filter_map(pick).collect();
    Some(ClientCertificate {
        pem: pem(certificate),
        subject: parsed.subject().to_string(),
        subject_common_name: common_name(parsed.subject()),
        issuer: parsed.issuer().to_string(),
        issuer_common_name: common_name(parsed.issuer()),
        serial_number: parsed.tbs_certificate.serial.to_string(),
        dns_names: named(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        }),
        email_addresses: named(|name| match name {
            GeneralName::RFC822Name(name) => Some((*name).to_owned()),
            _ => None,
        }),
    })
}

fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().next()?.as_str().ok().map(str::to_owned)
}

/// RFC 7468, 5.
fn pem(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = next;
    }
    text + "-----END CERTIFICATE-----\n"
}
