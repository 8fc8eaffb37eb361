//! An agent as a process of its own, as the walkthrough starts it in a terminal.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Instant;

use ground::Sink;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};

use super::world::World;
use crate::record::{Event, Printed};
use crate::vocabulary::StepError;

/// How an agent's process is started.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The agent's name.
    pub(crate) name: String,
    /// The command.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// What it finds in its environment besides what every program finds there.
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// A process that was started. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    launch: Launch,
    began: Instant,
    id: u32,
    kill: Arc<Notify>,
    exit: watch::Receiver<Option<i32>>,
}

/// Ends a process when this one is gone, however that came about: its standard input is a pipe that we hold open.
const WATCHER: &str = r#"cat >/dev/null; kill -KILL "$1" 2>/dev/null"#;

impl Process {
    /// Starts it.
    pub(crate) fn start(launch: Launch, world: &World) -> Result<Self, StepError> {
        let failed = |error: std::io::Error| {
            StepError::broken(format!("agent {} could not be started: {error}", launch.name))
        };
        let mut command = Command::new(&launch.program);
        command.args(&launch.arguments).env_clear().kill_on_drop(true);
        command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME"));
        command.envs(launch.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn().map_err(failed)?;
        let id = child.id().unwrap_or_default();
        let watcher = watcher(id).map_err(failed)?;
        let label: Arc<str> = launch.name.as_str().into();
        let sink = world.log.sink(move |line| Event::Printed(Arc::clone(&label), line));
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (kill, (ended, exit)) = (Arc::new(Notify::new()), watch::channel(None));
        let killed = Arc::clone(&kill);
        world.tasks.spawn(async move {
            // What it printed last counts, so it has ended when its output is read to the end, too.
            let (status, (), ()) = tokio::join!(wait(child, &killed), read(out, &sink), read(err, &sink));
            ended.send_replace(Some(status.and_then(|status| status.code()).unwrap_or(-1)));
            drop(watcher);
        });
        Ok(Self { launch, began, id, kill, exit })
    }

    /// When it was started, for the last time.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// Kills it, and waits until it is gone.
    pub(crate) async fn kill(&self) {
        self.kill.notify_one();
        self.exit().await;
    }

    /// Interrupts it as Ctrl-C does, and waits until it is gone.
    pub(crate) async fn interrupt(&self) -> Result<(), StepError> {
        let sent = Command::new("kill").arg("-INT").arg(self.id.to_string()).status().await;
        match sent {
            Ok(status) if status.success() => {
                self.exit().await;
                Ok(())
            }
            _ => Err(StepError::broken(format!("agent {} could not be interrupted", self.launch.name))),
        }
    }

    /// Starts it again in the same way.
    pub(crate) async fn start_again(&mut self, world: &World) -> Result<(), StepError> {
        self.kill().await;
        *self = Self::start(self.launch.clone(), world)?;
        Ok(())
    }

    /// Waits until it has ended, and gives its exit status; -1 if a signal ended it.
    pub(crate) fn exit(&self) -> impl Future<Output = i32> + Send + use<> {
        let mut exit = self.exit.clone();
        async move {
            match exit.wait_for(Option::is_some).await {
                Ok(status) => status.unwrap_or(-1),
                Err(_) => -1,
            }
        }
    }
}

async fn wait(mut child: Child, kill: &Notify) -> Option<ExitStatus> {
    tokio::select! {
        status = child.wait() => return status.ok(),
        () = kill.notified() => {}
    }
    // It may have ended by itself meanwhile.
    let _ = child.kill().await;
    child.wait().await.ok()
}

fn watcher(id: u32) -> std::io::Result<Child> {
    let mut watcher = Command::new("/bin/sh");
    watcher.arg("-c").arg(WATCHER).arg("gatewright-agent-watcher").arg(id.to_string());
    watcher.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    watcher.process_group(0).spawn()
}

async fn read(output: Option<impl AsyncRead + Unpin>, sink: &Sink<Printed>) {
    let Some(output) = output else { return };
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        sink.emit(Printed { line });
    }
}
