//! What the clients run on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::browser;

/// What a client is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    Node,
    /// A browser, which Node.js drives.
    Browser,
    Python,
}

/// What this machine has of each: its version, or what is missing.
static NODE: LazyLock<Result<String, String>> = LazyLock::new(|| {
    let version = said("node", &["--version"])?;
    said("npm", &["--version"])?;
    at_least(&version, "Node.js", &[20])
});
static PYTHON: LazyLock<Result<String, String>> = LazyLock::new(|| {
    // Some systems package these two apart from Python.
    let program = "import ensurepip, venv, platform; print(platform.python_version())";
    let version = said("python3", &["-c", program])?;
    at_least(&version, "Python", &[3, 11])
});

impl Platform {
    /// Why nothing can run on it here; nothing when it can.
    pub(crate) fn lacking(self) -> Option<String> {
        let browser = (self == Self::Browser).then(browser::lacking).flatten();
        self.version().as_ref().err().cloned().or(browser)
    }

    /// Its version, which its packages are installed for.
    pub(crate) fn version(self) -> &'static Result<String, String> {
        match self {
            Self::Node | Self::Browser => &NODE,
            Self::Python => &PYTHON,
        }
    }

    /// Its folder beside this crate, and in the target folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Node | Self::Browser => "node",
            Self::Python => "python",
        }
    }

    /// The files that say which packages, exactly.
    pub(crate) fn manifests(self) -> &'static [&'static str] {
        match self {
            Self::Node | Self::Browser => &["package-lock.json", "package.json"],
            Self::Python => &["requirements.txt"],
        }
    }

    /// The folder of its exercises.
    pub(crate) fn folder(self) -> PathBuf {
        gatewright_interop::folder().join(self.name())
    }

    /// The interpreter, with the packages that are in `packages`.
    pub(crate) fn program(self, packages: &Path) -> PathBuf {
        match self {
            Self::Node | Self::Browser => PathBuf::from("node"),
            Self::Python => packages.join("bin/python"),
        }
    }
}

fn said(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program} can't be started ({error})"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program} fails ({})", why.trim().lines().last().unwrap_or("it says nothing")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn at_least(version: &str, name: &str, least: &[u32]) -> Result<String, String> {
    let numbers: Vec<u32> =
        version.trim_start_matches('v').split('.').map_while(|it| it.parse().ok()).collect();
    if numbers.as_slice() >= least {
        return Ok(version.to_owned());
    }
    let least: Vec<String> = least.iter().map(u32::to_string).collect();
    Err(format!("{name} is {version}, and the clients need {} or later", least.join(".")))
}
