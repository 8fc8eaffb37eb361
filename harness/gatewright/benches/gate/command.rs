//! The command, built beside the benchmark.

use std::path::PathBuf;
use std::process::Command;

use crate::Outcome;

/// Builds the command as this program was built, and says where it lies.
pub(crate) fn build() -> Outcome<PathBuf> {
    let program = std::env::current_exe()?;
    // target/release/deps/gate-…
    let built = program.ancestors().nth(2).ok_or("this program is in no target folder")?;
    let target = built.parent().ok_or("this program is in no target folder")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "-p", "gatewright-command", "--target-dir"]).arg(target);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    match cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status()?.success() {
        true => Ok(built.join("gatewright")),
        false => Err("the command could not be built".into()),
    }
}
