//! Where the browser, its driver and what makes it trust the run's authority are on this machine, and how they get
//! there.

mod found;
mod install;
mod system;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

pub use install::InstallError;
use system::System;

/// Which browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Chromium's headless shell: the small one that has no windows. `chromium-shell`.
    Shell,
    /// The full Chromium (or Chrome). `chromium`.
    Chromium,
}

impl Engine {
    /// Every engine, with the name that it has on the command line.
    pub const ALL: [(&'static str, Self); 2] =
        [("chromium-shell", Self::Shell), ("chromium", Self::Chromium)];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shell => "chromium-shell",
            Self::Chromium => "chromium",
        }
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found
            .map(|(_, engine)| *engine)
            .ok_or_else(|| format!("`{text}` is no browser: chromium-shell, chromium"))
    }
}

/// Everything that it takes to drive a browser, found and fitting together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Which browser it is.
    pub engine: Engine,
    /// The browser's real binary.
    pub browser: Program,
    /// Its WebDriver.
    pub driver: Program,
    /// NSS's `certutil`.
    pub certutil: PathBuf,
}

/// A program with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its binary.
    pub path: PathBuf,
    /// What it says of itself.
    pub version: Version,
}

/// A version of Chromium: `156.0.8078.79`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    text: String,
    major: u32,
}

impl Version {
    /// The first number, which browser and driver must have in common.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Reads what a program answers to `--version`: the first word that is dotted numbers.
    fn of_answer(answer: &str) -> Option<Self> {
        answer.split_whitespace().find_map(|word| {
            let numbers: Vec<u32> = word.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
            (numbers.len() > 1).then(|| Self { text: word.to_owned(), major: numbers[0] })
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why no browser can be driven here. Shown, it says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallationError {
    /// Something is not there.
    #[error("{} not on this machine. {remedy}", are(.lacking))]
    Missing {
        /// What.
        lacking: Vec<&'static str>,
        /// What to do.
        remedy: String,
    },
    /// What was given as the browser is none that can be driven.
    #[error("{} can't be driven: {reason}", .path.display())]
    NotABrowser {
        /// What was given.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The driver is not for this browser.
    #[error(
        "the driver doesn't match: {} is {}, {} is {}. {remedy}",
        .browser.path.display(), .browser.version, .driver.path.display(), .driver.version
    )]
    Mismatch {
        /// The browser.
        browser: Box<Program>,
        /// The driver.
        driver: Box<Program>,
        /// What to do.
        remedy: String,
    },
}

/// Whether we run as root, for whom Chromium has no sandbox.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn are(lacking: &[&str]) -> String {
    match lacking {
        [one] => format!("{one} is"),
        [first @ .., last] => format!("{} and {last} are", first.join(", ")),
        [] => "nothing is".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_programs_say() {
        let major =
            |answer: &str| Version::of_answer(answer).map(|version| (version.to_string(), version.major()));
        assert_eq!(major("Chromium 156.0.8078.79 \n"), Some(("156.0.8078.79".into(), 156)));
        assert_eq!(
            major("ChromeDriver 156.0.8078.79 (a21ce95c24ce-refs/x@{#1})"),
            Some(("156.0.8078.79".into(), 156))
        );
        assert_eq!(major("Google Chrome 131.0.1 beta"), Some(("131.0.1".into(), 131)));
        assert_eq!(major("bash: no such thing 7"), None);
    }

    #[test]
    fn engines_have_names() {
        for (name, engine) in Engine::ALL {
            assert_eq!((name.parse(), engine.name()), (Ok(engine), name));
        }
        assert_eq!(
            "firefox".parse::<Engine>(),
            Err("`firefox` is no browser: chromium-shell, chromium".into())
        );
    }

    #[test]
    fn errors_say_what_to_do() {
        let program = |path: &str, version: &str| Program {
            path: path.into(),
            version: Version::of_answer(version).unwrap(),
        };
        let mismatch = InstallationError::Mismatch {
            browser: Box::new(program("/usr/lib/chromium/chromium", "156.0.1.2")),
            driver: Box::new(program("/usr/bin/chromedriver", "150.0.3.4")),
            remedy: System::Debian.mismatch_remedy(),
        };
        insta::assert_snapshot!(mismatch, @"the driver doesn't match: /usr/lib/chromium/chromium is 156.0.1.2, /usr/bin/chromedriver is 150.0.3.4. Bring both to one version: sudo apt-get update && sudo apt-get install chromium-driver chromium-headless-shell chromium");
        let missing = InstallationError::Missing {
            lacking: vec!["chromium-headless-shell", "chromedriver", "certutil"],
            remedy: System::Debian.remedy(Engine::Shell),
        };
        insta::assert_snapshot!(missing, @"chromium-headless-shell, chromedriver and certutil are not on this machine. Put it there: sudo apt-get update && sudo apt-get install chromium-headless-shell chromium-driver libnss3-tools fonts-liberation");
    }
}
