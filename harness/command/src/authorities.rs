//! Files of authorities: those that are trusted, and the one that others shall trust.

use std::io::Write;
use std::path::{Path, PathBuf};

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

/// Writes an authority's certificate to a file of this folder, where it stays. It is no secret.
pub(crate) fn written_in(dir: &Path, authority: &Authority) -> Result<PathBuf, Failure> {
    let file = dir.join("ca.pem");
    match std::fs::write(&file, authority.certificate_pem()) {
        Ok(()) => Ok(file),
        Err(error) => Err(Failure::lacking(format_args!("{} can't be written: {error}", file.display()))),
    }
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
