//! Finding what is there.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Engine, Installation, InstallationError, Program, System, Version};

/// Real binaries, where distributions put them. What stands in PATH is often a shell script around one of these.
const SHELLS: &[&str] = &[
    "/usr/lib/chromium/chromium-headless-shell",
    "/usr/lib/chromium/headless_shell",
    "/usr/lib64/chromium-browser/headless_shell",
];
const CHROMIUMS: &[&str] = &[
    "/usr/lib/chromium/chromium",
    "/usr/lib/chromium-browser/chromium-browser",
    "/usr/lib64/chromium-browser/chromium-browser",
    "/opt/google/chrome/chrome",
];
const DRIVERS: &[&str] = &[
    "/usr/bin/chromedriver",
    "/usr/lib/chromium/chromedriver",
    "/usr/lib/chromium-browser/chromedriver",
    "/usr/lib64/chromium-browser/chromedriver",
];

impl Installation {
    /// Looks for a browser, its driver and `certutil`, and asks the first two for their versions. `browser_path` names
    /// the browser's binary, where it is not found by itself. Blocks for some 50 ms.
    pub fn find(engine: Engine, browser_path: Option<&Path>) -> Result<Self, InstallationError> {
        let system = System::here();
        let path = Search::of_environment();
        let browser = match browser_path {
            Some(given) => Some(given_browser(given)?),
            None => path.browser(engine),
        };
        let driver = path.driver(browser.as_deref());
        let certutil = path.find("certutil").or_else(|| first_binary(&["/usr/bin/certutil"]));
        let (Some(browser), Some(driver), Some(certutil)) = (&browser, &driver, certutil.clone()) else {
            let name = System::packages(engine)[0];
            let wanted = [
                (name, browser.is_some()),
                ("chromedriver", driver.is_some()),
                ("certutil", certutil.is_some()),
            ];
            let lacking = wanted.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
            return Err(InstallationError::Missing { lacking, remedy: system.remedy(engine) });
        };
        let browser = Program { version: version(browser)?, path: browser.clone() };
        let driver = Program { version: version(driver)?, path: driver.clone() };
        if browser.version.major() != driver.version.major() {
            let (browser, driver) = (Box::new(browser), Box::new(driver));
            return Err(InstallationError::Mismatch { browser, driver, remedy: system.mismatch_remedy() });
        }
        Ok(Self { engine, browser, driver, certutil })
    }
}

/// The folders that programs are looked for in.
struct Search {
    folders: Vec<PathBuf>,
}

impl Search {
    fn of_environment() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self { folders: std::env::split_paths(&path).collect() }
    }

    /// A real binary of this name: no script, no snap.
    fn find(&self, name: &str) -> Option<PathBuf> {
        self.folders.iter().map(|folder| folder.join(name)).find(|path| is_binary(path) && !is_snap(path))
    }

    fn browser(&self, engine: Engine) -> Option<PathBuf> {
        let (places, names) = match engine {
            Engine::Shell => (SHELLS, ["chromium-headless-shell", "chrome-headless-shell", "headless_shell"]),
            Engine::Chromium => (CHROMIUMS, ["chromium", "chromium-browser", "chrome"]),
        };
        first_binary(places).or_else(|| names.iter().find_map(|name| self.find(name)))
    }

    /// The driver beside the browser goes first: it is the one that came with it.
    fn driver(&self, browser: Option<&Path>) -> Option<PathBuf> {
        let beside = browser.and_then(|browser| Some(browser.parent()?.join("chromedriver")));
        beside
            .filter(|path| is_binary(path))
            .or_else(|| self.find("chromedriver"))
            .or_else(|| first_binary(DRIVERS))
    }
}

/// A browser that someone named: it must be there and be no snap. A script around one will do, the processes that it
/// starts end with the rest.
fn given_browser(path: &Path) -> Result<PathBuf, InstallationError> {
    let not = |reason: &str| {
        Err(InstallationError::NotABrowser { path: path.to_owned(), reason: reason.to_owned() })
    };
    let Ok(real) = fs::canonicalize(path) else { return not("there is no such file") };
    if is_snap(path) || is_snap(&real) {
        return not(
            "it is a snap, which is confined to folders of its own and can't be given a home from outside",
        );
    }
    if !is_executable(&real) {
        return not("it is not executable");
    }
    Ok(real)
}

