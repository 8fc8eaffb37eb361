//! The command as a process, and what it said.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use insta::internals::SettingsBindDropGuard;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long anything may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What the command might find in the environment of whoever runs the tests.
const ENVIRONMENT: [&str; 4] =
    ["NGROK_AUTHTOKEN", "NGROK_CONFIG", "GATEWRIGHT_SERVER_ADDR", "GATEWRIGHT_ROOT_CAS"];

/// What the tests' commands find there instead: no configuration of whoever runs them, and inspectors on ports that the
/// system chooses.
const INSTEAD: [(&str, &str); 2] = [("XDG_CONFIG_HOME", "/nowhere"), ("GATEWRIGHT_WEB_ADDR", "127.0.0.1:0")];

/// The command, to be run to its end.
pub(crate) fn gatewright() -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_gatewright"));
    ENVIRONMENT.iter().for_each(|name| {
        command.env_remove(name);
    });
    command.env("XDG_CONFIG_HOME", "/nowhere");
    // Help is as wide as the terminal; without one, as this says.
    command.env("COLUMNS", "100").timeout(DEADLINE);
    command
}

/// A command that runs until it is ended. Dropped, it is killed.
pub(crate) struct Program {
    child: Child,
    stdout: watch::Receiver<Vec<String>>,
    stderr: JoinHandle<String>,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit status; none when a signal killed it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    pub(crate) fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::start_as(env!("CARGO_BIN_EXE_gatewright").as_ref(), arguments, environment)
    }

    /// The command by another name: a link to it.
    pub(crate) fn start_as(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program);
        ENVIRONMENT.iter().for_each(|name| {
            command.env_remove(name);
        });
        command.args(arguments).envs(INSTEAD).envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let (lines, stdout) = watch::channel(Vec::new());
        tokio::spawn(read_lines(child.stdout.take().unwrap(), lines));
        let mut errors = child.stderr.take().unwrap();
        let stderr = tokio::spawn(async move {
            let mut text = String::new();
            errors.read_to_string(&mut text).await.unwrap();
            text
        });
        Self { child, stdout, stderr }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("the program has not been waited for")
    }

    /// The first line of standard output that contains `text`, as soon as it is there.
    pub(crate) async fn line(&mut self, text: &str) -> String {
        let found = |lines: &Vec<String>| lines.iter().any(|line| line.contains(text));
        // In time or not, and whether the program is still there or not, what it has said by then counts.
        let _ = tokio::time::timeout(DEADLINE, self.stdout.wait_for(found)).await.map(drop);
        let lines = self.stdout.borrow();
        let line = lines.iter().find(|line| line.contains(text)).cloned();
        line.unwrap_or_else(|| panic!("no line with {text:?} came; the program said:\n{}", lines.join("\n")))
    }

    /// Sends a signal.
    pub(crate) async fn send(&self, signal: &str) {
        let sent = Command::new("kill").args(["-s", signal, &self.id().to_string()]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Sends a signal and waits for the end.
    pub(crate) async fn signal(self, signal: &str) -> Ended {
        self.send(signal).await;
        self.end().await
    }

    /// Waits for the end.
    pub(crate) async fn end(mut self) -> Ended {
        let ended = async {
            let status = self.child.wait().await.unwrap();
            // The sender goes when everything has been read.
            while self.stdout.changed().await.is_ok() {}
            let stdout = self.stdout.borrow().iter().map(|line| format!("{line}\n")).collect();
            Ended { status: status.code(), stdout, stderr: self.stderr.await.unwrap() }
        };
        tokio::time::timeout(DEADLINE, ended).await.expect("the program ends in time")
    }
}

async fn read_lines(output: impl AsyncRead + Unpin, lines: watch::Sender<Vec<String>>) {
    let mut output = BufReader::new(output).lines();
    while let Some(line) = output.next_line().await.unwrap() {
        lines.send_modify(|lines| lines.push(line));
    }
}

/// Until it is dropped, snapshots don't see what differs from run to run.
pub(crate) fn normalized() -> SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    for (pattern, shown) in [
        (r"(127\.0\.0\.1|\blocalhost|\.localhost):\d{2,5}", "$1:PORT"),
        (r"https://[0-9a-z-]+\.tunnel\.localhost", "https://NAME.tunnel.localhost"),
        (r"(ts|tn|ep|cr)_[0-9A-Za-z]+", "${1}_ID"),
        (r"\b0oa[0-9A-Za-z]+", "CLIENT_ID"),
        (r"/[^\s]*/(gatewright-)?[0-9A-Za-z._]+\.pem", "/AUTHORITY.pem"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d{4})", "TIME"),
        (r"\[\d\d-\d\d\|\d\d:\d\d:\d\d\]", "[TIME]"),
        (r"\b\d+ms", "MILLISECONDS"),
    ] {
        settings.add_filter(pattern, shown);
    }
    settings.bind_to_scope()
}
