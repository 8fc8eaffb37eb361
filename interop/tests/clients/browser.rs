//! Browsers for exercises that are played in one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;

use gatewright::browser::{Engine, Installation};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::{Semaphore, SemaphorePermit};

/// What this machine has: the browser that scenarios use, or what is missing.
static INSTALLATION: LazyLock<Result<Installation, String>> =
    LazyLock::new(|| Installation::find(Engine::Shell, None).map_err(|error| error.to_string()));

/// More at once would only wait for each other.
static ROOM: Semaphore = Semaphore::const_new(2);

/// Why there can be no browser here; nothing when there can.
pub(crate) fn lacking() -> Option<String> {
    INSTALLATION.as_ref().err().cloned()
}

/// A browser that an exercise may start: the program, and a home of its own in which the org's authority is trusted.
/// Dropped, the home is deleted.
pub(crate) struct Browser {
    program: &'static Path,
    home: TempDir,
    _room: SemaphorePermit<'static>,
}

impl Browser {
    /// Waits for room, and makes a home in which the authority of this file is trusted.
    pub(crate) async fn trusting(authority: &str) -> Result<Self, String> {
        let installation = INSTALLATION.as_ref().map_err(Clone::clone)?;
        let room = ROOM.acquire().await.map_err(|error| error.to_string())?;
        let home = tempfile::Builder::new().prefix("gatewright-interop-").tempdir();
        let home = home.map_err(|error| format!("a browser's home can't be made: {error}"))?;
        let database = home.path().join(".pki/nssdb");
        fs::create_dir_all(&database).map_err(|error| format!("{}: {error}", database.display()))?;
        for arguments in [
            &["-N", "--empty-password"][..],
            &["-A", "-t", "C,,", "-n", "the org's authority", "-i", authority],
        ] {
            let mut command = Command::new(&installation.certutil);
            command.arg("-d").arg(format!("sql:{}", database.display())).args(arguments);
            command.env("HOME", home.path()).stdin(Stdio::null()).kill_on_drop(true);
            let output = command.output().await.map_err(|error| format!("{command:?}: {error}"))?;
            if !output.status.success() {
                return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)));
            }
        }
        Ok(Self { program: &installation.browser.path, home, _room: room })
    }

    /// What an exercise must know to start it.
    pub(crate) fn description(&self) -> Value {
        json!({ "program": self.program, "home": self.home.path() })
    }
}

/// An empty folder for the pictures of an exercise, in the target folder.
pub(crate) fn screenshots(exercise: &str) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("interop").join("screenshots");
    let folder = folder.join(exercise.replace('/', "-"));
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => fs::create_dir_all(&folder).map_err(failed)?,
    }
    Ok(folder)
}