fn first_binary(paths: &[&str]) -> Option<PathBuf> {
    paths.iter().map(PathBuf::from).find(|path| is_binary(path))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

fn is_binary(path: &Path) -> bool {
    is_executable(path) && !beginning(path).starts_with(b"#!")
}

/// Snaps are links to the one program that starts them all, or scripts that mention it.
fn is_snap(path: &Path) -> bool {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let snap_itself = path.starts_with("/snap") || real.starts_with("/snap") || real.ends_with("bin/snap");
    let script = beginning(path);
    snap_itself || script.starts_with(b"#!") && String::from_utf8_lossy(&script).contains("/snap/")
}

fn beginning(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        // What can't be read is no script that we can tell.
        let _ = file.take(4096).read_to_end(&mut bytes);
    }
    bytes
}

fn version(path: &Path) -> Result<Version, InstallationError> {
    let not = |reason: String| InstallationError::NotABrowser { path: path.to_owned(), reason };
    let output = Command::new(path).arg("--version").stdin(Stdio::null()).output();
    let output = output.map_err(|error| not(format!("it can't be run ({error})")))?;
    let answer = String::from_utf8_lossy(&output.stdout);
    Version::of_answer(&answer).ok_or_else(|| {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let said = format!("{answer}{complaint}");
        not(format!("to --version it says: {}", said.trim().lines().next().unwrap_or("nothing")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn scripts_and_snaps_in_the_path_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let search = Search { folders: vec![folder.path().to_owned()] };
        program(folder.path(), "chromium", b"#!/bin/sh\nexec /usr/lib/chromium/chromium \"$@\"\n");
        assert_eq!(search.find("chromium"), None);
        program(folder.path(), "chromium", b"\x7fELF");
        assert_eq!(search.find("chromium"), Some(folder.path().join("chromium")));
        let script =
            program(folder.path(), "chromium-browser", b"#!/bin/sh\nexec /snap/bin/chromium \"$@\"\n");
        let error = given_browser(&script).unwrap_err().to_string();
        assert!(error.contains("it is a snap"), "{error}");
    }

    #[test]
    fn the_driver_beside_the_browser_goes_before_one_in_the_path() {
        let (own, path) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let in_path = program(path.path(), "chromedriver", b"\x7fELF");
        let search = Search { folders: vec![path.path().to_owned()] };
        let browser = program(own.path(), "chrome", b"\x7fELF");
        assert_eq!(search.driver(Some(&browser)), Some(in_path));
        let beside = program(own.path(), "chromedriver", b"\x7fELF");
        assert_eq!(search.driver(Some(&browser)), Some(beside));
    }

    #[test]
    fn what_is_no_browser_is_named_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let find = |path: &Path| Installation::find(Engine::Shell, Some(path)).unwrap_err().to_string();
        let absent = find(&folder.path().join("absent"));
        assert!(absent.ends_with("can't be driven: there is no such file"), "{absent}");
        let script = program(folder.path(), "script", b"#!/bin/sh\necho I am a script\n");
        let wrong = find(&script);
        assert!(wrong.ends_with("can't be driven: to --version it says: I am a script"), "{wrong}");
        let older = program(folder.path(), "older", b"#!/bin/sh\necho Chromium 12.0.1.1\n");
        let mismatch = find(&older);
        assert!(
            mismatch.contains("the driver doesn't match") && mismatch.contains("is 12.0.1.1"),
            "{mismatch}"
        );
    }

    #[test]
    fn this_machine_has_real_binaries_that_fit_together() {
        for engine in [Engine::Shell, Engine::Chromium] {
            let found = Installation::find(engine, None).unwrap();
            assert_eq!(found.browser.version.major(), found.driver.version.major());
            assert!(is_binary(&found.browser.path) && is_binary(&found.driver.path), "{found:?}");
        }
    }
}
