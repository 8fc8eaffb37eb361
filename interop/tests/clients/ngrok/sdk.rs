//! ngrok's SDKs, and programs that embed them.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::platform::Platform;
use crate::script::Script;
use crate::test::Client;

/// How long anything may take that a program is asked for, or waits for.
const DEADLINE: Duration = Duration::from_secs(20);

/// One of ngrok's SDKs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sdk {
    Node,
    Python,
    Rust,
    Go,
}

impl Sdk {
    pub(crate) const ALL: [Self; 4] = [Self::Node, Self::Python, Self::Rust, Self::Go];

    /// The SDKs that are made of the crate.
    pub(crate) const OF_THE_CRATE: &[Self] = &[Self::Node, Self::Python, Self::Rust];

    pub(crate) fn client(self) -> Client {
        let (package, platform) = match self {
            Self::Node => ("@ngrok/ngrok", Platform::Node),
            Self::Python => ("ngrok", Platform::Python("ngrok")),
            Self::Rust => ("ngrok", Platform::Rust),
            Self::Go => ("golang.ngrok.com/ngrok/v2", Platform::Go),
        };
        Client { package, platform }
    }

    /// Its name in the list of tests.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Python => "python",
            Self::Rust => "rust",
            Self::Go => "go",
        }
    }
}

/// A program that embeds an SDK: `agent` in the platform's folder. It does what it is asked, a line of JSON each, and
/// says what came of it, and what happened meanwhile.
pub(crate) struct Agent {
    child: Child,
    asking: ChildStdin,
    saying: Lines<BufReader<ChildStdout>>,
    /// What happened, and nobody has asked about yet.
    events: Vec<Value>,
    _folder: TempDir,
}

/// What an SDK said when it refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    /// ngrok's code, as the SDK hands it over: `ERR_NGROK_105`.
    pub(crate) code: String,
}

impl Agent {
    pub(crate) async fn start(sdk: Sdk, packages: &Path, authority: &str) -> Result<Self, String> {
        let client = sdk.client();
        let folder = tempfile::Builder::new().prefix("gatewright-interop-").tempdir();
        let folder = folder.map_err(|error| format!("a program's folder can't be made: {error}"))?;
        let mut command = Script { client, name: "agent" }.command(packages, authority);
        command.current_dir(folder.path()).env("TMPDIR", folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let asking = child.stdin.take().ok_or("the program has no standard input")?;
        let saying = child.stdout.take().ok_or("the program has no standard output")?;
        let saying = BufReader::new(saying).lines();
        let mut agent = Self { child, asking, saying, events: Vec::new(), _folder: folder };
        let hello = agent.line("to say who it is").await?;
        let text = |name: &str| hello[name].as_str().unwrap_or_default();
        client.is(text("client"), text("version"))?;
        Ok(agent)
    }

    /// Asks for something, and has it.
    pub(crate) async fn done(&mut self, asked: Value) -> Result<Value, String> {
        match self.ask(&asked).await? {
            Ok(done) => Ok(done),
            Err(refusal) => Err(format!("{asked} was refused: {} ({})", refusal.message, refusal.code)),
        }
    }

    /// Asks for something that is to be refused with this code.
    pub(crate) async fn refused(&mut self, asked: Value, code: &str) -> Result<Refusal, String> {
        match self.ask(&asked).await? {
            Err(refusal) if refusal.code == code => Ok(refusal),
            Err(other) => Err(format!("{asked} was to be refused with {code}, and came to {other:?}")),
            Ok(done) => Err(format!("{asked} was to be refused with {code}, and was done: {done}")),
        }
    }

    /// Waits until this has happened, be it before it was asked about.
    pub(crate) async fn happens(&mut self, name: &str) -> Result<Value, String> {
        let found = |event: &Value| event["event"] == name;
        if let Some(at) = self.events.iter().position(found) {
            return Ok(self.events.remove(at));
        }
        loop {
            let line = self.line(&format!("to tell of: {name}")).await?;
            match line {
                line if found(&line) => return Ok(line),
                line => self.events.push(line),
            }
        }
    }

    /// The requests that its app has seen.
    pub(crate) async fn saw(&mut self) -> Result<Vec<Value>, String> {
        let saw = self.done(json!({ "do": "tell what was seen" })).await?;
        saw["requests"].as_array().cloned().ok_or_else(|| format!("the program said {saw}"))
    }

    /// Lets it come to its end, which is to be an orderly one.
    pub(crate) async fn end(self) -> Result<(), String> {
        let Self { mut child, asking, .. } = self;
        drop(asking);
        let ended = tokio::time::timeout(DEADLINE, child.wait()).await;
        let ended =
            ended.map_err(|_| "the program did not end in time")?.map_err(|error| error.to_string())?;
        if ended.success() { Ok(()) } else { Err(format!("the program ended with {ended}")) }
    }

    async fn ask(&mut self, asked: &Value) -> Result<Result<Value, Refusal>, String> {
        let sent = self.asking.write_all(format!("{asked}\n").as_bytes()).await;
        if sent.is_err() {
            return Err(self.broke_off().await);
        }
        loop {
            let line = self.line(&format!("to do {asked}")).await?;
            if let Some(done) = line.get("done") {
                return Ok(Ok(done.clone()));
            }
            if let Some(refused) = line.get("refused") {
                let text = |name: &str| refused[name].as_str().unwrap_or_default().to_owned();
                return Ok(Err(Refusal { message: text("message"), code: text("code") }));
            }
            self.events.push(line);
        }
    }

    async fn line(&mut self, awaited: &str) -> Result<Value, String> {
        match tokio::time::timeout(DEADLINE, self.saying.next_line()).await {
            Ok(Ok(Some(line))) => serde_json::from_str(&line).map_err(|error| format!("{line}: {error}")),
            Ok(Ok(None) | Err(_)) => Err(self.broke_off().await),
            Err(_) => Err(format!(
                "the program was {awaited}, and did not within {} s; until then it told of {}",
                DEADLINE.as_secs(),
                json!(self.events)
            )),
        }
    }

    /// What a program that broke off said at last.
    async fn broke_off(&mut self) -> String {
        let mut said = String::new();
        if let Some(mut output) = self.child.stderr.take() {
            let _ = tokio::time::timeout(DEADLINE, output.read_to_string(&mut said)).await;
        }
        format!("the program broke off:\n{said}")
    }
}
