//! One browser and its driver as processes: a folder of their own, the run's authority in it, and a keeper (a small
//! shell script in a process group of its own) that ends them and deletes the folder once our end of a pipe is closed,
//! which the system does whatever happens to us.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ground::Tasks;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStdin, Command};

use super::flags::{self, Manner};
use super::{Error, Installation};

/// How long browser and driver may take to start.
const START: Duration = Duration::from_secs(30);

/// How often they are started when the driver can't have the port that it chose.
const TRIES: usize = 5;

const SCRIPT: &str = include_str!("keeper.sh");

/// What of our environment the browser may see. Proxy settings and the like stay out.
const ENVIRONMENT: &[&str] =
    &["PATH", "LD_LIBRARY_PATH", "TZ", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR"];

/// A browser and its driver, running. Dropping this ends them, without waiting.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The port that the driver listens on.
    pub(crate) driver_port: u16,
    /// The address of the browser's DevTools, `ws://…`.
    pub(crate) devtools: String,
    /// Where they keep everything.
    pub(crate) folder: PathBuf,
    output: Output,
    /// The process group of them all: the keeper's.
    group: Option<u32>,
    keeper: Child,
    /// While this is open, they live.
    lifeline: ChildStdin,
}

/// The last lines that browser and driver wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Output {
    fn push(&self, line: String) {
        const LINES: usize = 20;
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn text(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

impl Kept {
    /// Starts a browser and its driver that trust the authority whose certificate is `authority_pem`, beside what they
    /// trust anyway. What they write is read by a task of `tasks`.
    pub(crate) async fn start(
        installation: &Installation,
        manner: &Manner,
        authority_pem: &str,
        tasks: &Tasks,
    ) -> Result<Self, Error> {
        for _ in 1..TRIES {
            match Self::start_once(installation, manner, authority_pem, tasks).await {
                Err(Error::NotStarted { output, .. }) if lost_its_port(&output) => {}
                outcome => return outcome,
            }
        }
        Self::start_once(installation, manner, authority_pem, tasks).await
    }

    async fn start_once(
        installation: &Installation,
        manner: &Manner,
        authority_pem: &str,
        tasks: &Tasks,
    ) -> Result<Self, Error> {
        let failed = |reason: String| Error::NotStarted { reason, output: String::new() };
        let folder =
            Folder::new().map_err(|error| failed(format!("no folder could be made for it: {error}")))?;
        folder.trust(&installation.certutil, authority_pem).await.map_err(failed)?;

        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(SCRIPT).arg("gatewright-browser-keeper").arg(folder.path());
        command.arg(&installation.driver.path).arg(&installation.browser.path);
        command.args(flags::arguments(manner, &folder.profile()));
        command.env_clear().envs(folder.environment());
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned =
            command.spawn().map_err(|error| failed(format!("/bin/sh could not be run: {error}")))?;
        // From here on the keeper deletes it.
        Self::ready(spawned, folder.keep(), tasks).await
    }

    async fn ready(mut keeper: Child, folder: PathBuf, tasks: &Tasks) -> Result<Self, Error> {
        let (Some(lifeline), Some(stdout), Some(stderr)) =
            (keeper.stdin.take(), keeper.stdout.take(), keeper.stderr.take())
        else {
            return Err(Error::NotStarted { reason: "its pipes are missing".into(), output: String::new() });
        };
        let output = Output::default();
        let (mut stdout, mut stderr) = (BufReader::new(stdout).lines(), BufReader::new(stderr).lines());
        let started = async {
            tokio::try_join!(
                awaited(&mut stdout, &output, "the driver", driver_port),
                awaited(&mut stderr, &output, "the browser", devtools),
            )
        };
        let not_started = |reason: String| {
            let output = output.text();
            Error::NotStarted { reason: format!("{reason}{}", hint(&output)), output }
        };
        let (driver_port, devtools) = match tokio::time::timeout(START, started).await {
            Ok(outcome) => outcome.map_err(not_started)?,
            Err(_) => return Err(not_started(format!("it was not ready within {} s", START.as_secs()))),
        };
        tasks.spawn(drain(stdout, output.clone()));
        tasks.spawn(drain(stderr, output.clone()));
        let group = keeper.id();
        Ok(Self { driver_port, devtools, folder, output, group, keeper, lifeline })
    }

    /// What went wrong, with what browser and driver wrote last.
    pub(crate) fn not_started(&self, reason: String) -> Error {
        Error::NotStarted { reason, output: self.output.text() }
    }

    /// Ends them and waits until they and their folder are gone.
    pub(crate) async fn end(self) {
        let Self { mut keeper, lifeline, folder, group, .. } = self;
        drop(lifeline);
        // Only a keeper that was never there can't be waited for.
        let _ = keeper.wait().await;
        if folder.exists() {
            clean_up(group, &folder).await;
        }
    }
}

/// In the keeper's stead, for when somebody has ended the keeper itself.
async fn clean_up(group: Option<u32>, folder: &Path) {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg("kill -KILL \"-$1\"; rm -rf \"$2\"").arg("gatewright-clean-up");
    command.arg(group.map(|group| group.to_string()).unwrap_or_default()).arg(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // What can't even be tried leaves a folder behind; there is nobody to tell.
    let _ = command.status().await;
}

/// The driver lets the system choose a port of one address family and then wants the same one of the other, which
/// somebody else may have.
fn lost_its_port(output: &str) -> bool {
    output.contains("port not available")
}

/// What to do about a reason that the browser gives in words of its own.
fn hint(output: &str) -> &'static str {
    if output.contains("No usable sandbox") || output.contains("Failed to move to new namespace") {
        " (its sandbox needs user namespaces: allow them with `sysctl kernel.unprivileged_userns_clone=1` or in the \
         container's settings)"
    } else if output.contains("error while loading shared libraries") {
        " (a library that it needs is missing: install the browser by the system's package manager)"
    } else {
        ""
    }
}

/// Reads lines until one tells what is awaited.
async fn awaited<T>(
    lines: &mut Lines<BufReader<impl AsyncRead + Unpin>>,
    output: &Output,
    who: &str,
    tells: impl Fn(&str) -> Option<T>,
) -> Result<T, String> {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(told) = tells(&line) {
            return Ok(told);
        }
        output.push(line);
    }
    Err(format!("{who} ended at once"))
}

async fn drain(mut lines: Lines<BufReader<impl AsyncRead + Unpin>>, output: Output) {
    while let Ok(Some(line)) = lines.next_line().await {
        output.push(line);
    }
}

/// `ChromeDriver was started successfully on port 36751.`
fn driver_port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("started successfully on port ")?;
    rest.trim_end_matches('.').parse().ok()
}

