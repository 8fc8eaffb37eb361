//! Okta's own clients, unmodified, against the org that `gatewright okta` stands up: `tests/clients`. What they do is in
//! `node` and `python`, a file for each exercise.

use std::path::Path;

/// The folder that holds the exercises.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
