//! The catalogue: scenario files beside this crate, each of them a cargo test of `tests/catalogue.rs`.

use std::path::Path;

/// The folder that holds the catalogue.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
