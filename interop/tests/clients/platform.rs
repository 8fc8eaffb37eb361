//! What the clients run on.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use crate::browser;

/// What a client is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    Node,
    /// A browser, which Node.js drives.
    Browser,
    /// Python, with the packages of this file of requirements: some overwrite each other.
    Python(&'static str),
    Rust,
    Go,
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
static RUST: LazyLock<Result<String, String>> = LazyLock::new(|| {
    let version = said(&cargo(), &["--version"])?;
    Ok(version.split(' ').nth(1).unwrap_or_default().to_owned())
});
static GO: LazyLock<Result<String, String>> = LazyLock::new(|| {
    let version = said("go", &["env", "GOVERSION"])?;
    at_least(version.trim_start_matches("go"), "Go", &[1, 25, 7])
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
            Self::Python(_) => &PYTHON,
            Self::Rust => &RUST,
            Self::Go => &GO,
        }
    }

    /// Where its packages come from.
    pub(crate) fn registry(self) -> &'static str {
        match self {
            Self::Node | Self::Browser => "npm",
            Self::Python(_) => "PyPI",
            Self::Rust => "crates.io",
            Self::Go => "Go",
        }
    }

    /// The folder of its programs beside this crate.
    pub(crate) fn folder(self) -> PathBuf {
        let name = match self {
            Self::Node | Self::Browser => "node",
            Self::Python(_) => "python",
            Self::Rust => "rust",
            Self::Go => "go",
        };
        gatewright_interop::folder().join(name)
    }

    /// The file that says which packages, exactly.
    pub(crate) fn lock(self) -> PathBuf {
        self.folder().join(match self {
            Self::Node | Self::Browser => "package-lock.json".to_owned(),
            Self::Python(requirements) => format!("requirements/{requirements}.txt"),
            Self::Rust => "Cargo.lock".to_owned(),
            Self::Go => "go.mod".to_owned(),
        })
    }
}

/// The one that runs these tests.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
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
