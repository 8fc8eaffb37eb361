//! The clients' packages: installed once for each lock file, into the target folder.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::platform::Platform;

/// How long an installation may take.
const DEADLINE: Duration = Duration::from_secs(300);

/// Where the packages of this run are, once somebody needs them.
#[derive(Default)]
pub(crate) struct Packages {
    node: OnceCell<Result<PathBuf, String>>,
    python: OnceCell<Result<PathBuf, String>>,
}

impl Packages {
    /// The folder with the platform's packages, which are installed if they weren't before.
    pub(crate) async fn of(&self, platform: Platform) -> Result<PathBuf, String> {
        let cell = match platform {
            Platform::Node | Platform::Browser => &self.node,
            Platform::Python => &self.python,
        };
        cell.get_or_init(|| installed(platform)).await.clone()
    }
}

async fn installed(platform: Platform) -> Result<PathBuf, String> {
    // Cargo gives tests a folder in the target folder.
    let folders = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("interop");
    let folder = folders.join(format!("{}-{:016x}", platform.name(), key(platform)?));
    if folder.is_dir() {
        return Ok(folder);
    }
    let failed = |error: std::io::Error| format!("{}: {error}", folders.display());
    fs::create_dir_all(&folders).map_err(failed)?;
    // Whole or not at all: whatever is installed halfway goes away, and whoever comes second uses the first's.
    let making = tempfile::tempdir_in(&folders).map_err(failed)?;
    install(platform, making.path()).await?;
    match fs::rename(making.path(), &folder) {
        Err(error) if !folder.is_dir() => Err(failed(error)),
        _ => Ok(folder),
    }
}

/// Other packages and other versions of the platform go to another folder.
fn key(platform: Platform) -> Result<u64, String> {
    let mut hasher = DefaultHasher::new();
    platform.version().as_deref().unwrap_or_default().hash(&mut hasher);
    for name in platform.manifests() {
        let file = platform.folder().join(name);
        let content = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        content.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

async fn install(platform: Platform, folder: &Path) -> Result<(), String> {
    for name in platform.manifests() {
        let copied = fs::copy(platform.folder().join(name), folder.join(name));
        copied.map_err(|error| format!("{name} can't be copied to {}: {error}", folder.display()))?;
    }
    match platform {
        Platform::Node | Platform::Browser => {
            let quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts"];
            run(folder, "npm", &[&["ci"], &quiet[..]].concat()).await
        }
        Platform::Python => {
            run(folder, "python3", &["-m", "venv", "."]).await?;
            let quiet = ["--no-input", "--disable-pip-version-check", "--quiet"];
            let what = ["--only-binary", ":all:", "--no-deps", "--requirement", "requirements.txt"];
            let install = [&["-m", "pip", "install"], &quiet[..], &what[..]].concat();
            run(folder, "./bin/python", &install).await
        }
    }
}

async fn run(folder: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    let what = format!("`{program} {}`", arguments.join(" "));
    let remedy = "The packages come from the registries that npm and pip are set to.";
    // A relative program is looked for where this process is.
    let found = if program.starts_with('.') { folder.join(program) } else { PathBuf::from(program) };
    let mut command = Command::new(found);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(DEADLINE, command.output()).await {
        Err(_) => Err(format!("{what} was not done after {} s. {remedy}", DEADLINE.as_secs())),
        Ok(Err(error)) => Err(format!("{what} can't be started: {error}")),
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let said = [output.stdout, output.stderr].concat();
            Err(format!("{what} failed. {remedy} It said:\n{}", String::from_utf8_lossy(&said)))
        }
    }
}
