//! The command that stands the org up.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The `gatewright` command beside this test's folder, as `cargo test` and `cargo build` of the workspace leave it.
pub(crate) fn gatewright() -> Result<PathBuf, String> {
    const REMEDY: &str = "`cargo build` builds it, and so does `cargo test` of the whole workspace.";
    let test = std::env::current_exe().map_err(|error| error.to_string())?;
    let command = test.ancestors().nth(2).map(|profile| profile.join("gatewright"));
    let command = command.filter(|command| command.is_file());
    let command = command.ok_or_else(|| format!("there is no gatewright command. {REMEDY}"))?;
    match newer_source(&command) {
        None => Ok(command),
        Some(source) => Err(format!("{} is older than {source}. {REMEDY}", command.display())),
    }
}

/// A source file that was changed after the command was built: what is tested would be another org.
fn newer_source(command: &Path) -> Option<String> {
    let built = changed(command)?;
    let sources = fs::read_to_string(command.with_extension("d")).ok()?;
    let (_, sources) = sources.trim_end().split_once(": ")?;
    // Spaces in names are escaped.
    let sources = sources.replace("\\ ", "\0");
    let mut sources = sources.split(' ').map(|source| source.replace('\0', " "));
    sources.find(|source| changed(Path::new(source)).is_some_and(|changed| changed > built))
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}
