//! Files of authorities: those that are trusted, and the one that others shall trust.

use std::io::Write;
use std::path::Path;

use gatewright::parts::ground::Authority;
use tempfile::NamedTempFile;

use crate::failure::Failure;

/// The certificates in a PEM file.
pub(crate) fn authorities(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        let file = file.display();
        Failure::usage(format_args!(
            "{file} can't be read: {error}; it should be the PEM file of the authority that the other side's \
             certificate comes from, which is named where that side was started"
        ))
    })
}

/// A file with an authority's certificate, which is there as long as the value.
pub(crate) fn written(authority: &Authority) -> Result<NamedTempFile, Failure> {
    let made = || {
        let mut file = tempfile::Builder::new().prefix("gatewright-").suffix(".pem").tempfile()?;
        file.write_all(authority.certificate_pem().as_bytes())?;
        Ok(file)
    };
    made().map_err(|error: std::io::Error| {
        Failure::lacking(format_args!(
            "no temporary file can be written for the authority's certificate: {error}"
        ))
    })
}
