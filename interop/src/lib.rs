//! Okta's and ngrok's own clients, unmodified, against the org and the edge that `gatewright` stands up: `tests/clients`.
//! Programs that use them are in `node`, `python`, `rust` and `go`.

use std::path::Path;

/// The folder that holds the exercises.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
