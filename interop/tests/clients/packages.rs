//! The clients' packages, in the target folder: installed once for each lock file, or built by the platform's own tool,
//! which knows what is new.

use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::platform::{Platform, cargo};

/// How long an installation may take.
const DEADLINE: Duration = Duration::from_secs(300);

/// The name of the programs that are built.
pub(crate) const PROGRAM: &str = "agent";

type Place = Arc<OnceCell<Result<PathBuf, String>>>;

/// Where the packages of this run are, once somebody needs them: by the lock file.
#[derive(Default)]
pub(crate) struct Packages(Mutex<HashMap<PathBuf, Place>>);

impl Packages {
    /// The folder with the platform's packages, which are installed if they weren't before.
    pub(crate) async fn of(&self, platform: Platform) -> Result<PathBuf, String> {
        let place = self.place(platform);
        place.get_or_init(|| there(platform)).await.clone()
    }

    fn place(&self, platform: Platform) -> Place {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(places.entry(platform.lock()).or_default())
    }
}

async fn there(platform: Platform) -> Result<PathBuf, String> {
    match platform {
        Platform::Node | Platform::Browser | Platform::Python(_) => installed(platform).await,
        Platform::Rust | Platform::Go => built(platform).await,
    }
}

/// Cargo gives tests a folder in the target folder.
fn folders() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("interop")
}

async fn installed(platform: Platform) -> Result<PathBuf, String> {
    let folders = folders();
    let name = match platform {
        Platform::Python(requirements) => format!("python-{requirements}"),
        _ => "node".to_owned(),
    };
    let folder = folders.join(format!("{name}-{:016x}", key(platform)?));
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
    for file in manifests(platform) {
        let content = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        content.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

fn manifests(platform: Platform) -> Vec<PathBuf> {
    let beside = matches!(platform, Platform::Node | Platform::Browser);
    let beside = beside.then(|| platform.folder().join("package.json"));
    std::iter::once(platform.lock()).chain(beside).collect()
}

async fn install(platform: Platform, folder: &Path) -> Result<(), String> {
    for file in manifests(platform) {
        let copied = fs::copy(&file, folder.join(file.file_name().unwrap_or_default()));
        copied.map_err(|error| format!("{} can't be copied: {error}", file.display()))?;
    }
    match platform {
        Platform::Python(requirements) => {
            run(folder, "python3", &["-m", "venv", "."]).await?;
            let quiet = ["--no-input", "--disable-pip-version-check", "--quiet"];
            let requirements = format!("{requirements}.txt");
            let what = ["--only-binary", ":all:", "--no-deps", "--requirement", &requirements];
            let install = [&["-m", "pip", "install"], &quiet[..], &what[..]].concat();
            run(folder, "./bin/python", &install).await
        }
        _ => {
            let quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts"];
            run(folder, "npm", &[&["ci"], &quiet[..]].concat()).await
        }
    }
}

/// The folder with the program, as the platform's tool builds it from what is locked.
async fn built(platform: Platform) -> Result<PathBuf, String> {
    let sources = platform.folder();
    if let Platform::Go = platform {
        let folder = folders().join("go");
        let program = folder.join(PROGRAM).display().to_string();
        run(&sources, "go", &["build", "-mod=readonly", "-o", &program, "."]).await?;
        return Ok(folder);
    }
    let target = folders().join("rust");
    let place = target.display().to_string();
    run(&sources, &cargo(), &["build", "--locked", "--quiet", "--target-dir", &place]).await?;
    Ok(target.join("debug"))
}

async fn run(folder: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    let what = format!("`{program} {}`", arguments.join(" "));
    let remedy = "The packages come from the registries that npm, pip, Cargo and Go are set to.";
    // A relative program is looked for where this process is.
    let found = if program.starts_with('.') { folder.join(program) } else { PathBuf::from(program) };
    let mut command = Command::new(found);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    // Another toolchain is not fetched behind anybody's back.
    command.env("GOTOOLCHAIN", "local");
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
