//! The agent's configuration files: which they are, what they say, and what is put into them.

use std::io::Write;
use std::path::{Path, PathBuf};

use gatewright::parts::client::config_file::{
    ConfigFile, EditError, default_path, with_api_key, with_authtoken,
};
use gatewright::parts::ground::Secret;

use crate::cli::{Credential, Files};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print;

/// The files that are to be read: those that are named, or ngrok's usual one if it is there.
pub(super) fn paths(files: &Files) -> Vec<PathBuf> {
    match files.config.as_slice() {
        [] => usual().filter(|path| path.is_file()).into_iter().collect(),
        named => named.to_vec(),
    }
}

fn usual() -> Option<PathBuf> {
    default_path(|name| std::env::var_os(name))
}

/// What the files say together.
pub(super) fn read(paths: &[PathBuf]) -> Result<ConfigFile, Failure> {
    let mut all = ConfigFile::default();
    for path in paths {
        let file = ConfigFile::read(path).map_err(|problems| Failure::plain_usage(problems.to_string()))?;
        all = all.and(file);
    }
    Ok(all)
}

/// `config check`.
pub(crate) fn check(files: &Files) -> Result<Exit, Failure> {
    let paths = paths(files);
    if paths.is_empty() {
        let usual = usual().map(|path| format!(" at {}", path.display())).unwrap_or_default();
        return Err(Failure::usage(format_args!(
            "there is no configuration file{usual}; --config names another"
        )));
    }
    read(&paths)?;
    for path in paths {
        print::line(format_args!("Valid configuration file at {}", path.display()))?;
    }
    Ok(Exit::Passed)
}

/// `config add-authtoken`.
pub(crate) fn add_authtoken(credential: &Credential) -> Result<Exit, Failure> {
    add(credential, with_authtoken, "Authtoken")
}

/// `config add-api-key`.
pub(crate) fn add_api_key(credential: &Credential) -> Result<Exit, Failure> {
    add(credential, with_api_key, "API key")
}

fn add(
    credential: &Credential,
    put: impl FnOnce(&Path, &str, &Secret) -> Result<String, EditError>,
    what: &str,
) -> Result<Exit, Failure> {
    let path = match credential.files.config.as_slice() {
        [] => usual().ok_or_else(|| {
            Failure::usage(
                "the environment names no home to keep a configuration file in; --config names a file",
            )
        })?,
        [path] => path.clone(),
        _ => return Err(Failure::usage("one file is to be named, the one that it is put into")),
    };
    let source = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        outcome => outcome
            .map_err(|error| Failure::usage(format_args!("{} can't be read: {error}", path.display())))?,
    };
    let edited = put(&path, &source, &credential.value).map_err(|error| match error {
        EditError::File(problems) => Failure::plain_usage(problems.to_string()),
        EditError::Place(_) => Failure::usage(format_args!("{}: {error}", path.display())),
    })?;
    write(&path, &edited)
        .map_err(|error| Failure::lacking(format_args!("{} can't be written: {error}", path.display())))?;
    print::line(format_args!("{what} saved to configuration file: {}", path.display()))?;
    Ok(Exit::Passed)
}

/// Puts a file in place at once, for its owner's eyes alone. A link stays one.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Such a file is made readable by its owner alone.
    let mut file = tempfile::Builder::new().prefix(".ngrok-").suffix(".yml").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}