/// `DevTools listening on ws://127.0.0.1:41563/devtools/browser/5d2f…`
fn devtools(line: &str) -> Option<String> {
    line.strip_prefix("DevTools listening on ").map(|url| url.trim().to_owned())
}

/// The folder of one browser: its home, its profile, its temporary files.
struct Folder {
    folder: TempDir,
}

impl Folder {
    fn new() -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("gatewright-browser-").tempdir()?;
        for part in ["profile", "tmp", "home/.pki/nssdb"] {
            std::fs::create_dir_all(folder.path().join(part))?;
        }
        Ok(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn profile(&self) -> PathBuf {
        self.path().join("profile")
    }

    fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    fn environment(&self) -> Vec<(&'static str, std::ffi::OsString)> {
        let passed = ENVIRONMENT.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
        let own = [
            ("HOME", self.path().join("home").into_os_string()),
            ("TMPDIR", self.path().join("tmp").into_os_string()),
            ("LANG", "C.UTF-8".into()),
        ];
        passed.chain(own).collect()
    }

    /// Puts the authority into a certificate database in the home, where Chromium looks for what its user trusts.
    async fn trust(&self, certutil: &Path, authority_pem: &str) -> Result<(), String> {
        let pem = self.path().join("authority.pem");
        std::fs::write(&pem, authority_pem)
            .map_err(|error| format!("{} can't be written: {error}", pem.display()))?;
        let pem = pem.to_string_lossy();
        self.certutil(certutil, &["-N", "--empty-password"]).await?;
        self.certutil(certutil, &["-A", "-t", "C,,", "-n", "run authority", "-i", &pem]).await
    }

    async fn certutil(&self, certutil: &Path, arguments: &[&str]) -> Result<(), String> {
        let database = format!("sql:{}", self.path().join("home/.pki/nssdb").display());
        let mut command = Command::new(certutil);
        command.arg("-d").arg(database).args(arguments);
        command.env_clear().envs(self.environment()).stdin(Stdio::null()).kill_on_drop(true);
        let failed = |reason: String| format!("{} {}: {reason}", certutil.display(), arguments.join(" "));
        match tokio::time::timeout(START, command.output()).await {
            Ok(Ok(output)) if output.status.success() => Ok(()),
            Ok(Ok(output)) => Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed(format!("not done within {} s", START.as_secs()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_was_lost_is_told_from_other_reasons() {
        assert!(lost_its_port(
            "[1.2][SEVERE]: bind() failed: Address already in use (98)\nIPv4 port not available. Exiting..."
        ));
        assert!(!lost_its_port("No usable sandbox!"));
    }

    #[test]
    fn the_lines_that_tell_of_readiness_are_read() {
        assert_eq!(driver_port("ChromeDriver was started successfully on port 36751."), Some(36751));
        assert_eq!(driver_port("Starting ChromeDriver 156.0.8078.79 (a21ce95c) on port 0"), None);
        let line = "DevTools listening on ws://127.0.0.1:41563/devtools/browser/5d2f";
        assert_eq!(devtools(line).as_deref(), Some("ws://127.0.0.1:41563/devtools/browser/5d2f"));
        assert_eq!(devtools("[0101/000000.1:ERROR:dbus/bus.cc:408] Failed to connect"), None);
    }

    #[test]
    fn output_keeps_the_last_lines() {
        let output = Output::default();
        (0..100).for_each(|n| output.push(n.to_string()));
        assert!(output.text().starts_with("80\n") && output.text().ends_with("\n99"));
    }
}
